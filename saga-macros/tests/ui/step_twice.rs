use saga::step;

#[step(no_effect)]
#[step(pivot)]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}

#[step(no_effect)]
#[saga::saga(version = 1)]
async fn allocate(n: u32) -> saga::Result<u32> {
    Ok(n)
}

fn main() {}
