use saga::step;

#[step(compensate = release(output), if_unknown = find(output))]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}
async fn release(_: &u32) -> saga::Result<()> {
    Ok(())
}
async fn find(_: &u32) -> saga::Result<Option<u32>> {
    Ok(None)
}

fn main() {}
