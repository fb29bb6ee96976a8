use saga::step;

#[step(no_effect)]
async fn reserve((a, b): (u32, u32), _: u32) -> saga::Result<u32> {
    Ok(a + b)
}

fn main() {}
