use saga::{saga, step};

#[step(no_effect)]
async fn half(n: u32) -> saga::Result<u32> {
    Ok(n / 2)
}

#[saga(version = 1)]
async fn inner(n: u32) -> saga::Result<u32> {
    Ok(half(n).await?)
}

#[saga(version = 1)]
async fn outer(n: u32) -> saga::Result<u32> {
    let quarter = inner(half(n).await?).await?;
    Ok(quarter)
}

fn main() {
    let _ = outer::definition::<()>();
}
