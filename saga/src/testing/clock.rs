//! Time that passes when there is nothing else to do.
#![allow(clippy::disallowed_methods, reason = "this is the world of a test")]

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::clock::Timestamp;
use crate::engine::Runtime;

/// In whose time something waits.
#[derive(Clone)]
pub(super) enum Time {
    /// That of the tokio runtime in which it happens to be.
    Tokio,
    Of(Arc<dyn Runtime>),
}

impl Time {
    pub(super) fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        match self {
            Self::Tokio => Box::pin(tokio::time::sleep(duration)),
            Self::Of(runtime) => runtime.sleep(duration),
        }
    }
    pub(super) fn spawn(&self, task: BoxFuture<'static, ()>) {
        match self {
            Self::Tokio => {
                tokio::spawn(task);
            }
            Self::Of(runtime) => runtime.spawn(task),
        }
    }
}

/// The paused clock of the tokio runtime in which it is made: it jumps to the next timer when nothing runs.
pub(super) struct VirtualTime {
    start: Timestamp,
    began: tokio::time::Instant,
    /// The same chance in every run.
    random: Mutex<fastrand::Rng>,
}

impl VirtualTime {
    pub(super) fn new(start: Timestamp) -> Self {
        let random = Mutex::new(fastrand::Rng::with_seed(1));
        Self { start, began: tokio::time::Instant::now(), random }
    }
}

impl Runtime for VirtualTime {
    fn now(&self) -> Timestamp {
        self.start.plus(self.uptime())
    }
    fn uptime(&self) -> Duration {
        self.began.elapsed()
    }
    fn random(&self) -> u64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).u64(..)
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        tokio::spawn(task);
    }
}

/// Tasks that end together: those of one life of a process. Time goes on.
pub(super) struct Life {
    time: Arc<VirtualTime>,
    tasks: Mutex<Vec<tokio::task::JoinHandle<()>>>,
}

impl Life {
    pub(super) fn new(time: Arc<VirtualTime>) -> Self {
        Self { time, tasks: Mutex::default() }
    }
    /// Everything that runs is dropped where it waits.
    pub(super) async fn end(&self) {
        loop {
            let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
            if tasks.is_empty() {
                return;
            }
            tasks.iter().for_each(tokio::task::JoinHandle::abort);
            for task in tasks {
                // It has been aborted, or has ended, or has panicked before.
                let _ = task.await;
            }
        }
    }
}

impl Runtime for Life {
    fn now(&self) -> Timestamp {
        self.time.now()
    }
    fn uptime(&self) -> Duration {
        self.time.uptime()
    }
    fn random(&self) -> u64 {
        self.time.random()
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.time.sleep(duration)
    }
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.retain(|task| !task.is_finished());
        tasks.push(tokio::spawn(task));
    }
}

/// The present, for tests that do not say when they happen.
pub(super) fn present() -> Timestamp {
    Timestamp::from_micros(jiff::Timestamp::now().as_microsecond())
}

/// The output of what may wait for something outside of the test: so long, in real time, the clock does not jump.
pub(super) async fn patiently<F: Future>(future: F, patience: Duration) -> F::Output {
    let mut future = pin!(future);
    if patience.is_zero() {
        return future.await;
    }
    if let Some(output) = future.as_mut().now_or_never() {
        return output;
    }
    let (done, is_done) = std::sync::mpsc::channel::<()>();
    // A paused clock stands still while a blocking task runs. It ends when this future does, or is dropped.
    let _standing_still = tokio::task::spawn_blocking(move || is_done.recv_timeout(patience));
    let output = future.await;
    drop(done);
    output
}
