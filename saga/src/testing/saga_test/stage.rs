//! One run of a test: an engine of its own, in a world of its own.
#![allow(clippy::disallowed_methods, reason = "this is the world of a test")]

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::oneshot;

use super::report::Rest;
use super::script::Script;
use crate::engine::{Client, Config, Runtime};
use crate::id::WorkflowId;
use crate::json::Json;
use crate::store::{Header, MemoryStore, Store};

/// What happens while the workflow runs.
pub(super) enum Happening {
    Event { name: String, key: String, value: Json },
    Cancel,
}

/// Nothing is looked for without being told of it, so that empty time costs nothing.
pub(super) fn config() -> Config {
    let day = Duration::from_secs(24 * 60 * 60);
    Config { name: "test".to_owned(), poll_interval: 100 * day, lease: 400 * day, ..Config::default() }
}

/// Runs a test in a thread of its own, where the clock is paused whatever the caller's does.
pub(super) async fn aside<T, F>(play: impl FnOnce() -> F + Send + 'static) -> T
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    let (answer, answered) = oneshot::channel();
    let subscriber = tracing::dispatcher::get_default(Clone::clone);
    let thread = std::thread::Builder::new().name("saga test".to_owned()).spawn(move || {
        let _subscriber = tracing::dispatcher::set_default(&subscriber);
        let played = catch_unwind(AssertUnwindSafe(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .start_paused(true)
                .build()
                .expect("a runtime for the test");
            let output = runtime.block_on(play());
            runtime.shutdown_background();
            output
        }));
        // Nobody listens if the test was dropped.
        let _ = answer.send(played);
    });
    thread.expect("a thread for the test");
    match answered.await.expect("the test's thread ends with an answer") {
        Ok(output) => output,
        Err(panic) => resume_unwind(panic),
    }
}

/// One workflow on its stage.
pub(super) struct Stage {
    pub(super) client: Client,
    pub(super) store: MemoryStore,
    pub(super) runtime: Arc<dyn Runtime>,
    pub(super) script: Arc<Script>,
    pub(super) workflow: WorkflowId,
    pub(super) tenant: String,
    /// What is still to happen, and when; latest first.
    pub(super) happenings: Vec<(Duration, Happening)>,
    pub(super) began: Duration,
    pub(super) limit: Duration,
}

impl Stage {
    /// Lets time pass until the workflow rests for good, or it has been long enough.
    pub(super) async fn play(&mut self) -> Rest {
        loop {
            self.let_happen().await;
            let left = self.limit.saturating_sub(self.elapsed());
            if left.is_zero() {
                return Rest::Limit;
            }
            if self.script.is_over() {
                return Rest::Calls;
            }
            let next = self.happenings.last().map_or(left, |(at, _)| at.saturating_sub(self.elapsed()));
            let next = next.min(left);
            if self.passes(next).await {
                continue;
            }
            // In this order: what does not run any more has written how it left.
            let header = self.header().await;
            let pause = match (header.state.status, header.state.wake_at) {
                (status, _) if status.is_ended() => return Rest::End,
                // It is just being taken up.
                _ if header.worker.is_some() => Duration::ZERO,
                (_, Some(at)) => at.since(self.runtime.now()),
                (_, None) if self.happenings.is_empty() => return Rest::Waiting,
                (_, None) => next,
            };
            if pause.is_zero() {
                self.client.wake();
            }
            self.runtime
                .sleep(pause.clamp(Duration::from_millis(1), next.max(Duration::from_millis(1))))
                .await;
        }
    }

    /// While the workflow runs: until it does not, or so long. `false`: it did not run.
    async fn passes(&self, at_most: Duration) -> bool {
        let left = std::pin::pin!(self.client.has_left(&self.workflow));
        let enough = std::pin::pin!(self.script.enough.notified());
        match select(select(left, enough), self.runtime.sleep(at_most)).await {
            Either::Left((Either::Left((did_run, _)), _)) => did_run,
            _ => true,
        }
    }

    async fn let_happen(&mut self) {
        while self.happenings.last().is_some_and(|(at, _)| *at <= self.elapsed()) {
            match self.happenings.pop() {
                Some((_, Happening::Event { name, key, value })) => {
                    let told = self.client.publish(&self.tenant, &name, &key, value, Some("test")).await;
                    told.unwrap_or_else(|error| panic!("the event `{name}` cannot be published: {error}"));
                }
                Some((_, Happening::Cancel)) => {
                    // What has ended is not cancelled.
                    let _ = self.client.cancel(&self.tenant, &self.workflow, "test").await;
                }
                None => {}
            }
        }
    }

    async fn header(&self) -> Header {
        let loaded = self.store.load(&self.workflow).await.expect("a store in memory answers");
        loaded.expect("a workflow that was started is there").header
    }

    fn elapsed(&self) -> Duration {
        self.runtime.uptime().saturating_sub(self.began)
    }
}
