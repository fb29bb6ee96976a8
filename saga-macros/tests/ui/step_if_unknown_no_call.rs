use saga::step;

#[step(pivot, if_unknown = find)]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}
async fn find(n: u32) -> saga::Result<Option<u32>> {
    Ok(Some(n))
}

fn main() {}
