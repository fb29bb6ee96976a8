use saga::step;

struct Lease;

#[step(no_effect)]
async fn reserve(_n: u32) -> saga::Result<Lease> {
    Ok(Lease)
}

fn main() {}
