use saga::step;

#[step(no_effect, retry(attempts = 3, jitter = some))]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}

fn main() {}
