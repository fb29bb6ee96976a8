use saga::step;

#[step(compensate = release)]
async fn reserve(name: &str) -> saga::Result<u32> {
    Ok(name.len() as u32)
}
async fn release(_name: &u64, _made: Option<&u32>) -> saga::Result<()> {
    Ok(())
}

fn main() {}
