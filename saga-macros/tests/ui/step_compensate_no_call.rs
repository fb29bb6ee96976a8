use saga::step;

#[step(compensate = "release")]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}

#[step(compensate = |n| release(n))]
async fn allocate(n: u32) -> saga::Result<u32> {
    Ok(n)
}

fn main() {}
