use saga::{Tx, step};

#[step(no_effect)]
async fn reserve(_tx: &mut Tx<'_>) -> saga::Result<u32> {
    Ok(1)
}

#[step(no_effect, transactional)]
async fn allocate(_tx: &Tx<'_>) -> saga::Result<u32> {
    Ok(1)
}

fn main() {}
