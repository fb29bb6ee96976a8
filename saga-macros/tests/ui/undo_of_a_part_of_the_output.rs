use saga::step;

#[derive(serde::Serialize, serde::Deserialize)]
struct Lease {
    address: String,
}

#[step(compensate = release(&output.address))]
async fn reserve(n: u32) -> saga::Result<Lease> {
    Ok(Lease { address: n.to_string() })
}
#[step(compensate = release(&output.unwrap().address))]
async fn reserve_by_force(n: u32) -> saga::Result<Lease> {
    Ok(Lease { address: n.to_string() })
}
/// What asks the `Option` itself is right.
#[step(compensate = release(output.map_or("unknown", |output| &output.address)))]
async fn reserve_with_care(n: u32) -> saga::Result<Lease> {
    Ok(Lease { address: n.to_string() })
}
/// And there is an output where it is found again.
#[step(compensate = release(&output.address), if_unknown = rerun)]
async fn reserve_again(n: u32) -> saga::Result<Lease> {
    Ok(Lease { address: n.to_string() })
}
async fn release(_address: &str) -> saga::Result<()> {
    Ok(())
}

fn main() {}
