//! The store as a worker has it: at the other end of a network that loses, delays and doubles.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::{BoxFuture, Either, select};
use saga::engine::Runtime;
use saga::store::{
    Beat, Claim, Commit, CommitOutcome, Join, Listing, Loaded, Page, PublishedEvent, Registration, Removals,
    Schedule, Schedules, Sent, SignalKind, Statistics, Store, StoreError, Stranded, Trail, TrailPart,
    Transactions, Trigger, Triggered, Triggers, Wanted,
};
use saga::{DefinitionId, Timestamp, WorkerId, WorkflowId};
use tokio::sync::oneshot;

use crate::stage::Stage;

/// How long a worker waits for the store's answer.
pub(crate) const PATIENCE: Duration = Duration::from_millis(300);

/// The store as one process has it.
#[derive(Clone)]
pub(crate) struct Wire {
    pub(crate) stage: Arc<Stage>,
    pub(crate) process: usize,
}

type Answer<T> = Result<T, StoreError>;

impl Wire {
    /// Sends a call over. It happens outside of the process that makes it: that may die or stand still meanwhile.
    async fn over<T: Send + 'static>(
        &self,
        what: &'static str,
        call: impl FnOnce(Arc<Stage>) -> BoxFuture<'static, Answer<T>> + Send + 'static,
    ) -> Answer<T> {
        let passage = self.stage.passage(self.process);
        let (answer, answered) = oneshot::channel();
        if let Some(there) = passage.there {
            let (stage, process) = (Arc::clone(&self.stage), self.process);
            self.stage.spawn(async move {
                stage.sleep(there).await;
                let result = call(Arc::clone(&stage)).await;
                match passage.back {
                    Some(back) => {
                        stage.sleep(back).await;
                        // Nobody waits any more when the process has died or given up.
                        let _ = answer.send(result);
                    }
                    None => {
                        stage.note(|| format!("p{process} the answer to {what} is lost"));
                        stage.saw(|seen| &mut seen.lost_answer);
                        // The one who waits sees only that nothing comes.
                        stage.sleep(PATIENCE).await;
                        drop(answer);
                    }
                }
            });
        } else if self.stage.chance(0.5) {
            // It is told that the connection is gone, or sees only that nothing comes.
            let stage = Arc::clone(&self.stage);
            self.stage.spawn(async move {
                stage.sleep(PATIENCE).await;
                drop(answer);
            });
        } else {
            drop(answer);
        }
        match select(answered, Runtime::sleep(&self.stage.outside, PATIENCE)).await {
            Either::Left((Ok(result), _)) => result,
            _ => Err(StoreError::Unavailable("no answer".to_owned())),
        }
    }
}

