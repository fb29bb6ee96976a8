use saga::step;

#[derive(serde::Serialize, serde::Deserialize)]
struct Lease {
    address: String,
}

#[step(compensate = release(&output.address))]
async fn reserve(n: u32) -> saga::Result<Lease> {
    Ok(Lease { address: n.to_string() })
}
async fn release(_address: &str) -> saga::Result<()> {
    Ok(())
}

fn main() {}
