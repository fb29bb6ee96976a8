//! Workflows with a lent transaction of which nobody knows how it ended. Its COMMIT may still be under way when a new
//! connection asks: what the journal said then would not be true for long, and a step whose transaction is committed
//! after all would be taken for one that never was.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use saga::WorkflowId;

use super::held::within;
use super::{Inner, queries as sql};
use crate::error::Failure;

#[derive(Default)]
pub(super) struct Unsettled(Mutex<BTreeSet<WorkflowId>>);

/// A lent transaction that is under way. Whoever drops it does not know how that ended.
pub(super) struct UnderWay<'a> {
    unsettled: &'a Unsettled,
    /// None: that is known.
    workflow: Option<WorkflowId>,
}

impl Unsettled {
    fn workflows(&self) -> MutexGuard<'_, BTreeSet<WorkflowId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self, workflow: &WorkflowId) -> UnderWay<'_> {
        UnderWay { unsettled: self, workflow: Some(workflow.clone()) }
    }

    /// Waits until such a transaction has ended, if there is one: it holds its workflow's header until then.
    pub(super) async fn settle(&self, store: &Inner, workflow: &WorkflowId) -> Result<(), Failure> {
        if !self.workflows().contains(workflow) {
            return Ok(());
        }
        let mut connection = store.connection().await?;
        let settled = sqlx::query(sql::SETTLED).bind(workflow.as_str());
        let settle = async {
            let mut plain = connection.plain().await?;
            settled.execute(&mut *plain).await?;
            Ok(plain.done().await?)
        };
        within(store.limit(), settle).await?;
        connection.give_back();
        self.workflows().remove(workflow);
        Ok(())
    }
}

impl UnderWay<'_> {
    /// How it ended is known.
    pub(super) fn ended(mut self) {
        self.workflow = None;
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(workflow) = self.workflow.take() {
            self.unsettled.workflows().insert(workflow);
        }
    }
}
