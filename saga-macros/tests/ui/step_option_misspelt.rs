use saga::step;

#[step(compensat = undo(n))]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}

#[step(noEffect)]
async fn allocate(n: u32) -> saga::Result<u32> {
    Ok(n)
}

#[step(pivott)]
async fn assign(n: u32) -> saga::Result<u32> {
    Ok(n)
}

#[step(no_effect, retries = 3)]
async fn attach(n: u32) -> saga::Result<u32> {
    Ok(n)
}

fn main() {}
