//! The systems on which steps act. They know nothing of sagas; requests reach them late, twice, or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use saga::{Adoptable, Adopted, Created, StepContext, StepError};
use tokio::sync::oneshot;

use crate::calls::{Kind, Place};
use crate::secrets::HUSH;
use crate::stage::Stage;

/// A request lands within this time after it was sent, or never. Steps declare more as `settle_after`.
pub(crate) const LATEST: u64 = 580;

/// What is there.
#[derive(Default)]
pub(crate) struct World {
    /// By the name under which its system knows it.
    pub(crate) objects: BTreeMap<String, Object>,
    /// What systems that know keys have answered.
    answered: BTreeMap<String, Answer>,
    /// Things that were there before, and are not ours.
    foreign: BTreeMap<(String, Place), bool>,
    /// What nobody can undo, by workflow.
    pub(crate) stuck: BTreeSet<(String, String)>,
    /// The keys of steps for which something was sent.
    sent: BTreeSet<String>,
    made: u64,
    pub(crate) rates: Rates,
    pub(crate) is_calm: bool,
}

/// Something that a step has made.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) workflow: String,
    pub(crate) place: Place,
    pub(crate) value: String,
}

/// How often a system misbehaves.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rates {
    /// A step's request goes wrong.
    pub(crate) run: f64,
    /// An undo's request goes wrong.
    pub(crate) undo: f64,
    /// A thing was there before.
    pub(crate) foreign: f64,
}

/// How a system knows what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    /// By idempotency keys: a key that it has answered is answered the same again, and nothing else happens.
    Keyed,
    /// By names: what is there is there.
    Named,
}

#[derive(Clone, Debug)]
enum Answer {
    Made(String),
    Foreign(String),
    Undone,
    Found(Option<String>),
}

/// How a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Fine,
    Slow,
    Refused,
    Transient,
    Busy,
    Misconfigured,
    /// It never lands.
    Lost(Silence),
    /// It lands, its answer does not.
    Unanswered(Silence),
    /// It lands when its sender has given up.
    Late(Silence),
    /// The step panics when it has sent it.
    Panic,
}

/// What its sender sees of a lost request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Silence {
    /// The connection breaks.
    Reset,
    /// Nothing.
    Hang,
}

/// A worker's way to the systems.
#[derive(Clone)]
pub(crate) struct Port {
    pub(crate) stage: Arc<Stage>,
    pub(crate) process: usize,
}

impl Port {
    pub(crate) async fn run(
        &self,
        system: System,
        cx: &StepContext,
        given: &str,
    ) -> Result<Adoptable<String>, StepError> {
        match self.call(Kind::Run, system, cx, Some(given)).await? {
            Answer::Foreign(value) => Ok(Adopted(value)),
            Answer::Made(value) => Ok(Created(value)),
            other => panic!("{other:?}"),
        }
    }
    pub(crate) async fn undo(&self, system: System, cx: &StepContext) -> Result<(), StepError> {
        self.call(Kind::Undo, system, cx, None).await.map(drop)
    }
    pub(crate) async fn find(&self, system: System, cx: &StepContext) -> Result<Option<String>, StepError> {
        match self.call(Kind::Find, system, cx, None).await? {
            Answer::Found(value) => Ok(value),
            other => panic!("{other:?}"),
        }
    }

    /// Writes down what was there before. Who is cut off here cannot know whether anything was sent.
    pub(crate) async fn records(&self, cx: &StepContext) -> Result<(), StepError> {
        self.stage.may_have_happened(cx);
        cx.record("nothing").await
    }

    /// Was any request of the step's own sent?
    pub(crate) fn was_sent(&self, cx: &StepContext) -> bool {
        let world = self.stage.world.lock().unwrap();
        world.sent.contains(cx.forward_key())
    }

    async fn call(
        &self,
        kind: Kind,
        system: System,
        cx: &StepContext,
        given: Option<&str>,
    ) -> Result<Answer, StepError> {
        let open = self.stage.call_begins(self.process, kind, cx, given);
        let result = self.request(kind, system, cx, open.number()).await;
        open.ends(match &result {
            Ok(Answer::Foreign(_)) => Ok(true),
            Ok(_) => Ok(false),
            Err(error) => Err(error.clone()),
        });
        result
    }

