//! What the journal says, when it knows more than the machine.

use std::sync::{Arc, PoisonError};

use futures_util::future::BoxFuture;

use super::{Driver, Read};
use crate::engine::shared::Shared;
use crate::engine::trouble::Trouble;
use crate::id::WorkflowId;
use crate::machine::{Event, Machine};
use crate::store::{Loaded, Signal, StoreError};

impl<R: Send + Sync + 'static> Driver<R> {
    pub(super) fn read_journal(&self) -> BoxFuture<'static, Read> {
        let (shared, id) = (Arc::clone(&self.shared), self.caller.workflow_id.clone());
        Box::pin(async move { read(&shared, &id).await })
    }

    /// Back to what the journal says. Attempts that were under way count as unknown, as after a crash.
    pub(super) async fn reload(&mut self) -> bool {
        self.begin_anew(true).await
    }

    /// Back to what the journal says, if the workflow is still, or again, this worker's. `cut_off`: something may be
    /// under way that nobody hears of any more.
    pub(super) async fn begin_anew(&mut self, cut_off: bool) -> bool {
        self.calls.clear();
        self.looks.clear();
        self.durable = None;
        self.reading = None;
        self.records.clear();
        self.heartbeats.clear();
        self.caller.reloads += 1;
        self.slow.clear();
        self.live.doing.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let Read { signals, loaded } = read(&self.shared, &self.caller.workflow_id).await;
        let Some(mut loaded) = loaded else { return false };
        if loaded.header.worker != Some(self.shared.worker) {
            return false;
        }
        loaded.header.unclean |= cut_off;
        let plan = Arc::clone(self.machine.plan());
        let (settings, first_commit) = (self.shared.config.machine, self.shared.first_commit());
        self.machine = Machine::resume(plan, &loaded, settings, first_commit, self.shared.env());
        if loaded.header.state.status.is_ended() {
            // Somebody ended it by hand: it only has to be let go.
            return self.feed(Event::Header(Box::new(loaded.header))).await;
        }
        for signal in signals {
            if !self.feed(Event::Signal(signal)).await {
                return false;
            }
        }
        if self.shared.is_stopping() {
            return self.feed(Event::Drain).await;
        }
        self.feed(Event::Begin).await
    }
}

/// The journal first and the inbox after it: a signal that arrives in between is in the inbox, and one that comes
/// later has raised `rev`, so that no decision is taken without having seen it.
async fn read<R: Send + Sync + 'static>(shared: &Shared<R>, id: &WorkflowId) -> Read {
    let mut trouble = Trouble::with(&shared.life, &*shared.runtime, id, "the journal cannot be read");
    while !shared.life.is_over() {
        match once(shared, id).await {
            Ok((signals, loaded)) => {
                trouble.over();
                return Read { signals, loaded };
            }
            Err(StoreError::Fenced) => shared.fenced(),
            Err(error) if trouble.pause(&error).await => {}
            Err(_) => break,
        }
    }
    Read { signals: vec![], loaded: None }
}

async fn once<R: Send + Sync + 'static>(
    shared: &Shared<R>,
    id: &WorkflowId,
) -> Result<(Vec<Signal>, Option<Loaded>), StoreError> {
    let loaded = shared.store.load(id).await?;
    let mut signals = shared.store.beat(shared.worker).await?.signals;
    signals.retain(|signal| signal.workflow_id == *id);
    Ok((signals, loaded))
}
