//! The simulated engine: does what the machine says, in an order that the test decides, and writes it down.
//!
//! The trace has one line for each thing that happened:
//!
//! | line | meaning |
//! |---|---|
//! | `run a`, `run a (2)` | the step's first, second attempt begins |
//! | `undo a`, `undo-late a`, `look a` | its compensation (of which pass), its look-up |
//! | `write create`, `write a=completed -> completed` | a commit is handed to the journal: facts and decision; `?` marks an unknown effect |
//! | `durable a` | the step's record is durable |
//! | `beat 1`, `no beat 1` | the heartbeat of that number is durable, is not kept |
//! | `stop` | the machine is done with the workflow |

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::journal::Journal;
use crate::clock::Timestamp;
use crate::definition::{Code, Definition, NodeId, Values};
use crate::error::StepError;
use crate::id::CommitId;
use crate::json::Json;
use crate::machine::{
    Call, CallKind, Command, DebtAction, Env, Event, Expression, Machine, OperatorRefusal, Settings,
    cancel_stopped, change_debt, retry,
};
use crate::step::Success;
use crate::store::{Commit, CommitOutcome, Status, StepRow, TouchedEffect, Wanted};

/// How a call ends.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    Ok(Json),
    Adopted,
    Absent,
    Err(StepError),
    /// It does not end by itself.
    Hang,
}

impl Reply {
    /// Reads a word of a script.
    pub(super) fn of(word: &str) -> Self {
        let error = match word {
            "hang" => return Self::Hang,
            "adopted" => return Self::Adopted,
            "absent" => return Self::Absent,
            "refused" => StepError::permanent("refused"),
            "busy" => StepError::transient("busy"),
            "lost" => StepError::unknown("lost"),
            "config" => StepError::configuration("wrong password"),
            "wait" => StepError::transient("come again").retry_after(Duration::from_secs(20)),
            "never" => StepError::transient("do not come").retry_after(Duration::MAX),
            "long" => StepError::transient("come tomorrow").retry_after(Duration::from_secs(86_400)),
            output => return Self::Ok(Json::encode(output).unwrap()),
        };
        Self::Err(error)
    }
}

pub(super) struct Sim {
    pub(super) definition: Definition<()>,
    pub(super) settings: Settings,
    pub(super) journal: Journal,
    pub(super) machine: Option<Machine>,
    pub(super) now: Timestamp,
    /// The commit that was handed to the journal and is not answered yet.
    pub(super) in_flight: Option<Commit>,
    /// The call whose transaction it finishes, if it is written in one.
    pub(super) lent: Option<Call>,
    /// Calls under way.
    pub(super) calls: Vec<Call>,
    /// All calls that ever began.
    pub(super) all_calls: Vec<Call>,
    pub(super) evaluated: Vec<Expression>,
    pub(super) trace: Vec<String>,
    /// The machine waits for the header.
    pub(super) wants_header: bool,
    /// Are the header and the inbox read as soon as the machine asks?
    pub(super) reads_at_once: bool,
    /// Is the store asked for events as soon as the machine wants it?
    pub(super) looks_at_once: bool,
    pub(super) looking: Vec<(NodeId, Wanted)>,
    /// Does the next commit meet a store that cannot hold it?
    pub(super) unstorable: bool,
    script: BTreeMap<String, VecDeque<Reply>>,
    machines: i64,
}

impl Sim {
    /// A workflow of the saga that is about to be created. Begins with [`Sim::begin`].
    pub(super) fn of(definition: Definition<()>) -> Self {
        let now = Timestamp::from_micros(1_000_000_000_000);
        let journal = Journal::new(definition.plan(), now);
        let settings = Settings::default();
        let plan = std::sync::Arc::clone(definition.plan());
        let machine = Machine::create(plan, journal.header.clone(), settings, 0);
        Self {
            definition,
            settings,
            journal,
            machine: Some(machine),
            now,
            in_flight: None,
            lent: None,
            calls: vec![],
            all_calls: vec![],
            evaluated: vec![],
            trace: vec![],
            wants_header: false,
            reads_at_once: true,
            looks_at_once: true,
            looking: vec![],
            unstorable: false,
            script: BTreeMap::new(),
            machines: 1,
        }
    }

    /// A workflow that was created by a process without the definition, and waits for an owner.
    pub(super) fn created_elsewhere(definition: Definition<()>) -> Self {
        let mut sim = Self::of(definition);
        sim.machine = None;
        sim.journal.exists = true;
        sim.journal.header.worker = None;
        sim.journal.header.state.status = Status::Pending;
        sim.journal.header.state.started_at = None;
        sim
    }

