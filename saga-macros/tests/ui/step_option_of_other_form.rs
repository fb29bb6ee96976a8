use saga::step;

#[step(no_effect, retry = 3)]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}

#[step(no_effect, name = reserve)]
async fn allocate(n: u32) -> saga::Result<u32> {
    Ok(n)
}

#[step(no_effect, retry(backoff = "exponential"))]
async fn assign(n: u32) -> saga::Result<u32> {
    Ok(n)
}

#[step(no_effect, retry(max_attempts = "5"))]
async fn attach(n: u32) -> saga::Result<u32> {
    Ok(n)
}

#[step(no_effect timeout = "1s")]
async fn lease(n: u32) -> saga::Result<u32> {
    Ok(n)
}

#[step(compensate(undo))]
async fn grant(n: u32) -> saga::Result<u32> {
    Ok(n)
}

fn main() {}
