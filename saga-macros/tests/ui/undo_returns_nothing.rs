use saga::step;

#[step(compensate = release(n))]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}
async fn release(_: u32) {}

fn main() {}
