use saga::step;

#[step(no_effect)]
async fn reserve(n: &mut u32) -> saga::Result<u32> {
    Ok(*n)
}

fn main() {}
