use saga::step;

#[step(no_effect = true, timeout = 5)]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}

fn main() {}