#[async_trait]
impl Store for Wire {
    async fn join(&self, join: Join) -> Answer<Registration> {
        let process = self.process;
        let registration = self.over("join", move |stage| {
            Box::pin(async move {
                let (lease, known) = (join.lease, join.definitions.clone());
                let joined = stage.store.join(join).await?;
                stage.joined(process, joined.worker, lease, known);
                Ok(Registration { now: Some(stage.time()), ..joined })
            })
        });
        let registration = registration.await?;
        self.stage.is_told(process, registration.worker);
        Ok(registration)
    }
    async fn beat(&self, worker: WorkerId) -> Answer<Beat> {
        self.over("beat", move |stage| {
            Box::pin(async move {
                let beat = stage.store.beat(worker).await;
                stage.beat(worker, &beat);
                beat.map(|beat| Beat { now: Some(stage.time()), ..beat })
            })
        })
        .await
    }
    async fn leave(&self, worker: WorkerId) -> Answer<()> {
        self.over("leave", move |stage| {
            Box::pin(async move {
                stage.left(worker);
                stage.store.leave(worker).await
            })
        })
        .await
    }
    async fn claim(&self, worker: WorkerId, claim: Claim) -> Answer<Vec<Loaded>> {
        self.over("claim", move |stage| {
            Box::pin(async move {
                let claimed = stage.store.claim(worker, claim).await;
                stage.claimed(worker, &claimed);
                claimed
            })
        })
        .await
    }
    async fn held(&self, worker: WorkerId) -> Answer<Vec<WorkflowId>> {
        self.over("held", move |stage| Box::pin(async move { stage.store.held(worker).await })).await
    }
    async fn stranded(&self, now: Timestamp) -> Answer<Vec<Stranded>> {
        self.over("stranded", move |stage| Box::pin(async move { stage.store.stranded(now).await })).await
    }
    async fn watch(&self, now: Timestamp, gap: Duration) -> Answer<Vec<Stranded>> {
        self.over("watch", move |stage| Box::pin(async move { stage.store.watch(now, gap).await })).await
    }
    async fn commit(&self, worker: Option<WorkerId>, batch: Vec<Commit>) -> Answer<Vec<CommitOutcome>> {
        self.over("commit", move |stage| {
            Box::pin(async move {
                let before = stage.before(&batch);
                let outcomes = stage.write(worker, &batch).await;
                stage.committed(worker, &batch, &before, &outcomes);
                outcomes
            })
        })
        .await
    }
    async fn send(&self, tenant: &str, workflow: &WorkflowId, kind: SignalKind, by: &str) -> Answer<Sent> {
        let (tenant, workflow, by) = (tenant.to_owned(), workflow.clone(), by.to_owned());
        self.over("send", move |stage| {
            Box::pin(async move {
                let sent = stage.store.send(&tenant, &workflow, kind, &by).await;
                stage.note(|| format!("{workflow} is sent {kind} by {by}: {sent:?}"));
                sent
            })
        })
        .await
    }
    async fn publish(&self, event: PublishedEvent) -> Answer<bool> {
        self.over("publish", move |stage| {
            Box::pin(async move {
                stage.is_published(&event);
                stage.store.publish(event).await
            })
        })
        .await
    }
    async fn published(&self, wanted: Wanted) -> Answer<Option<PublishedEvent>> {
        self.over("published", move |stage| Box::pin(async move { stage.store.published(wanted).await }))
            .await
    }
    async fn load(&self, workflow: &WorkflowId) -> Answer<Option<Loaded>> {
        let workflow = workflow.clone();
        self.over("load", move |stage| Box::pin(async move { stage.store.load(&workflow).await })).await
    }
    async fn list(&self, listing: Listing) -> Answer<Page> {
        self.over("list", move |stage| Box::pin(async move { stage.store.list(listing).await })).await
    }
    async fn history(&self, workflow: &WorkflowId, part: TrailPart) -> Answer<Trail> {
        let workflow = workflow.clone();
        self.over("history", move |stage| Box::pin(async move { stage.store.history(&workflow, part).await }))
            .await
    }
    async fn plan(&self, definition: &DefinitionId) -> Answer<Option<String>> {
        let definition = definition.clone();
        self.over("plan", move |stage| Box::pin(async move { stage.store.plan(&definition).await })).await
    }
    async fn statistics(&self, tenant: &str) -> Answer<Statistics> {
        let tenant = tenant.to_owned();
        self.over("statistics", move |stage| Box::pin(async move { stage.store.statistics(&tenant).await }))
            .await
    }
    fn transactions(&self) -> Option<&dyn Transactions> {
        // A lent transaction is open inside of the process, which this network does not model.
        None
    }
    fn schedules(&self) -> Option<&dyn Schedules> {
        // Where nobody wants any, nobody asks for what is due: most seeds are shorter for it.
        self.stage.has_rota().then_some(self)
    }
    fn triggers(&self) -> Option<&dyn Triggers> {
        Some(self)
    }
    fn removals(&self) -> Option<&dyn Removals> {
        None
    }
}

#[async_trait]
impl Triggers for Wire {
    async fn register_triggers(&self, triggers: Vec<Trigger>) -> Answer<()> {
        self.over("triggers", move |stage| {
            Box::pin(async move {
                let names = triggers.iter().map(|trigger| trigger.name.clone()).collect();
                stage.triggers().register_triggers(triggers).await?;
                stage.are_registered(names);
                Ok(())
            })
        })
        .await
    }
    async fn remove_trigger(&self, name: &str) -> Answer<bool> {
        let name = name.to_owned();
        self.over("a removal", move |stage| {
            Box::pin(async move { stage.triggers().remove_trigger(&name).await })
        })
        .await
    }
    async fn triggered(&self, triggers: &[String], limit: usize) -> Answer<Vec<Triggered>> {
        let triggers = triggers.to_vec();
        self.over("triggered", move |stage| {
            Box::pin(async move { stage.triggers().triggered(&triggers, limit).await })
        })
        .await
    }
    async fn settle_triggered(&self, ids: Vec<i64>) -> Answer<()> {
        self.over("settle", move |stage| {
            Box::pin(async move { stage.triggers().settle_triggered(ids).await })
        })
        .await
    }
}

#[async_trait]
impl Schedules for Wire {
    async fn put_schedule(&self, schedule: Schedule) -> Answer<bool> {
        self.over("a schedule", move |stage| {
            Box::pin(async move {
                let before = stage.schedule();
                let is_written = stage.schedules().put_schedule(schedule.clone()).await?;
                if is_written {
                    stage.is_rescheduled(before.as_ref(), &schedule);
                }
                Ok(is_written)
            })
        })
        .await
    }
    async fn remove_schedule(&self, tenant: &str, name: &str) -> Answer<bool> {
        let (tenant, name) = (tenant.to_owned(), name.to_owned());
        self.over("a removal", move |stage| {
            Box::pin(async move { stage.schedules().remove_schedule(&tenant, &name).await })
        })
        .await
    }
    async fn list_schedules(&self, tenant: &str) -> Answer<Vec<Schedule>> {
        let tenant = tenant.to_owned();
        self.over("schedules", move |stage| {
            Box::pin(async move { stage.schedules().list_schedules(&tenant).await })
        })
        .await
    }
    async fn due_schedules(&self, now: Timestamp, limit: usize) -> Answer<Vec<Schedule>> {
        self.over("what is due", move |stage| {
            Box::pin(async move { stage.schedules().due_schedules(now, limit).await })
        })
        .await
    }
}
