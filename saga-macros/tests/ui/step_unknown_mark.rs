use saga::step;

#[step(no_effect)]
async fn unlock(#[hidden] password: &str, #[secret(always)] pin: u32) -> saga::Result<()> {
    Ok(())
}

fn main() {}
