use saga::{saga, step};

#[step(no_effect)]
async fn unlock(_password: &str) -> saga::Result<()> {
    Ok(())
}

#[saga(version = 1)]
async fn enter(#[inject] password: String) -> saga::Result<()> {
    unlock(&password).await?;
    Ok(())
}

fn main() {
    let _ = enter(String::new());
}
