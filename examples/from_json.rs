//! A saga that was written as JSON: the program says which steps there are, the text says what is done with them.

use saga::store::MemoryStore;
use saga::{Engine, Outcome, StepError, StepRegistry, step};
use serde_json::json;

#[step(compensate = take_down(what))]
async fn put_up(what: &str) -> saga::Result<String> {
    println!("  up   {what}");
    Ok(what.to_owned())
}
async fn take_down(what: &str) -> saga::Result<()> {
    println!("  down {what}");
    Ok(())
}

#[step(no_effect)]
async fn inspect(house: &[String]) -> saga::Result<usize> {
    if house.iter().any(|part| part == "straw") {
        return Err(StepError::permanent("straw does not hold"));
    }
    Ok(house.len())
}

const BUILD: &str = r#"{
    "name": "build", "version": 1,
    "steps": [
        { "parallel": [
            [ { "id": "walls", "step": "put_up", "args": { "what": "$input.walls" } } ],
            [ { "id": "chimney", "step": "put_up", "when": "$input.warm", "args": { "what": "chimney" } } ] ] },
        { "id": "furniture", "step": "put_up", "each": "$input.furniture", "args": { "what": "$item" } },
        { "id": "parts", "step": "inspect", "args": { "house": ["$walls", "roof"] } } ],
    "output": { "walls": "$walls", "chimney": "$chimney", "furniture": "$furniture", "parts": "$parts" }
}"#;

/// What is wrong with a text is said at once, with its place.
const SLIPS: &str = r#"{
    "name": "build", "version": 1,
    "steps": [
        { "id": "walls", "step": "put_upp", "args": { "what": "$roof" } },
        { "id": "roof", "step": "put_up", "timeout": "soon" } ]
}"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let registry = StepRegistry::default().with::<put_up>().with::<inspect>();
    if let Err(faults) = registry.load(SLIPS) {
        println!("{faults}");
    }
    let definition = registry.load(BUILD)?;
    print!("{}", definition.outline());
    let engine = Engine::builder(()).store(MemoryStore::new()).saga(definition).build().await?;
    for walls in ["brick", "straw"] {
        let input = json!({ "walls": walls, "warm": true, "furniture": ["table", "bed"] });
        let started = engine.client().start_json("build", &input).await?;
        match started.handle.outcome().await? {
            Outcome::Completed(house) => println!("completed: {house}"),
            Outcome::RolledBack { message } => println!("rolled back: {message}"),
            Outcome::Failed { message, .. } => println!("a person is needed: {message}"),
        }
    }
    engine.shutdown(std::time::Duration::from_secs(1)).await?;
    Ok(())
}
