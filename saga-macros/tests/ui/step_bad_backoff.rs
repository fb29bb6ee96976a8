use saga::step;

#[step(no_effect, retry(backoff = exponential("1s")))]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}

#[step(no_effect, retry(backoff = quadratic("1s", "2s")))]
async fn allocate(n: u32) -> saga::Result<u32> {
    Ok(n)
}

#[step(no_effect, retry(backoff = linear("1s", "1ms")))]
async fn assign(n: u32) -> saga::Result<u32> {
    Ok(n)
}

fn main() {}
