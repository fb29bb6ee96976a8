use saga::{Engine, Outcome, saga, step, store::MemoryStore};

#[step(compensate = give_back(what))]
async fn book(what: &str) -> saga::Result<String> { Ok(format!("booked {what}")) }
async fn give_back(what: &str) -> saga::Result<()> { println!("gave back {what}"); Ok(()) }

#[saga(version = 1)]
async fn trip(to: String) -> saga::Result<String> {
    let flight = book(&to).await?;            // fails? what was done before is undone
    Ok(flight)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
let engine = Engine::builder(()).store(MemoryStore::new()).saga(trip::definition()).build().await?;
let trip = engine.client().start(trip("Lisbon".into())).await?;   // durable when this returns
assert_eq!(trip.handle.outcome().await?, Outcome::Completed("booked Lisbon".to_owned()));
Ok(()) }
