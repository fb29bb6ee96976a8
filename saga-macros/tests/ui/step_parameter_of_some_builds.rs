use saga::step;

#[step(no_effect)]
async fn reserve(n: u32, #[cfg(windows)] drive: u32) -> saga::Result<u32> {
    Ok(n)
}

fn main() {}
