use saga::{Tx, step};

#[step(compensate = release(n, recorded), transactional)]
async fn reserve(_tx: &mut Tx<'_>, n: u32) -> saga::Result<u32> {
    Ok(n)
}
async fn release(_: u32, _: Option<&u32>) -> saga::Result<()> {
    Ok(())
}

fn main() {}
