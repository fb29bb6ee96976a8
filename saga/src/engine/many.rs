//! Starting many workflows in one call.

use std::collections::VecDeque;

use super::client::Client;
use super::journal::Batch;
use super::start::{StartRequest, Started};
use super::start_error::StartError;
use crate::store::StoreError;

impl Client {
    /// Starts workflows, each with options of its own: `client.start_many(orders.map(|o| client.start(ship(o))))`.
    /// What is said of each stands in its place.
    ///
    /// They are durable when it returns, written a thousand at a time, and wait in the store, `pending`, for whoever
    /// has room: none is refused because this worker is full, and a process without a worker does the same. Each is
    /// judged as a single start would be, also against the others: of two with one idempotency key the second
    /// is the first one's replay.
    ///
    /// When the store fails in the middle, what was being written is [`Uncertain`](StartError::Uncertain) and the rest,
    /// which is not tried, says that the store failed: starts that have a key, or an id of your own, may simply be sent
    /// again.
    pub async fn start_many<S: 'static>(
        &self,
        starts: impl IntoIterator<Item = StartRequest<S>>,
    ) -> Vec<Result<Started<S>, StartError>> {
        let mut answers = vec![];
        let mut waiting = VecDeque::new();
        for (place, start) in starts.into_iter().enumerate() {
            match start.for_others() {
                Ok((commit, begun)) => {
                    waiting.push_back((commit, (place, begun)));
                    answers.push(Err(unanswered()));
                }
                Err(error) => answers.push(Err(error)),
            }
        }
        while !waiting.is_empty() {
            let mut batch = Batch::default();
            let mut put_off = VecDeque::new();
            while !batch.is_full()
                && let Some((commit, begun)) = waiting.pop_front()
            {
                put_off.extend(batch.take(commit, begun));
            }
            put_off.append(&mut waiting);
            waiting = put_off;
            let outcomes = match self.store.commit(None, batch.commits).await {
                Ok(outcomes) => outcomes,
                Err(error) => {
                    for (place, begun) in batch.waiting {
                        set(&mut answers, place, Err(StartError::uncertain(begun.id, error.to_string())));
                    }
                    for (_, (place, _)) in waiting {
                        set(&mut answers, place, Err(error.clone().into()));
                    }
                    break;
                }
            };
            for ((place, begun), outcome) in batch.waiting.into_iter().zip(outcomes) {
                let started = begun.ended(self, outcome).await;
                set(&mut answers, place, started);
            }
        }
        if let Some(local) = &self.local {
            local.queued();
        }
        answers
    }
}

fn unanswered() -> StartError {
    StoreError::Unavailable("the store did not answer".to_owned()).into()
}

fn set<T>(all: &mut [T], place: usize, value: T) {
    if let Some(slot) = all.get_mut(place) {
        *slot = value;
    }
}
