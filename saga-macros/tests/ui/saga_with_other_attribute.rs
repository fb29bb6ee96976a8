use saga::saga;

#[saga(version = 1)]
#[inline]
async fn provision(n: u32) -> saga::Result<u32> {
    Ok(n)
}

fn main() {}
