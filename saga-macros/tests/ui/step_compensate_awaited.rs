use saga::step;

#[step(compensate = release(n).await, if_unknown = find(n).await)]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}
async fn release(_: u32) -> saga::Result<()> {
    Ok(())
}
async fn find(n: u32) -> saga::Result<Option<u32>> {
    Ok(Some(n))
}

fn main() {}
