//! Events that start workflows. What still has to be started stands in the store, not in memory: it makes no
//! difference who published the event, and when this process died.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::client::Client;
use super::start::StartRequest;
use super::start_error::StartError;
use crate::definition::Start;
use crate::error::StepError;
use crate::step::Signature;
use crate::store::{PublishedEvent, StoreError, Trigger, Triggered};

/// The most events that are acted on in one round.
const PAGE: usize = 500;

type Starting = BoxFuture<'static, Result<(), StartError>>;
type Act = dyn Fn(&Client, &Triggered) -> Result<Option<Starting>, StepError> + Send + Sync;

/// A rule: events of one name start one saga.
pub(super) struct Rule {
    pub(super) trigger: Trigger,
    pub(super) saga: &'static str,
    act: Box<Act>,
}

impl Rule {
    pub(super) fn new<S: Signature>(
        event: &str,
        map: impl Fn(&PublishedEvent) -> Result<Option<Start<S>>, StepError> + Send + Sync + 'static,
    ) -> Self {
        let saga = S::META.name;
        let act = move |client: &Client, triggered: &Triggered| {
            let Triggered { id, trigger, event } = triggered;
            Ok(map(event)?.map(|start| -> Starting {
                let by = format!("event/{}", event.name);
                let request = StartRequest::new(client.clone(), start)
                    .tenant(&event.tenant_id)
                    .initiator(event.by.clone().unwrap_or(by))
                    .idempotency_key(match mutant!(event_starts_twice) {
                        true => client.runtime.random().to_string(),
                        false => format!("event/{trigger}/{id}"),
                    })
                    .queued();
                Box::pin(request.into_future().map(|started| started.map(drop)))
            }))
        };
        let trigger = Trigger { name: format!("{event} -> {saga}"), event: event.to_owned() };
        Self { trigger, saga, act: Box::new(act) }
    }
}

/// One round over what was published. An error ends it: the store is not well, and the next round comes soon.
///
/// # Errors
/// The store's.
pub(super) async fn fire(client: &Client, rules: &[Rule]) -> Result<(), StoreError> {
    let Some(triggers) = client.store.triggers().filter(|_| !rules.is_empty()) else { return Ok(()) };
    let names = rules.iter().map(|rule| rule.trigger.name.clone()).collect::<Vec<_>>();
    let mut settled = vec![];
    let mut result = Ok(());
    for triggered in triggers.triggered(&names, PAGE).await? {
        let Some(rule) = rules.iter().find(|rule| rule.trigger.name == triggered.trigger) else { continue };
        match start(client, rule, &triggered).await {
            // In a conflict it was started before, by a mapping that says another thing now.
            Ok(()) | Err(StartError::Conflict { .. }) => settled.push(triggered.id),
            // Its time comes when that one rests.
            Err(StartError::Excluded { .. }) => {}
            Err(StartError::Store(error)) => {
                result = Err(error);
                break;
            }
            Err(StartError::Uncertain { .. }) if mutant!(event_lost) => settled.push(triggered.id),
            // Sent again under the same key it is recognised.
            Err(error @ StartError::Uncertain { .. }) => {
                result = Err(StoreError::Unavailable(error.to_string()));
                break;
            }
            Err(error) => {
                let (event, key) = (&triggered.event.name, &triggered.event.key);
                tracing::error!(%event, %key, saga = rule.saga, %error, "an event starts nothing");
                settled.push(triggered.id);
            }
        }
    }
    if !settled.is_empty() {
        triggers.settle_triggered(settled).await?;
    }
    result
}

async fn start(client: &Client, rule: &Rule, triggered: &Triggered) -> Result<(), StartError> {
    let mapped = std::panic::catch_unwind(AssertUnwindSafe(|| (rule.act)(client, triggered)));
    match mapped {
        Ok(Ok(Some(starting))) => starting.await,
        Ok(Ok(None)) => Ok(()),
        Ok(Err(error)) => Err(StartError::Mapping(error.to_string())),
        Err(_) => Err(StartError::Mapping("the mapping panicked".to_owned())),
    }
}

impl Client {
    /// Forgets a trigger that no program registers any more, and what it has not started: `onu_online -> trip`.
    /// Answers whether there was one.
    ///
    /// # Errors
    /// When the store fails, or knows no triggers.
    pub async fn remove_trigger(&self, event: &str, saga: &str) -> Result<bool, StoreError> {
        let Some(triggers) = self.store.triggers() else {
            return Err(StoreError::Configuration("this store knows no triggers".to_owned()));
        };
        triggers.remove_trigger(&format!("{event} -> {saga}")).await
    }
}
