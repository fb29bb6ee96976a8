//! The worker's third task: starts what nobody has to ask for, because its time or its event has come.

use std::sync::Arc;

use tokio::sync::watch;

use super::client::Client;
use super::shared::Shared;
use super::trigger::{self, Rule};
use super::worker::pause;
use crate::store::StoreError;

const STARTS: &str = "what is due cannot be started";

/// `working` is dropped when it has ended.
pub(super) fn spawn<R: Send + Sync + 'static>(
    shared: &Arc<Shared<R>>,
    rules: &Arc<[Rule]>,
    working: &Arc<watch::Sender<()>>,
) {
    if rules.is_empty() && !(cfg!(feature = "schedules") && shared.store.schedules().is_some()) {
        return;
    }
    let (own, rules, working_too) = (Arc::clone(shared), Arc::clone(rules), Arc::clone(working));
    shared.runtime.spawn(Box::pin(async move {
        let client = Client::of(&own);
        while !own.is_stopping() {
            match round(&client, &rules).await {
                Ok(()) => own.life.troubles.over(STARTS),
                Err(error) => own.life.troubles.tell(STARTS, &error),
            }
            pause(&own, &own.life.starts, own.config.poll_interval).await;
        }
        drop(working_too);
    }));
}

async fn round(client: &Client, rules: &[Rule]) -> Result<(), StoreError> {
    trigger::fire(client, rules).await?;
    #[cfg(feature = "schedules")]
    super::schedule::fire(client).await?;
    Ok(())
}
