//! One run of a test: an engine of its own, in a world of its own.
#![allow(clippy::disallowed_methods, reason = "this is the world of a test")]

use std::fmt::Display;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use serde::Serialize;
use tokio::sync::oneshot;

use super::report::Rest;
use super::script::Script;
use crate::engine::{Client, ClientError, Config, Runtime};
use crate::id::WorkflowId;
use crate::json::Json;
use crate::store::{Header, MemoryStore, Store, StoreError};

/// What happens while the workflow runs.
#[derive(Clone)]
pub(in crate::testing) enum Happening {
    Event { name: String, key: String, value: Json },
    Cancel,
}

impl Happening {
    #[track_caller]
    pub(in crate::testing) fn event<V: Serialize>(name: &str, key: impl Display, value: V) -> Self {
        let value = Json::encode(&value);
        let value = value.unwrap_or_else(|error| panic!("the value of the event `{name}`: {error}"));
        Self::Event { name: name.to_owned(), key: key.to_string(), value }
    }
}

/// Nothing is looked for without being told of it, so that empty time costs nothing.
pub(in crate::testing) fn config() -> Config {
    let day = Duration::from_secs(24 * 60 * 60);
    Config { name: "test".to_owned(), poll_interval: 100 * day, lease: 400 * day, ..Config::default() }
}

/// Runs a test in a thread of its own, where the clock is paused whatever the caller's does.
pub(in crate::testing) async fn aside<T, F>(play: impl FnOnce() -> F + Send + 'static) -> T
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
pub(in crate::testing) struct Stage {
    pub(in crate::testing) client: Client,
    pub(in crate::testing) store: MemoryStore,
    pub(in crate::testing) runtime: Arc<dyn Runtime>,
    pub(in crate::testing) script: Arc<Script>,
    pub(in crate::testing) workflow: WorkflowId,
    pub(in crate::testing) tenant: String,
    /// What is still to happen, and when; latest first.
    pub(in crate::testing) happenings: Vec<(Duration, Happening)>,
    pub(in crate::testing) began: Duration,
    pub(in crate::testing) limit: Duration,
}

impl Stage {
    /// Lets time pass until the workflow rests for good, or it has been long enough.
    pub(in crate::testing) async fn play(&mut self) -> Rest {
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
        while let Some((_, happening)) = self.happenings.last().filter(|(at, _)| *at <= self.elapsed()) {
            match happening {
                Happening::Event { name, key, value } => {
                    let told =
                        self.client.publish(&self.tenant, name, key, value.clone(), Some("test")).await;
                    match told {
                        Ok(_) => {}
                        // Whoever gets no answer publishes it again.
                        Err(ClientError::Store(StoreError::Unavailable(_))) => continue,
                        Err(error) => panic!("the event `{name}` cannot be published: {error}"),
                    }
                }
                Happening::Cancel => {
                    // What has ended is not cancelled.
                    let _ = self.client.cancel(&self.tenant, &self.workflow, "test").await;
                }
            }
            // Only now: whoever dies over it has it still before him.
            self.happenings.pop();
        }
    }

    async fn header(&self) -> Header {
        let loaded = self.store.load(&self.workflow).await.expect("a store in memory answers");
        loaded.expect("a workflow that was started is there").header
    }

    pub(in crate::testing) fn elapsed(&self) -> Duration {
        self.runtime.uptime().saturating_sub(self.began)
    }
}
