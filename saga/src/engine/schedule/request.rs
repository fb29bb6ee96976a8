//! What a program says of schedules.

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use super::rhythm::Rhythm;
use crate::definition::Start;
use crate::engine::Client;
use crate::engine::vault::{INPUT, Part, Vault};
use crate::json::{Json, JsonError};
use crate::seal::{self, SealError};
use crate::step::Signature;
use crate::store::{Overlap, Schedule, Schedules as Kept, StoreError, limits};

/// The longest name: with a time it has to fit into a key.
const MAX_NAME: usize = 256;

/// Why a schedule was not made or changed.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScheduleError {
    /// Nobody here knows the saga.
    #[error("saga `{0}` is not registered: call `.saga({0}::definition())` when the engine is built")]
    UnknownSaga(String),
    /// The input has no JSON form.
    #[error("the input of the saga: {0}")]
    Input(#[from] JsonError),
    /// The expression or the time zone is wrong, or there is no such time.
    #[error("schedule `{name}`: {reason}")]
    Time {
        /// The schedule.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// Something in it cannot be stored.
    #[error("the schedule cannot be stored: {0}")]
    Unstorable(String),
    /// The saga's input is secret and nobody here could seal it.
    #[error("the input of saga `{0}` is secret and this client has no key: `.with_secrets(key)`")]
    NoKey(String),
    /// The input cannot be sealed.
    #[error("the input cannot be sealed: {0}")]
    Seal(#[from] SealError),
    /// The tenant has no schedule of that name.
    #[error("there is no schedule `{0}`")]
    NotFound(String),
    /// The store keeps no schedules.
    #[error("this store keeps no schedules")]
    Unsupported,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A schedule to be made or changed. Awaiting it does so.
#[must_use = "a schedule is not made until it is awaited"]
pub struct ScheduleRequest {
    client: Client,
    input: Result<Json, JsonError>,
    wanted: Schedule,
}

impl ScheduleRequest {
    /// To whom it and its workflows belong. Default: `default`.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.wanted.tenant_id = tenant.into();
        self
    }
    /// The time zone in which the expression is meant, by its IANA name: `Europe/Berlin`. Default: `UTC`.
    pub fn time_zone(mut self, zone: impl Into<String>) -> Self {
        self.wanted.time_zone = zone.into();
        self
    }
    /// What becomes of a tick while the workflow of an earlier one has not come to rest. A `failed` one rests.
    /// Default: [`Overlap::Skip`].
    pub fn overlap(mut self, overlap: Overlap) -> Self {
        self.wanted.overlap = overlap;
        self
    }
    /// How many of the ticks that were missed, because nobody was there, are made up for at most: the latest
    /// ones. A tick is missed when it is a minute late. Default: 1.
    pub fn catch_up(mut self, ticks: u32) -> Self {
        self.wanted.catch_up = ticks;
        self
    }
    /// The workflows' priority. Default: 0.
    pub fn priority(mut self, priority: i32) -> Self {
        self.wanted.priority = priority;
        self
    }

    async fn put(self) -> Result<Schedule, ScheduleError> {
        let Self { client, input, mut wanted } = self;
        let unknown = || ScheduleError::UnknownSaga(wanted.saga.clone());
        wanted.input = input?;
        check(&wanted).map_err(ScheduleError::Unstorable)?;
        let plan = client.newest(&wanted.saga).ok_or_else(unknown)?;
        if plan.is_input_secret() {
            let no_key = || ScheduleError::NoKey(wanted.saga.clone());
            let sealer = client.sealer.clone().ok_or_else(no_key)?;
            let vault = Vault::of_schedule(Some(sealer), &wanted.tenant_id, &wanted.name);
            wanted.input = vault.seal(INPUT, Part::Value, &wanted.input)?;
        }
        let wrong = |reason| ScheduleError::Time { name: wanted.name.clone(), reason };
        let rhythm = Rhythm::of(&wanted.cron, &wanted.time_zone).map_err(wrong)?;
        let now = client.runtime.now();
        let next = rhythm.after(now).ok_or_else(|| wrong(format!("`{}` never happens", wanted.cron)))?;
        let kept = client.kept_schedules()?;
        loop {
            let known = find(kept, &wanted.tenant_id, &wanted.name).await?;
            let mut put = wanted.clone();
            (put.created_at, put.next_at) = (now, Some(next));
            if let Some(known) = known {
                let same_time = (&known.cron, &known.time_zone) == (&put.cron, &put.time_zone);
                put = Schedule {
                    // A program that says the same at every start misses nothing by it.
                    next_at: if same_time { known.next_at } else { Some(next) },
                    paused: known.paused,
                    queued_at: known.queued_at,
                    last_at: known.last_at,
                    last_workflow: known.last_workflow,
                    created_at: known.created_at,
                    rev: known.rev,
                    ..put
                };
            }
            if kept.put_schedule(put.clone()).await? {
                return Ok(shown(Schedule { rev: put.rev + 1, ..put }));
            }
        }
    }
}

/// As people see it.
fn shown(schedule: Schedule) -> Schedule {
    Schedule { input: seal::redact(&schedule.input), ..schedule }
}

fn check(schedule: &Schedule) -> Result<(), String> {
    let key = |field: &str, value: &str, most: usize| match value {
        "" => Err(format!("{field} is empty")),
        value if value.len() > most => Err(format!("{field} has more than {most} bytes")),
        value if value.contains('\0') => Err(format!("{field} contains the character NUL")),
        _ => Ok(()),
    };
    key("its name", &schedule.name, MAX_NAME)?;
    key("tenant_id", &schedule.tenant_id, limits::MAX_KEY)?;
    schedule.exclusion.iter().try_for_each(|it| key("an exclusion key", it, limits::MAX_KEY))?;
    limits::check_json(&schedule.input).map_err(|why| format!("the input {why}"))
}

async fn find(kept: &dyn Kept, tenant: &str, name: &str) -> Result<Option<Schedule>, StoreError> {
    Ok(kept.list_schedules(tenant).await?.into_iter().find(|schedule| schedule.name == name))
}

impl IntoFuture for ScheduleRequest {
    type Output = Result<Schedule, ScheduleError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.put())
    }
}

