use saga::step;

#[step(compensate = release(output))]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}
async fn release(_made: &u32) -> saga::Result<()> {
    Ok(())
}

fn main() {}
