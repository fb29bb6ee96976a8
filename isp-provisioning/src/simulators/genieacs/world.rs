//! Routers, queued tasks and their faults, and how each event changes them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::journal::{Effects, World};
use super::device::{Access, Device, SimulatedRouter};
use super::task::{Task, Work};

/// Everything that a GenieACS remembers, and its routers.
#[derive(Clone, Debug)]
pub(super) struct GenieacsWorld {
    pub(super) devices: BTreeMap<String, Device>,
    /// By id; ids grow, so this is the order in which they run.
    pub(super) tasks: BTreeMap<String, Task>,
    /// By `<device>:task_<task>`.
    pub(super) faults: BTreeMap<String, Value>,
    pub(super) effects: Effects,
    last_task: u64,
}

/// What can be done to a router from outside. What is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Change {
    /// Does it answer connection requests? Coming on line, it runs what is queued.
    pub online: Option<bool>,
    /// Is it kept in a session that does not end?
    pub in_session: Option<bool>,
    /// Values that it takes on by itself; the server does not learn of them until it asks.
    pub values: BTreeMap<String, Value>,
    /// Parameters that it rejects from now on, with the fault's code; an empty code ends it.
    pub reject: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Event {
    Queued(Task),
    /// A session took the task to the router.
    Ran(String, Timestamp),
    Withdrawn(String),
    /// Nobody wants it any more.
    Expired(String),
    FaultForgotten(String),
    Tagged(String, String),
    Untagged(String, String),
    DeviceDeleted(String),
    Changed(String, Change),
}

impl World for GenieacsWorld {
    type Event = Event;
    fn apply(&mut self, event: &Event) {
        match event {
            Event::Queued(task) => self.queue(task),
            Event::Ran(id, now) => self.run(id, *now),
            Event::Withdrawn(id) => self.withdraw(id),
            Event::Expired(id) => {
                self.tasks.remove(id);
            }
            Event::FaultForgotten(id) => {
                self.faults.remove(id);
            }
            Event::Tagged(device, tag) => {
                self.devices.get_mut(device).map(|device| device.tags.insert(tag.clone()));
            }
            Event::Untagged(device, tag) => {
                self.devices.get_mut(device).map(|device| device.tags.remove(tag));
            }
            Event::DeviceDeleted(id) => {
                self.devices.remove(id);
                self.tasks.retain(|_, task| task.device != *id);
                self.faults.retain(|key, _| !key.starts_with(&format!("{id}:")));
            }
            Event::Changed(device, change) => self.change(device, change),
        }
    }
}

impl GenieacsWorld {
    pub(super) fn new(routers: &[SimulatedRouter], now: Timestamp) -> Self {
        let devices = routers.iter().map(|router| (router.device_id(), Device::new(router, now)));
        Self {
            devices: devices.collect(),
            tasks: BTreeMap::new(),
            faults: BTreeMap::new(),
            effects: Effects::default(),
            last_task: 0,
        }
    }

    /// The id of the next task: 24 hex digits.
    pub(super) fn next_task_id(&self) -> String {
        format!("{:024x}", self.last_task + 1)
    }

    /// What a session with this router would do now. A faulted task waits to be retried.
    pub(super) fn due(&self, device: &str, now: Timestamp) -> Vec<Event> {
        let due = self
            .tasks
            .values()
            .filter(|task| task.device == device && !self.faults.contains_key(&task.fault_id()));
        due.map(|task| match task.expired(now) {
            true => Event::Expired(task.id.clone()),
            false => Event::Ran(task.id.clone(), now),
        })
        .collect()
    }

    /// What `/_sim/state` shows.
    pub(super) fn view(&self) -> Value {
        let devices = self.devices.values().map(|device| {
            let values: BTreeMap<_, _> = device.parameters.iter().map(|(path, p)| (path, &p.value)).collect();
            let view = json!({ "online": device.online, "tags": device.tags, "values": values });
            (device.id.clone(), view)
        });
        json!({
            "devices": devices.collect::<BTreeMap<_, _>>(),
            "tasks": self.tasks.values().map(Task::document).collect::<Vec<_>>(),
            "faults": self.faults.values().collect::<Vec<_>>(),
            "effects": self.effects,
        })
    }

