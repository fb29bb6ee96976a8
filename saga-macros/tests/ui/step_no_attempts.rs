use saga::step;

#[step(no_effect, retry(max_attempts = 0))]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}

#[step(no_effect, retry(max_attempts = 5_000_000_000))]
async fn allocate(n: u32) -> saga::Result<u32> {
    Ok(n)
}

fn main() {}
