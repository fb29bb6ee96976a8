use saga::step;

#[step(no_effect, retries = 3, tiemout = "1s")]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}

fn main() {}
