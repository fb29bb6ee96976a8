//! Messages of other systems.

use super::plans::chain;
use super::sim::Sim;
use crate::error::StepError;

#[test]
fn no_message_makes_a_commit_that_stores_refuse() {
    let mut sim = Sim::of(chain(&["a", "b"])).on("b", "hang");
    sim.run();
    let call = sim.calls[0].clone();
    let error = StepError::permanent(format!("\0{}", "x".repeat(2 << 20)));
    sim.end(&call, super::sim::Reply::Err(error));
    crate::store::limits::check(sim.in_flight.as_ref().unwrap()).unwrap();
}
