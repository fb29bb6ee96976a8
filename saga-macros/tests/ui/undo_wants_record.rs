use saga::step;

#[step(compensate = release(recorded))]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}
async fn release(_: &String) -> saga::Result<()> {
    Ok(())
}

fn main() {}
