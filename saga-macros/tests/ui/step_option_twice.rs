use saga::step;

#[step(no_effect, system = "a", system = "b")]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}

fn main() {}
