use saga::step;

#[step(no_effect, timeout = "0s", retry(deadline = "0ms"))]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}

fn main() {}
