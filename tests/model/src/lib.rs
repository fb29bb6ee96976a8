//! Lease, fence and takeover as a small formal model, of which **every** state is looked at.
//!
//! The model is what the engines of several processes and one PostgreSQL server do with one another, statement by statement:
//! snapshots, row locks and who waits for them, heartbeats under way, transactions that are left open, answers that are lost,
//! processes that pause, crash and come back, a server that restarts. What a saga is it does not know: a workflow has one
//! fact and one decision to write. Two or three processes, one or two workflows and a few faults already make every
//! mistake possible that [`Bug`] names, and each of them gives a counterexample (`tests/bugs.rs`).
//!
//! | action | stands for |
//! |---|---|
//! | [`Join`](Action::Join) | `join.sql`; `engine/incarnation.rs`, when a fenced process comes back |
//! | [`Beat`](Action::Beat), [`BeatAnswered`](Action::BeatAnswered) | `engine/worker.rs`, `beat`: the lease counts from before it was sent; `heartbeat.sql`; `Lease::renew` |
//! | [`Look`](Action::Look) | `postgres/jobs.rs`, `take_over`: `ailing.sql`; then `fence`, whose statement begins |
//! | [`Send`](Action::Send) | `engine/journal.rs` hands a batch to `Store::commit`, and again when nobody knows what became of it |
//! | [`Begin`](Action::Begin) | the server takes the statement's snapshot |
//! | [`Lock`](Action::Lock) | a batch: `FOR KEY SHARE` in `batch_*.sql` and `standing.sql`; a claim: `alive.sql`, then `due.sql` with `SKIP LOCKED`; a fencer: `FOR UPDATE` in `fence.sql`. All look again after they have waited |
//! | [`Commit`](Action::Commit) | the row is written and the locks are gone; the answer arrives or is lost |
//! | [`Claim`](Action::Claim), [`TakeUp`](Action::TakeUp) | `postgres/jobs.rs`, `claimed`; `engine/stray.rs`, `take_up_all`: what a claim without an answer has taken |
//! | [`Orphan`](Action::Orphan), [`Bury`](Action::Bury) | `orphan.sql`, one chunk; `bury.sql` |
//! | [`GiveUp`](Action::GiveUp) | `postgres/held.rs`, `within`: no wire is waited for |
//! | [`Close`](Action::Close) | `idle_in_transaction_session_timeout` (`postgres/connection.rs`), or a connection whose process is gone |
//! | [`Tick`](Action::Tick), [`Pause`](Action::Pause), [`Resume`](Action::Resume), [`Crash`](Action::Crash), [`ServerRestarts`](Action::ServerRestarts) | the world |
//!
//! That those statements are still as the model has them is a test too (`tests/code.rs`).
//!
//! What is left out: signals, what a worker says when it leaves (`end.sql`, the same lock as the fence), lent transactions
//! (`alive.sql` at their door, like a claim), and the memory and SQLite stores, where one lock stands for all of this. A
//! session that the server has lost track of, and a standby that forgets what was acknowledged, are not modelled either.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a model is wrong by failing")]

mod calm;
pub mod properties;
pub mod rules;
mod same;
pub mod state;
pub mod words;

pub use properties::{Found, check, check_until_broken};
pub use rules::Action;
pub use state::State;
pub use words::{Budget, Bug, Group};
