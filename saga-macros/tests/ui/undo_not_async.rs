use saga::step;

#[step(compensate = release(n))]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}
fn release(_: u32) -> saga::Result<()> {
    Ok(())
}

fn main() {}
