use saga::step;

#[step(no_effect)]
fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}

fn main() {}
