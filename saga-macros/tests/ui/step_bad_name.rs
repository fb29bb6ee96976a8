use saga::step;

#[step(no_effect, name = "reserve an address", system = "")]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}

fn main() {}
