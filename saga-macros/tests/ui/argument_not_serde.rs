use saga::step;

struct Lease;

#[step(no_effect)]
async fn reserve(_lease: &Lease) -> saga::Result<u32> {
    Ok(1)
}

fn main() {}