    /// What the calls of a step answer, one word an attempt, and `ok` ever after: `on("a", "lost ok")`,
    /// `on("undo a", "refused")`, `on("look a", "absent")`.
    pub(super) fn on(mut self, call: &str, words: &str) -> Self {
        self.say(call, words);
        self
    }
    pub(super) fn say(&mut self, call: &str, words: &str) {
        let call = if call.contains(' ') { call.to_owned() } else { format!("run {call}") };
        self.script.entry(call).or_default().extend(words.split(' ').map(Reply::of));
    }

    /// From now on everything is answered with `ok`.
    pub(super) fn forget_script(&mut self) {
        self.script.clear();
    }

    pub(super) fn env(&self) -> Env {
        Env { now: self.now, random: 0.5 }
    }
    pub(super) fn machine(&self) -> &Machine {
        self.machine.as_ref().expect("a machine")
    }

    // ---- feeding the machine ------------------------------------------------------------------------------

    pub(super) fn begin(&mut self) {
        self.feed(Event::Begin);
    }

    /// Gives the machine an event and does what it says.
    pub(super) fn feed(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let env = self.env();
            let Some(machine) = &mut self.machine else { return };
            let before = machine.wake_at();
            let is_tick = matches!(event, Event::Tick);
            let commands = machine.step(event, env);
            let after = machine.wake_at();
            assert!(
                !is_tick || !commands.is_empty() || after.is_none_or(|at| at > env.now) || after != before,
                "it spins"
            );
            for command in commands {
                assert!(self.machine.is_some(), "a command after the last: {command:?}");
                match command {
                    Command::Evaluate(expression) => {
                        events.push_back(Event::Evaluated { expression, result: self.evaluate(expression) });
                    }
                    Command::Commit(commit) => {
                        self.lent = None;
                        self.hand_in(commit);
                    }
                    Command::FinishTransaction(commit) => {
                        assert!(self.lent.is_some(), "no transaction is open");
                        self.hand_in(commit);
                    }
                    Command::Call(call) | Command::Transact(call) => self.call(call),
                    Command::RecordDurable { step } => {
                        let row = self.machine().row_of(step);
                        let name = row_name(&self.name(row.step_order), &row.item);
                        self.trace.push(format!("durable {name}"));
                    }
                    Command::HeartbeatDurable(pulse) => self.trace.push(format!("beat {}", pulse.beat)),
                    Command::HeartbeatLost(pulse) => self.trace.push(format!("no beat {}", pulse.beat)),
                    Command::Look { node, wanted } if self.looks_at_once => {
                        events.push_back(Event::Looked { node, found: self.journal.find(&wanted) });
                    }
                    Command::Look { node, wanted } => self.looking.push((node, wanted)),
                    Command::ReadHeader if self.reads_at_once => events.extend(self.read_header()),
                    Command::ReadHeader => self.wants_header = true,
                    Command::GiveUp { reason } => {
                        self.trace.push(format!("give up: {reason}"));
                        self.machine = None;
                        self.calls.clear();
                    }
                    Command::Stop => {
                        self.trace.push("stop".to_owned());
                        self.machine = None;
                        self.calls.clear();
                        self.looking.clear();
                    }
                }
            }
        }
    }

    fn evaluate(&mut self, expression: Expression) -> Result<Json, StepError> {
        self.evaluated.push(expression);
        let values = Values(self.machine().values());
        match expression {
            Expression::Output => self.definition.output(values),
            Expression::Value(node) | Expression::Arguments(node) => match self.definition.code(node) {
                Some(Code::Compute(f) | Code::Step { args: f, .. }) => f(values),
                None => panic!("no code for {node:?}"),
            },
        }
    }

    fn hand_in(&mut self, commit: Commit) {
        assert!(self.in_flight.is_none(), "two commits at once");
        let mut steps: Vec<_> = commit.facts.iter().map(|r| (r.run, r.step_order, r.item.clone())).collect();
        steps.sort_unstable();
        steps.dedup();
        assert_eq!(steps.len(), commit.facts.len(), "two rows of one step");
        assert!(!commit.is_empty(), "an empty commit");
        let line = self.commit_line(&commit);
        self.trace.push(line);
        self.in_flight = Some(commit);
    }

    fn call(&mut self, call: Call) {
        let line = self.call_line(&call);
        let nth = if call.attempt > 1 { format!(" ({})", call.attempt) } else { String::new() };
        self.trace.push(format!("{line}{nth}"));
        self.calls.push(call.clone());
        self.all_calls.push(call);
    }

    /// The header and the inbox, in the order in which the engine reads them.
    pub(super) fn read_header(&mut self) -> Vec<Event> {
        self.wants_header = false;
        let header = self.journal.header.clone();
        let mail = self.journal.mail().into_iter().map(Event::Signal);
        mail.chain([Event::Header(Box::new(header))]).collect()
    }

    // ---- what happens outside -----------------------------------------------------------------------------

    /// The journal answers the commit in flight.
    pub(super) fn acknowledge(&mut self) {
        let commit = self.in_flight.take().expect("a commit");
        let outcome = if std::mem::take(&mut self.unstorable) {
            CommitOutcome::Unstorable { reason: "too long".to_owned() }
        } else {
            self.journal.write(&commit)
        };
        self.feed(Event::Committed(outcome));
    }

    /// A call ends.
    pub(super) fn end(&mut self, call: &Call, reply: Reply) {
        let place = self.calls.iter().position(|c| c == call).expect("under way");
        self.calls.remove(place);
        let step = call.step;
        if self.definition.plan().node(call.node).and_then(|n| n.step()).is_some_and(|s| s.transactional) {
            self.lent = Some(call.clone());
        }
        let event = match (call.kind, reply) {
            (_, Reply::Hang) => panic!("{call:?} does not end"),
            (CallKind::Run, Reply::Err(e)) => Event::Attempted { step, result: Err(e) },
            (CallKind::Run, reply) => {
                let adopted = matches!(reply, Reply::Adopted);
                let output = if let Reply::Ok(output) = reply { output } else { Json::null() };
                Event::Attempted { step, result: Ok(Success { output, adopted }) }
            }
            (CallKind::Undo, Reply::Err(e)) => Event::Undone { step, result: Err(e) },
            (CallKind::Undo, _) => Event::Undone { step, result: Ok(()) },
            (CallKind::LookUp, Reply::Err(e)) => Event::LookedUp { step, result: Err(e) },
            (CallKind::LookUp, Reply::Ok(output)) => Event::LookedUp { step, result: Ok(Some(output)) },
            (CallKind::LookUp, _) => Event::LookedUp { step, result: Ok(None) },
        };
        self.feed(event);
    }

    /// The named call ends like this: `answer("undo a", "ok")`.
    pub(super) fn answer(&mut self, call: &str, word: &str) {
        let call = if call.contains(' ') { call.to_owned() } else { format!("run {call}") };
        let found = self.calls.iter().find(|c| self.call_line(c) == call).cloned();
        let found = found.unwrap_or_else(|| panic!("{call} is not under way: {:#?}", self.trace));
        self.end(&found, Reply::of(word));
    }

    /// Everything that can happen happens, in order, until there is only waiting left.
    pub(super) fn settle(&mut self) {
        for _ in 0..10_000 {
            if self.machine.is_none() {
                return;
            }
            if self.in_flight.is_some() {
                self.acknowledge();
            } else if let Some((call, reply)) = self.next_reply() {
                self.end(&call, reply);
            } else {
                return;
            }
        }
        panic!("it never settles: {:#?}", &self.trace[..60]);
    }

    /// One call ends as the script says. `false`: there is none.
    pub(super) fn settle_one(&mut self) -> bool {
        let next = self.next_reply();
        let some = next.is_some();
        if let Some((call, reply)) = next {
            self.end(&call, reply);
        }
        some
    }

    /// Begins, and does everything that happens before time passes.
    pub(super) fn run_until_idle(&mut self) {
        if self.trace.is_empty() {
            self.begin();
        }
        self.settle();
    }

    /// Runs until the trace has this line.
    pub(super) fn run_until(&mut self, line: &str) {
        self.run_until_idle();
        while !self.trace.iter().any(|l| l == line) {
            self.tick();
            self.settle();
        }
    }

    fn next_reply(&mut self) -> Option<(Call, Reply)> {
        for call in self.calls.clone() {
            let line = self.call_line(&call);
            let replies = self.script.get_mut(&line);
            match replies.as_ref().and_then(|replies| replies.front()) {
                Some(Reply::Hang) => {}
                Some(_) => return replies.and_then(VecDeque::pop_front).map(|reply| (call, reply)),
                None => return Some((call, Reply::of("ok"))),
            }
        }
        None
    }

    /// Like [`settle`](Self::settle), and time passes when there is nothing else: to the end.
    pub(super) fn run(&mut self) {
        if self.trace.is_empty() {
            self.begin();
        }
        for _ in 0..10_000 {
            self.settle();
            if self.machine.is_none()
                && self.status() == Status::Waiting
                && self.journal.header.state.wake_at.is_some()
            {
                self.resume();
                continue;
            }
            match self.machine.as_ref().and_then(Machine::wake_at) {
                Some(at) => {
                    self.now = self.now.max(at);
                    self.feed(Event::Tick);
                }
                None => return,
            }
        }
        panic!("it never ends");
    }

    /// Time passes until the machine wants to be woken.
    pub(super) fn tick(&mut self) {
        let at = self.machine().wake_at().expect("something to wait for");
        self.now = self.now.max(at);
        self.feed(Event::Tick);
    }
    pub(super) fn pass(&mut self, time: Duration) {
        self.now = self.now.plus(time);
        if self.machine.as_ref().and_then(Machine::wake_at).is_some_and(|at| at <= self.now) {
            self.feed(Event::Tick);
        }
    }

    // ---- other people -------------------------------------------------------------------------------------

    /// Somebody cancels; the worker hears of it with its next heartbeat.
    pub(super) fn cancel(&mut self) {
        assert!(self.journal.send_cancel(), "it has ended");
        self.deliver();
    }
    /// Somebody publishes an event. A worker that has the workflow hears of it, and one that has not wakes up.
    pub(super) fn publish(&mut self, name: &str, key: &str, value: &str) {
        self.journal.publish(name, key, value, self.now);
        if self.machine.is_some() {
            self.deliver();
        }
    }
    /// The worker's heartbeat brings the mail.
    pub(super) fn deliver(&mut self) {
        for signal in self.journal.mail() {
            self.feed(Event::Signal(signal));
        }
    }
    /// The worker dies; what it had handed to the journal got through, or did not.
    pub(super) fn die(&mut self, got_through: bool) {
        if let Some(commit) = self.in_flight.take()
            && got_through
        {
            self.journal.write(&commit);
        }
        self.machine = None;
        self.looking.clear();
        self.wants_header = false;
        self.lent = None;
        self.calls.clear();
        self.journal.orphan();
        self.trace.push("dies".to_owned());
    }
    /// A worker takes the workflow over.
    pub(super) fn resume(&mut self) {
        self.wake();
        self.deliver();
        self.begin();
    }
    /// A worker claims it and makes its machine, which has not begun.
    pub(super) fn wake(&mut self) {
        let at = self.journal.header.state.wake_at;
        self.now = at.map_or(self.now, |at| self.now.max(at));
        self.journal.claim();
        self.machines += 1;
        let plan = std::sync::Arc::clone(self.definition.plan());
        let loaded = self.journal.loaded();
        let first_commit = self.machines * 10_000;
        self.machine = Some(Machine::resume(plan, &loaded, self.settings, first_commit, self.env()));
    }
    /// The engine drops the machine and goes on from the journal.
    pub(super) fn reload(&mut self) {
        self.in_flight = None;
        self.lent = None;
        self.calls.clear();
        self.looking.clear();
        self.wants_header = false;
        if self.status().is_ended() {
            self.machine = None;
            self.journal.orphan();
            return;
        }
        self.machines += 1;
        let plan = std::sync::Arc::clone(self.definition.plan());
        let mut loaded = self.journal.loaded();
        loaded.header.unclean = true;
        let first_commit = self.machines * 10_000;
        self.machine = Some(Machine::resume(plan, &loaded, self.settings, first_commit, self.env()));
        self.deliver();
        self.begin();
    }
    pub(super) fn die_and_resume(&mut self) {
        self.die(true);
        self.resume();
    }

    /// This worker ends, with the patience for everything that runs.
    pub(super) fn drain(&mut self) {
        self.feed(Event::Drain);
        self.settle();
        assert!(self.machine.is_none(), "it does not let go: {:#?}", self.trace);
    }
    /// This worker ends, without patience.
    pub(super) fn abandon(&mut self) {
        self.feed(Event::Drain);
        self.calls.clear();
        self.feed(Event::Abandon);
        self.settle();
        assert!(self.machine.is_none(), "it does not let go: {:#?}", self.trace);
    }

    fn operate(&mut self, commit: Result<Commit, OperatorRefusal>) -> Result<(), OperatorRefusal> {
        let outcome = self.journal.operate(&commit?);
        assert!(matches!(outcome, CommitOutcome::Applied { .. }), "{outcome:?}");
        Ok(())
    }
    fn next_commit(&mut self) -> CommitId {
        self.machines += 1;
        CommitId(self.machines * 10_000)
    }
    pub(super) fn retry(&mut self) -> Result<(), OperatorRefusal> {
        let (loaded, id) = (self.journal.loaded(), self.next_commit());
        let plan = std::sync::Arc::clone(self.definition.plan());
        self.operate(retry(&loaded, Some(&plan), "ann", true, self.now, id))
    }
    pub(super) fn cancel_stopped(&mut self) -> Result<(), OperatorRefusal> {
        let (loaded, id) = (self.journal.loaded(), self.next_commit());
        let plan = std::sync::Arc::clone(self.definition.plan());
        self.operate(cancel_stopped(&loaded, Some(&plan), "ann", self.now, id))
    }
    pub(super) fn debt(&mut self, step: &str, action: DebtAction) -> Result<(), OperatorRefusal> {
        let (loaded, id) = (self.journal.loaded(), self.next_commit());
        self.operate(change_debt(&loaded, step, action, "seen to", "ann", self.now, id))
    }

    // ---- reading ------------------------------------------------------------------------------------------

    pub(super) fn status(&self) -> Status {
        self.journal.status()
    }
    pub(super) fn row(&self, name: &str) -> &StepRow {
        let step = self.step(name);
        self.journal.row(step).unwrap_or_else(|| panic!("{name} has no row"))
    }
    /// The row as the machine has it.
    pub(super) fn row_in_memory(&self, name: &str) -> StepRow {
        let step = self.step(name);
        self.machine().rows().find(|row| row.step_order == step).expect("a row")
    }
    pub(super) fn step(&self, name: &str) -> u32 {
        let steps = self.definition.plan().steps().map(|(_, _, s)| s.step_order);
        steps.into_iter().find(|step| self.name(*step) == name).unwrap_or_else(|| panic!("no step {name}"))
    }
    /// The lines of the trace since the last time.
    pub(super) fn take_trace(&mut self) -> Vec<String> {
        std::mem::take(&mut self.trace)
    }
    /// The calls in the trace, without the commits.
    pub(super) fn calls_made(&self) -> Vec<&str> {
        let is_call = |line: &&str| {
            ["run ", "undo ", "undo-late ", "look "].iter().any(|prefix| line.starts_with(prefix))
        };
        self.trace.iter().map(String::as_str).filter(is_call).collect()
    }
    /// The keys of the calls of a kind, in order.
    pub(super) fn keys(&self, name: &str, kind: CallKind) -> Vec<&str> {
        let step = self.step(name);
        let calls = self.all_calls.iter().filter(|c| c.step_order == step && c.kind == kind);
        calls.map(|c| &*c.key).collect()
    }

    fn name(&self, step: u32) -> String {
        let plan = self.definition.plan();
        let node = plan.step_id(step).and_then(|id| plan.node(id)).unwrap();
        node.name.rsplit('.').next().unwrap_or_default().to_owned()
    }
    fn call_line(&self, call: &Call) -> String {
        let verb = match call.kind {
            CallKind::Run => "run",
            CallKind::Undo if call.key.ends_with("/undo-late") => "undo-late",
            CallKind::Undo => "undo",
            CallKind::LookUp => "look",
        };
        format!("{verb} {}", row_name(&self.name(call.step_order), &call.item))
    }
    fn commit_line(&self, commit: &Commit) -> String {
        let mut words = vec!["write".to_owned()];
        if commit.create.is_some() {
            words.push("create".to_owned());
        }
        words.extend(commit.facts.iter().map(|row| {
            let unknown = if row.effect == TouchedEffect::Unknown { "?" } else { "" };
            let name = row_name(&self.name(row.step_order), &row.item);
            format!("{name}={}{unknown}", row.status)
        }));
        if let Some(decision) = &commit.decision {
            words.push(format!("-> {}", decision.state.status));
        }
        words.join(" ")
    }
}

/// `a`, `a[2]`
fn row_name(step: &str, item: &str) -> String {
    if item.is_empty() { step.to_owned() } else { format!("{step}[{item}]") }
}
