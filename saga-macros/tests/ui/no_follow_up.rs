#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::{StepContext, saga, step};

#[step(timeout = "1s")]
async fn reserve(#[inject] _netbox: &NetBox, _cx: &StepContext, subscriber: &Subscriber) -> saga::Result<Address> {
    Ok(Address { id: 1, text: subscriber.id.clone() })
}

#[saga(version = 1)]
async fn inner(subscriber: Subscriber) -> saga::Result<Address> {
    let mut ip = reserve(&subscriber).await?;
    Ok(ip)
}

#[saga(version = 1)]
async fn outer(subscriber: Subscriber) -> saga::Result<String> {
    let first = inner(subscriber).await?;
    let second = reserve(&Subscriber { id: first.text }).await?;
    Ok(second.text)
}

fn start() -> (saga::Definition<Isp>, saga::Start<inner>) {
    let _ = outer::definition::<Isp>();
    (inner::definition(), inner(Subscriber { id: String::new() }))
}

fn main() {}
