use saga::step;

#[step(retriable, if_unknown = rerun)]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}

fn main() {}