    async fn request(
        &self,
        kind: Kind,
        system: System,
        cx: &StepContext,
        call: u64,
    ) -> Result<Answer, StepError> {
        let stage = &self.stage;
        let fate = stage.fate(kind, cx);
        let refused = match fate {
            Fate::Refused => Some(StepError::permanent("refused")),
            Fate::Transient => Some(StepError::transient("not reachable")),
            Fate::Busy => {
                // Now and then for so long that another worker takes over meanwhile.
                let pause =
                    if stage.chance(0.3) { Duration::from_secs(5) } else { Duration::from_millis(300) };
                Some(StepError::transient("busy").retry_after(pause))
            }
            Fate::Misconfigured => Some(StepError::configuration("wrong password")),
            _ => None,
        };
        let (answer, answered) = oneshot::channel();
        let request = Request::of(kind, system, cx);
        if kind == Kind::Run {
            stage.world.lock().unwrap().sent.insert(request.key.clone());
        }
        let lands_in = match fate {
            Fate::Slow => Some(stage.between(50, 250)),
            Fate::Late(_) => Some(stage.between(100, LATEST)),
            Fate::Lost(_) => None,
            _ => Some(stage.between(1, 30)),
        };
        let returns_in = match fate {
            Fate::Unanswered(_) | Fate::Late(_) | Fate::Panic => None,
            _ => Some(stage.between(1, 30)),
        };
        let outside = Arc::clone(stage);
        stage.spawn(async move {
            let Some(lands_in) = lands_in else { return };
            outside.sleep(lands_in).await;
            let result = match refused {
                Some(error) => Err(error),
                None => Ok(outside.lands(&request, call)),
            };
            let Some(returns_in) = returns_in else { return outside.saw(|seen| &mut seen.lost_answer) };
            outside.sleep(returns_in).await;
            let _ = answer.send(result);
        });
        match fate {
            Fate::Panic => {
                stage.sleep(stage.between(0, 40)).await;
                std::panic::resume_unwind(Box::new("the step panics"))
            }
            Fate::Lost(Silence::Hang) | Fate::Unanswered(Silence::Hang) | Fate::Late(Silence::Hang) => {
                std::future::pending().await
            }
            Fate::Lost(Silence::Reset) | Fate::Unanswered(Silence::Reset) | Fate::Late(Silence::Reset) => {
                stage.sleep(stage.between(1, 60)).await;
                Err(StepError::unknown("connection reset"))
            }
            _ => answered.await.unwrap_or_else(|_| Err(StepError::unknown("connection reset"))),
        }
    }
}

/// What is asked of a system.
struct Request {
    kind: Kind,
    system: System,
    workflow: String,
    place: Place,
    key: String,
    forward_key: String,
}

impl Request {
    fn of(kind: Kind, system: System, cx: &StepContext) -> Self {
        Self {
            kind,
            system,
            workflow: cx.workflow_id().to_string(),
            place: Place::of(cx),
            key: cx.idempotency_key().to_owned(),
            forward_key: cx.forward_key().to_owned(),
        }
    }
    /// Under which name the system has it.
    fn name(&self) -> String {
        match self.system {
            System::Keyed => self.forward_key.clone(),
            System::Named => format!("{}/{}", self.workflow, self.place),
        }
    }
}

impl Stage {
    fn fate(&self, kind: Kind, cx: &StepContext) -> Fate {
        let world = self.world.lock().unwrap();
        let rate = if kind == Kind::Run { world.rates.run } else { world.rates.undo };
        if kind != Kind::Run
            && world.stuck.contains(&(cx.workflow_id().to_string(), Place::of(cx).to_string()))
        {
            return Fate::Refused;
        }
        if world.is_calm {
            return Fate::Fine;
        }
        drop(world);
        if !self.chance(rate) {
            return Fate::Fine;
        }
        let silence = if self.chance(0.5) { Silence::Reset } else { Silence::Hang };
        match self.roll(100) {
            0..12 => Fate::Slow,
            12..32 if kind == Kind::Run => Fate::Refused,
            12..24 if kind == Kind::Undo => {
                // For good: a person has to mend something first.
                let stuck = (cx.workflow_id().to_string(), Place::of(cx).to_string());
                self.world.lock().unwrap().stuck.insert(stuck);
                Fate::Refused
            }
            12..48 => Fate::Transient,
            48..54 => Fate::Busy,
            54..66 => Fate::Lost(silence),
            66..80 => Fate::Unanswered(silence),
            80..94 => Fate::Late(silence),
            94..97 if kind == Kind::Run => Fate::Misconfigured,
            _ => Fate::Panic,
        }
    }

    /// A request reaches its system.
    fn lands(&self, request: &Request, call: u64) -> Answer {
        let (is_late, process) = self.landed(call);
        if is_late && request.kind != Kind::Find {
            self.saw(|seen| &mut seen.late_effect);
        }
        let mut world = self.world.lock().unwrap();
        let answer = match request.kind {
            Kind::Find => {
                Answer::Found(world.objects.get(&request.name()).map(|object| object.value.clone()))
            }
            _ if request.system == System::Keyed && world.answered.contains_key(&request.key) => {
                world.answered[&request.key].clone()
            }
            Kind::Run => self.make(&mut world, request),
            Kind::Undo => {
                world.objects.remove(&request.name());
                Answer::Undone
            }
        };
        if request.kind != Kind::Find {
            world.answered.insert(request.key.clone(), answer.clone());
        }
        drop(world);
        self.note(|| {
            let late = if is_late { " late" } else { "" };
            format!("p{process} {:?} lands{late} {} -> {answer:?}", request.kind, request.key)
        });
        answer
    }

    fn make(&self, world: &mut World, request: &Request) -> Answer {
        let place = (request.workflow.clone(), request.place.clone());
        let rate = world.rates.foreign;
        let is_foreign = *world.foreign.entry(place).or_insert_with(|| self.chance(rate));
        if is_foreign && request.place.may_adopt() {
            return Answer::Foreign("theirs".to_owned());
        }
        if let Some(object) = world.objects.get(&request.name()) {
            return Answer::Made(object.value.clone());
        }
        world.made += 1;
        let hush = if request.place.is_secret() { HUSH } else { "" };
        let value = format!("{hush}{}.{}", request.place, world.made);
        let object =
            Object { workflow: request.workflow.clone(), place: request.place.clone(), value: value.clone() };
        world.objects.insert(request.name(), object);
        Answer::Made(value)
    }
}
