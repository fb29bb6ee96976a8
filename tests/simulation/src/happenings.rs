//! What happens outside and starts workflows: each event one of each trigger, whoever dies meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use saga::Json;
use saga::store::{Loaded, PublishedEvent};

use crate::people;
use crate::sagas;
use crate::stage::Stage;
use crate::workers::Workers;

/// What has happened, and what it has to start.
#[derive(Default)]
pub(crate) struct Happenings {
    /// The triggers that are durable.
    triggers: BTreeSet<String>,
    /// How often an event of this key has to start one of these.
    owed: BTreeMap<(String, String), usize>,
}

/// Something happens, once; whether it is durable nobody may learn.
pub(crate) async fn happen(workers: Arc<Workers>, nth: usize) {
    let stage = Arc::clone(&workers.stage);
    stage.sleep(stage.between(0, 5500)).await;
    let own = stage.pick(workers.number());
    let client =
        workers.client(own).filter(|_| !stage.chance(0.3)).unwrap_or_else(|| people::outside(&stage));
    let (key, said) = (format!("e{nth}"), Json::null());
    let told = client.publish("default", sagas::ORDER, &key, said, None);
    let told = people::within(&stage, Duration::from_secs(2), told).await;
    stage.note(|| format!("order {key} is published: {:?}", told.map(|told| told.is_ok())));
}

impl Stage {
    pub(crate) fn are_registered(&self, names: Vec<String>) {
        self.happenings.lock().unwrap().triggers.extend(names);
    }

    /// It becomes durable: from now on the triggers that there are owe it a workflow each.
    pub(crate) fn is_published(&self, event: &PublishedEvent) {
        if event.name != sagas::ORDER {
            return;
        }
        let mut happenings = self.happenings.lock().unwrap();
        let triggers = happenings.triggers.clone();
        if !triggers.is_empty() {
            self.saw(|seen| &mut seen.event);
        }
        for trigger in triggers {
            *happenings.owed.entry((trigger, event.key.clone())).or_default() += 1;
        }
    }

    /// Is nothing left that an event has to start?
    pub(crate) fn are_heeded(&self) -> bool {
        let names: Vec<_> = self.happenings.lock().unwrap().triggers.iter().cloned().collect();
        self.triggers().triggered(&names, 1).now_or_never().unwrap().unwrap().is_empty()
    }

    /// Guarantee 12, of events.
    pub(crate) fn judge_events(&self, all: &[Loaded]) {
        let mut started = BTreeMap::<_, usize>::new();
        let headers = all.iter().map(|loaded| &loaded.header);
        for header in headers.filter(|header| header.initiator_id.as_deref() == Some(BY)) {
            let trigger = format!("{} -> {}", sagas::ORDER, header.definition.name);
            *started.entry((trigger, header.input.decode::<String>().unwrap_or_default())).or_default() += 1;
        }
        let owed = &self.happenings.lock().unwrap().owed;
        if started != *owed {
            self.wrong(format!("12: events have started {started:?}, and had to start {owed:?}"));
        }
    }
}

/// Who has started what events start.
const BY: &str = "event/order";
