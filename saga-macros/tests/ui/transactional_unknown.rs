use saga::{Tx, step};

#[step(compensate = release(n), transactional, if_unknown = rerun, settle_after = "1s", late_safe)]
async fn reserve(_tx: &mut Tx<'_>, n: u32) -> saga::Result<u32> {
    Ok(n)
}
async fn release(_: u32) -> saga::Result<()> {
    Ok(())
}

fn main() {}
