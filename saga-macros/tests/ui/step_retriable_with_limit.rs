use saga::step;

#[step(retriable, retry(max_attempts = 3, deadline = "1h"))]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}

fn main() {}
