use saga::{StepContext, step};

#[step(no_effect)]
async fn unlock(#[secret] cx: &StepContext, password: &str) -> saga::Result<()> {
    Ok(())
}

fn main() {}
