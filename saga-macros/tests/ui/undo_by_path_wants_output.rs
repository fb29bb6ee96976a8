use saga::step;

#[step(compensate = release)]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}
async fn release(_: u32, _: &u32) -> saga::Result<()> {
    Ok(())
}

fn main() {}
