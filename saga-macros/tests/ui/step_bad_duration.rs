use saga::step;

#[step(no_effect, timeout = "10 sec", retry(deadline = "1.5h"))]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}

fn main() {}
