use saga::step;

#[step(compensate = release(output), if_unknown = find(n))]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}
async fn release(_: &u32) -> saga::Result<()> {
    Ok(())
}
fn find(n: u32) -> saga::Result<Option<u32>> {
    Ok(Some(n))
}

fn main() {}
