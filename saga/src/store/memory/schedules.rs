//! Schedules and triggers of the memory store.

use async_trait::async_trait;

use super::MemoryStore;
use crate::clock::Timestamp;
use crate::store::{Schedule, Schedules, StoreError, Trigger, Triggered, Triggers};

#[async_trait]
impl Schedules for MemoryStore {
    async fn put_schedule(&self, mut schedule: Schedule) -> Result<bool, StoreError> {
        let _turn = self.0.writer.lock().await;
        let mut state = self.state();
        let key = (schedule.tenant_id.clone(), schedule.name.clone());
        let seen = match state.schedules.get(&key) {
            Some(stored) => (stored.rev, stored.created_at) == (schedule.rev, schedule.created_at),
            None => schedule.rev == 0,
        };
        if seen {
            schedule.rev += 1;
            state.schedules.insert(key, schedule);
        }
        Ok(seen)
    }

    async fn remove_schedule(&self, tenant: &str, name: &str) -> Result<bool, StoreError> {
        let _turn = self.0.writer.lock().await;
        Ok(self.state().schedules.remove(&(tenant.to_owned(), name.to_owned())).is_some())
    }

    async fn list_schedules(&self, tenant: &str) -> Result<Vec<Schedule>, StoreError> {
        Ok(self.state().schedules.values().filter(|s| s.tenant_id == tenant).cloned().collect())
    }

    async fn due_schedules(&self, now: Timestamp, limit: usize) -> Result<Vec<Schedule>, StoreError> {
        let state = self.state();
        let due = state.schedules.values().filter(|s| s.due_at().is_some_and(|at| at <= now));
        let mut due = due.cloned().collect::<Vec<_>>();
        due.sort_by_key(Schedule::due_at);
        due.truncate(limit);
        Ok(due)
    }
}

#[async_trait]
impl Triggers for MemoryStore {
    async fn register_triggers(&self, triggers: Vec<Trigger>) -> Result<(), StoreError> {
        let _turn = self.0.writer.lock().await;
        self.state().triggers.extend(triggers.into_iter().map(|t| (t.name, t.event)));
        Ok(())
    }

    async fn remove_trigger(&self, name: &str) -> Result<bool, StoreError> {
        let _turn = self.0.writer.lock().await;
        let mut state = self.state();
        state.triggered.retain(|_, triggered| triggered.trigger != name);
        Ok(state.triggers.remove(name).is_some())
    }

    async fn triggered(&self, triggers: &[String], limit: usize) -> Result<Vec<Triggered>, StoreError> {
        let state = self.state();
        let wanted = state.triggered.values().filter(|t| triggers.contains(&t.trigger));
        Ok(wanted.take(limit).cloned().collect())
    }

    async fn settle_triggered(&self, ids: Vec<i64>) -> Result<(), StoreError> {
        let _turn = self.0.writer.lock().await;
        self.state().triggered.retain(|id, _| !ids.contains(id));
        Ok(())
    }
}
