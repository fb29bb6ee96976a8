//! Where workflows are kept: the records, the one write door, and the memory store, which is the reference.

mod commit;
mod error;
mod judge;
pub mod limits;
mod memory;
mod published;
mod record;
mod removal;
mod schedule;
mod statistics;
mod store_trait;
mod stranded;
mod trigger;

pub use commit::{Commit, CommitOutcome, Decision, Interrupted, NewWorkflow};
pub use error::StoreError;
pub use judge::{Standing, Verdict, judge};
pub use memory::{Calls, MemoryStore, MemoryTx, StoreTime};
pub use published::{Awaited, PublishedEvent, Wanted};
pub use record::{
    AuditEvent, AuditKind, Debt, FailureReason, Header, HeaderState, Signal, SignalKind, Status, StepRow,
    StepStatus, TouchedEffect,
};
pub use removal::{Removal, Removals};
pub use schedule::{Overlap, Schedule, Schedules};
pub use statistics::Statistics;
pub use store_trait::{
    Beat, Claim, Door, DoorBody, Join, Listing, Loaded, Page, Purpose, Registration, Sent, Store, Trail,
    TrailPart, Transacted, Transactions,
};
pub use stranded::{Stranded, watched};
pub use trigger::{Trigger, Triggered, Triggers};
