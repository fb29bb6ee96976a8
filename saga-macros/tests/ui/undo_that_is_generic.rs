use saga::step;

#[step(compensate = release(output))]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}
async fn release<T>(_made: T) -> saga::Result<()> {
    Ok(())
}

fn main() {}
