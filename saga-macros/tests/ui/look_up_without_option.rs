use saga::step;

#[step(compensate = release(output), if_unknown = find(n))]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}
async fn release(_made: &u32) -> saga::Result<()> {
    Ok(())
}
async fn find(n: u32) -> saga::Result<u32> {
    Ok(n)
}

fn main() {}