/// The schedules of one tenant.
pub struct Schedules {
    client: Client,
    tenant: String,
}

impl Schedules {
    /// All of them, by name.
    ///
    /// # Errors
    /// When the store fails or keeps none.
    pub async fn list(&self) -> Result<Vec<Schedule>, ScheduleError> {
        let kept = self.client.kept_schedules()?.list_schedules(&self.tenant).await?;
        Ok(kept.into_iter().map(shown).collect())
    }

    /// Lets a schedule rest. Its workflows go on.
    ///
    /// # Errors
    /// [`ScheduleError::NotFound`].
    pub async fn pause(&self, name: &str) -> Result<(), ScheduleError> {
        self.change(name, |schedule| schedule.paused = true).await
    }

    /// Lets a schedule go on with its next tick. Those in between were not missed: nobody wanted them.
    ///
    /// # Errors
    /// [`ScheduleError::NotFound`].
    pub async fn resume(&self, name: &str) -> Result<(), ScheduleError> {
        let now = self.client.runtime.now();
        self.change(name, |schedule| {
            if schedule.paused {
                let rhythm = Rhythm::of(&schedule.cron, &schedule.time_zone);
                schedule.next_at = rhythm.ok().and_then(|rhythm| rhythm.after(now));
                schedule.paused = false;
            }
        })
        .await
    }

    /// Ends a schedule. Its workflows go on.
    ///
    /// # Errors
    /// [`ScheduleError::NotFound`].
    pub async fn remove(&self, name: &str) -> Result<(), ScheduleError> {
        match self.client.kept_schedules()?.remove_schedule(&self.tenant, name).await? {
            true => Ok(()),
            false => Err(ScheduleError::NotFound(name.to_owned())),
        }
    }

    async fn change(&self, name: &str, change: impl Fn(&mut Schedule)) -> Result<(), ScheduleError> {
        let kept = self.client.kept_schedules()?;
        loop {
            let found = find(kept, &self.tenant, name).await?;
            let mut schedule = found.ok_or_else(|| ScheduleError::NotFound(name.to_owned()))?;
            change(&mut schedule);
            if kept.put_schedule(schedule).await? {
                return Ok(());
            }
        }
    }
}

impl Client {
    /// Prepares a schedule, or a change of the one of that name; awaiting it writes it down. From then on any
    /// worker that knows the saga starts it at the times of the cron expression (minute, hour, day, month,
    /// weekday, before them seconds if wanted), each time once. Writing down what is there already changes nothing.
    pub fn schedule<S: Signature>(
        &self,
        name: impl Into<String>,
        cron: impl Into<String>,
        start: Start<S>,
    ) -> ScheduleRequest {
        let wanted = Schedule {
            tenant_id: "default".to_owned(),
            name: name.into(),
            saga: S::META.name.to_owned(),
            input: Json::null(),
            exclusion: start.exclusion,
            cron: cron.into(),
            time_zone: "UTC".to_owned(),
            overlap: Overlap::Skip,
            catch_up: 1,
            priority: 0,
            paused: false,
            next_at: None,
            queued_at: None,
            last_at: None,
            last_workflow: None,
            created_at: crate::clock::Timestamp::from_micros(0),
            rev: 0,
        };
        ScheduleRequest { client: self.clone(), input: start.input, wanted }
    }

    /// The schedules of a tenant.
    pub fn schedules(&self, tenant: impl Into<String>) -> Schedules {
        Schedules { client: self.clone(), tenant: tenant.into() }
    }

    fn kept_schedules(&self) -> Result<&dyn Kept, ScheduleError> {
        self.store.schedules().ok_or(ScheduleError::Unsupported)
    }
}
