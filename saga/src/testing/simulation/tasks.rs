//! The tasks of all processes, and how they are woken.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Wake;

use futures_util::future::BoxFuture;

type Future = BoxFuture<'static, ()>;

/// Wakes one task.
pub(super) struct Wakeup {
    place: usize,
    /// Tells it from a task that had its place before.
    number: u64,
    is_woken: AtomicBool,
    woken: Arc<Mutex<Vec<Arc<Wakeup>>>>,
}

impl Wakeup {
    /// When its task was spawned, among all.
    pub(super) fn number(&self) -> u64 {
        self.number
    }
    /// What wakes it from now on counts.
    pub(super) fn is_running(&self) {
        self.is_woken.store(false, Ordering::Relaxed);
    }
    pub(super) fn wake_now(self: Arc<Self>) {
        if !self.is_woken.swap(true, Ordering::Relaxed) {
            let woken = Arc::clone(&self.woken);
            woken.lock().unwrap_or_else(PoisonError::into_inner).push(self);
        }
    }
}

impl Wake for Wakeup {
    fn wake(self: Arc<Self>) {
        self.wake_now();
    }
}

struct Task {
    number: u64,
    process: usize,
    /// Not here while it is being polled.
    future: Option<Future>,
}

/// All tasks that have not ended.
#[derive(Default)]
pub(super) struct Tasks {
    places: Vec<Option<Task>>,
    free: Vec<usize>,
    last: u64,
}

impl Tasks {
    pub(super) fn add(
        &mut self,
        process: usize,
        future: Future,
        woken: &Arc<Mutex<Vec<Arc<Wakeup>>>>,
    ) -> Arc<Wakeup> {
        self.last += 1;
        let number = self.last;
        let task = Some(Task { number, process, future: Some(future) });
        let place = match self.free.pop() {
            Some(place) => place,
            None => {
                self.places.push(None);
                self.places.len() - 1
            }
        };
        self.places[place] = task;
        Arc::new(Wakeup { place, number, is_woken: AtomicBool::new(false), woken: Arc::clone(woken) })
    }
    fn find(&mut self, wakeup: &Wakeup) -> Option<&mut Task> {
        self.places[wakeup.place].as_mut().filter(|task| task.number == wakeup.number)
    }
    pub(super) fn process_of(&mut self, wakeup: &Wakeup) -> Option<usize> {
        self.find(wakeup).map(|task| task.process)
    }
    pub(super) fn take(&mut self, wakeup: &Wakeup) -> Option<Future> {
        self.find(wakeup)?.future.take()
    }
    /// Gives it back if its process was killed meanwhile.
    pub(super) fn put_back(&mut self, wakeup: &Wakeup, future: Future) -> Option<Future> {
        match self.find(wakeup) {
            Some(task) => {
                task.future = Some(future);
                None
            }
            None => Some(future),
        }
    }
    pub(super) fn remove(&mut self, wakeup: &Wakeup) {
        if self.find(wakeup).is_some() {
            self.places[wakeup.place] = None;
            self.free.push(wakeup.place);
        }
    }
    /// Takes those of one process out; they are to be dropped by somebody who holds nothing.
    pub(super) fn take_of(&mut self, process: usize) -> Vec<Future> {
        let mut taken = vec![];
        for (place, task) in self.places.iter_mut().enumerate() {
            if let Some(task) = task.take_if(|task| task.process == process) {
                taken.extend(task.future);
                self.free.push(place);
            }
        }
        taken
    }
    pub(super) fn take_all(&mut self) -> Vec<Future> {
        self.free.clear();
        self.places.drain(..).flatten().filter_map(|task| task.future).collect()
    }
}