    fn queue(&mut self, task: &Task) {
        self.last_task = u64::from_str_radix(&task.id, 16).unwrap_or(self.last_task).max(self.last_task);
        // One copy of a key for one router: the new task takes the place of the old one.
        let replaced = self.tasks.values().filter(|old| {
            old.device == task.device && old.unique_key.is_some() && old.unique_key == task.unique_key
        });
        for old in replaced.map(|old| (old.id.clone(), old.fault_id())).collect::<Vec<_>>() {
            self.tasks.remove(&old.0);
            self.faults.remove(&old.1);
        }
        self.effects.count("queue", task.unique_key.as_deref().unwrap_or_default());
        self.tasks.insert(task.id.clone(), task.clone());
    }

    fn withdraw(&mut self, id: &str) {
        if let Some(task) = self.tasks.remove(id) {
            self.faults.remove(&task.fault_id());
            self.effects.count("withdraw", task.unique_key.as_deref().unwrap_or_default());
        }
    }

    fn run(&mut self, id: &str, now: Timestamp) {
        let Some(task) = self.tasks.get(id).cloned() else { return };
        let Some(device) = self.devices.get_mut(&task.device) else { return };
        device.last_inform = now;
        match &task.work {
            Work::Set(values) => {
                // A router takes all values or none.
                let rejected: Vec<_> = values
                    .iter()
                    .filter_map(|(path, _, _)| Some((path, device.parameters.get(path)?.reject.clone()?)))
                    .collect();
                if !rejected.is_empty() {
                    self.faults.insert(task.fault_id(), fault(&task, &rejected, now));
                    return;
                }
                for (path, value, _) in values {
                    // What the model does not have, or cannot write, is dropped without a word.
                    let Some(parameter) = device.parameters.get_mut(path) else { continue };
                    if matches!(parameter.access, Access::Write | Access::Secret) {
                        parameter.value = value.clone();
                        parameter.seen = Some((parameter.readable(), now));
                    }
                }
                self.effects.count("set", task.unique_key.as_deref().unwrap_or_default());
            }
            Work::Get(paths) => device.read(now, |path| paths.iter().any(|wanted| wanted == path)),
            Work::Refresh(object) => device.read(now, |path| path.starts_with(object.as_str())),
            Work::Nothing(_) => {}
        }
        self.tasks.remove(id);
    }

    fn change(&mut self, device: &str, change: &Change) {
        let Some(device) = self.devices.get_mut(device) else { return };
        device.online = change.online.unwrap_or(device.online);
        device.in_session = change.in_session.unwrap_or(device.in_session);
        for (path, value) in &change.values {
            if let Some(parameter) = device.parameters.get_mut(path) {
                parameter.value = value.clone();
            }
        }
        for (path, code) in &change.reject {
            if let Some(parameter) = device.parameters.get_mut(path) {
                parameter.reject = (!code.is_empty()).then(|| code.clone());
            }
        }
    }
}

impl Device {
    fn read(&mut self, now: Timestamp, wanted: impl Fn(&str) -> bool) {
        for (_, parameter) in self.parameters.iter_mut().filter(|(path, _)| wanted(path)) {
            parameter.seen = Some((parameter.readable(), now));
        }
    }
}

fn fault(task: &Task, rejected: &[(&String, String)], now: Timestamp) -> Value {
    let single = rejected.iter().map(|(path, code)| {
        let text = match code.as_str() {
            "9006" => "Invalid parameter type",
            "9007" => "Invalid parameter value",
            "9008" => "Attempt to set a non-writable parameter",
            _ => "Request denied",
        };
        json!({ "parameterName": path, "faultCode": code, "faultString": text })
    });
    json!({
        "_id": task.fault_id(), "device": task.device, "channel": format!("task_{}", task.id),
        "code": "cwmp.9003", "message": "Invalid arguments", "retries": 0, "timestamp": now,
        "detail": {
            "faultCode": "9003", "faultString": "Invalid arguments",
            "setParameterValuesFault": single.collect::<Vec<_>>(),
        },
    })
}
