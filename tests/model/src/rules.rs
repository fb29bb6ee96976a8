//! What may happen next, and what becomes of it.

use crate::state::{Condition, Fault, Flow, Hand, Job, Known, Life, Phase, Row, State, Tx, Write};
use crate::words::{Bug, Group, LEASE};

/// One thing that happens. Numbers are processes, workers and workflows.
#[expect(missing_docs, reason = "the text above says who is meant")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Time passes, for all clocks.
    Tick,
    /// A process becomes a new worker: one that was declared dead, or one that was started again.
    Join(u8),
    /// A process is stopped, or suspended.
    Pause(u8),
    /// It goes on.
    Resume(u8),
    /// It is gone, and its memory with it.
    Crash(u8),
    /// The server ends every transaction and forgets who was connected.
    ServerRestarts,
    /// A worker's heartbeat arrives.
    Beat(u8),
    /// The worker hears that it did.
    BeatAnswered(u8),
    /// A worker finds another one silent, and begins to declare it dead.
    Look { process: u8, victim: u8 },
    /// A worker asks for a workflow, and has it locked.
    Claim { process: u8, flow: u8 },
    /// A worker asks what it owns, and finds one that it knew nothing of.
    TakeUp { process: u8, flow: u8 },
    /// A worker sends a commit.
    Send { process: u8, flow: u8, write: Write },
    /// A worker takes a workflow from a dead one.
    Orphan { process: u8, victim: u8, flow: u8 },
    /// A worker removes a tombstone.
    Bury { process: u8, victim: u8 },
    /// The server takes a snapshot for a batch that was long on its way.
    Begin(Tx),
    /// The statement takes its locks, for which it has waited, and looks again.
    Lock(Tx),
    /// The transaction ends. Is its answer heard?
    Commit { tx: Tx, is_heard: bool },
    /// The process waits no longer for an answer, and asks again. Does what it has asked still lie on the wire?
    GiveUp { tx: Tx, is_on_the_wire: bool },
    /// The server ends a transaction that nobody leads.
    Close(Tx),
}

/// How an answer sounds.
#[derive(Clone, Copy)]
enum Answer {
    Yes,
    /// Something else is in the journal than was expected.
    No,
    Fenced,
    Nothing,
}

/// Everything that may happen. `unlimited`: however often it did.
pub(crate) fn possible(group: &Group, state: &State, unlimited: bool, found: &mut Vec<Action>) {
    if state.fault.is_some() {
        return;
    }
    let budget = state.budget;
    for tx in &state.txs {
        served(group, state, *tx, found);
    }
    found.push(Action::Tick);
    for (process, one) in (0..).zip(&state.processes) {
        match (one.condition, &one.life) {
            (Condition::Paused, _) => {
                found.push(Action::Resume(process));
                continue;
            }
            (Condition::Works, None) => {
                if unlimited || budget.returns > 0 {
                    found.push(Action::Join(process));
                }
                continue;
            }
            (Condition::Works, Some(life)) => works(group, state, unlimited, process, life, found),
        }
        if budget.pauses > 0 {
            found.push(Action::Pause(process));
        }
        if budget.crashes > 0 {
            found.push(Action::Crash(process));
        }
    }
    if budget.restarts > 0 {
        found.push(Action::ServerRestarts);
    }
}

/// What a worker may do.
fn works(group: &Group, state: &State, unlimited: bool, process: u8, life: &Life, found: &mut Vec<Action>) {
    match life.beat {
        _ if state.is_being_fenced(life.worker) => {}
        // One that comes before any time has passed changes nothing.
        None if group.requests && life.may_send < LEASE
            || state.rows[usize::from(life.worker)] != Row::Live(LEASE) =>
        {
            found.push(Action::Beat(process))
        }
        None => {}
        Some(_) => found.push(Action::BeatAnswered(process)),
    }
    let asked = |job: fn(&Job) -> bool| state.txs.iter().any(|tx| tx.client == Some(process) && job(&tx.job));
    for (victim, row) in (0..).zip(&state.rows) {
        match row {
            Row::Live(left) => {
                let ahead = if group.has(Bug::LeaseByOwnClock) { group.ahead(process) } else { 0 };
                let is_silent = *left <= ahead && (unlimited || state.budget.deaths > 0);
                if is_silent && victim != life.worker && !asked(|job| matches!(job, Job::Fence { .. })) {
                    found.push(Action::Look { process, victim });
                }
            }
            Row::Dead => {
                let is_named = state.flows.iter().any(|flow| flow.owner == Some(victim));
                if !is_named || group.has(Bug::BuriedTooEarly) {
                    found.push(Action::Bury { process, victim });
                }
            }
            Row::Gone => {}
        }
        let inherits = *row == Row::Dead || *row == Row::Gone && life.heir_of == Some(victim);
        for flow in 0..group.workflows {
            if inherits && state.owns(victim, flow) && !state.is_header_held(flow) {
                found.push(Action::Orphan { process, victim, flow });
            }
        }
    }
    for (flow, hand) in (0..).zip(&life.hands) {
        let header = state.flows[usize::from(flow)];
        let is_asked_for = state
            .txs
            .iter()
            .any(|tx| tx.client == Some(process) && matches!(tx.job, Job::Claim { flow: f } if f == flow));
        match hand {
            Hand::Empty if is_asked_for => {}
            Hand::Empty if header.owner.is_none() && !header.done => {
                // It waits for whoever is declaring it dead, and passes over what somebody else holds.
                let waits = state.is_being_fenced(life.worker) && !group.has(Bug::ClaimNotFenced);
                if !waits && !state.is_header_held(flow) {
                    found.push(Action::Claim { process, flow });
                }
            }
            Hand::Empty if state.owns(life.worker, flow) && !group.has(Bug::StraysNotAskedFor) => {
                found.push(Action::TakeUp { process, flow });
            }
            Hand::Empty | Hand::Waits(..) => {}
            Hand::Runs(_) => {
                let next = if header.fact { Write::Finish } else { Write::Fact };
                found.push(Action::Send { process, flow, write: next });
                if state.budget.releases > 0 {
                    found.push(Action::Send { process, flow, write: Write::Release });
                }
            }
        }
    }
}

/// What the server may do with a transaction.
fn served(group: &Group, state: &State, tx: Tx, found: &mut Vec<Action>) {
    let leader = tx.client.map(|p| state.processes[usize::from(p)].condition);
    let is_led = leader == Some(Condition::Works) || !tx.is_led();
    match tx.phase {
        Phase::Sent => found.push(Action::Begin(tx)),
        Phase::Begun { .. } if may_lock(group, state, tx) => found.push(Action::Lock(tx)),
        Phase::Begun { .. } => {}
        // It waits for the header.
        Phase::Locked { .. } if matches!(tx.job, Job::Batch { flow, write: Write::Release, .. } if state.is_header_held(flow)) =>
            {}
        Phase::Locked { .. } if is_led => {
            found.push(Action::Commit { tx, is_heard: true });
            if tx.client.is_some() && state.budget.losses > 0 {
                found.push(Action::Commit { tx, is_heard: false });
            }
        }
        Phase::Locked { .. } => {}
    }
    if leader == Some(Condition::Works) && state.budget.losses > 0 {
        found.push(Action::GiveUp { tx, is_on_the_wire: false });
        if matches!(tx, Tx { job: Job::Batch { .. }, phase: Phase::Begun { .. }, .. }) {
            found.push(Action::GiveUp { tx, is_on_the_wire: true });
        }
    }
    let is_idle = leader == Some(Condition::Paused) && matches!(tx.phase, Phase::Locked { .. });
    if tx.is_led() && (leader.is_none() || is_idle && !group.has(Bug::OpenTransactionsStay)) {
        found.push(Action::Close(tx));
    }
}

/// Does it hold its worker's row `FOR KEY SHARE`, once it has its locks?
fn shares(group: &Group, tx: Tx) -> bool {
    match tx.job {
        Job::Batch { .. } => !group.has(Bug::FenceNotAsked) && !group.has(Bug::SnapshotNotRechecked),
        Job::Claim { .. } => !group.has(Bug::ClaimNotFenced),
        Job::Fence { .. } => false,
    }
}

/// Is what it wants to lock free?
fn may_lock(group: &Group, state: &State, tx: Tx) -> bool {
    match tx.job {
        Job::Fence { victim } => {
            let holds = |other: &Tx| {
                matches!(other.phase, Phase::Locked { .. }) && other.worker == victim && shares(group, *other)
            };
            let must_wait = !group.has(Bug::FenceDoesNotWait) && state.txs.iter().any(holds);
            !must_wait && !state.is_being_fenced(victim)
        }
        Job::Batch { flow, write: Write::Finish, .. } if state.is_header_held(flow) => false,
        Job::Batch { .. } | Job::Claim { .. } => !shares(group, tx) || !state.is_being_fenced(tx.worker),
    }
}

/// The moment after, if anything has changed.
pub(crate) fn next(group: &Group, state: &State, action: Action) -> Option<State> {
    let mut after = state.clone();
    after.happen(group, action);
    let after = after.plain();
    (after != *state).then_some(after)
}

impl State {
    fn happen(&mut self, group: &Group, action: Action) {
        match action {
            Action::Tick => self.tick(group),
            Action::Join(process) => self.join(group, process),
            Action::Pause(process) => {
                self.budget.pauses = self.budget.pauses.saturating_sub(1);
                self.processes[usize::from(process)].condition = Condition::Paused;
            }
            Action::Resume(process) => self.resume(process),
            Action::Crash(process) => {
                self.budget.crashes = self.budget.crashes.saturating_sub(1);
                self.die(process);
            }
            Action::ServerRestarts => self.server_restarts(),
            Action::Beat(process) => self.beat(group, process),
            Action::BeatAnswered(process) => {
                let life = self.life(process);
                let age = life.beat.take().unwrap_or(LEASE);
                let age = if group.has(Bug::LeaseFromAnswer) { 0 } else { age };
                life.may_send = life.may_send.max(LEASE - age);
            }
            Action::Look { process, victim } => {
                let worker = self.life(process).worker;
                let phase = Phase::Begun { lives: true, owns: true };
                self.txs.push(Tx { worker, client: Some(process), job: Job::Fence { victim }, phase });
            }
            Action::Claim { process, flow } => {
                let worker = self.life(process).worker;
                if self.lives(worker) || group.has(Bug::ClaimNotFenced) {
                    let phase = Phase::Locked { owns: true };
                    self.txs.push(Tx { worker, client: Some(process), job: Job::Claim { flow }, phase });
                } else {
                    self.die(process);
                }
            }
            Action::TakeUp { process, flow } => {
                let Flow { rev, since, .. } = self.flows[usize::from(flow)];
                self.life(process).hands[usize::from(flow)] = Hand::Runs(Known { rev, since });
            }
            Action::Send { process, flow, write } => {
                if let Hand::Runs(known) = self.life(process).hands[usize::from(flow)] {
                    if write == Write::Release {
                        self.budget.releases = self.budget.releases.saturating_sub(1);
                    }
                    self.send(process, flow, known, write);
                }
            }
            Action::Orphan { flow, .. } => {
                let header = &mut self.flows[usize::from(flow)];
                header.owner = None;
                header.rev += 1;
            }
            Action::Bury { victim, .. } => self.rows[usize::from(victim)] = Row::Gone,
            Action::Begin(tx) => self.begin(tx),
            Action::Lock(tx) => self.lock(group, tx),
            Action::Commit { tx, is_heard } => self.commit(group, tx, is_heard),
            Action::GiveUp { tx, is_on_the_wire } => {
                self.budget.losses = self.budget.losses.saturating_sub(1);
                self.remove(tx);
                self.answer(tx, Answer::Nothing);
                // What has to be led comes to nothing now.
                let phase = if is_on_the_wire { Phase::Sent } else { tx.phase };
                self.txs.push(Tx { client: None, phase, ..tx });
            }
            Action::Close(tx) => {
                self.remove(tx);
                self.answer(tx, Answer::Nothing);
            }
        }
    }

    fn life(&mut self, process: u8) -> &mut Life {
        self.processes[usize::from(process)].life.as_mut().expect("only the living act")
    }

    fn tick(&mut self, group: &Group) {
        for row in &mut self.rows {
            if let Row::Live(left) = row {
                *left = left.saturating_sub(1);
            }
        }
        for process in &mut self.processes {
            let stands_still = process.condition == Condition::Paused && group.has(Bug::ClockStopsInSuspend);
            let Some(life) = process.life.as_mut().filter(|_| !stands_still) else { continue };
            life.may_send = life.may_send.saturating_sub(1);
            // Nobody waits longer for the answer.
            life.beat = life.beat.map(|age| age + 1).filter(|age| *age <= LEASE);
        }
    }

    fn join(&mut self, group: &Group, process: u8) {
        self.budget.returns = self.budget.returns.saturating_sub(1);
        let was = self.processes[usize::from(process)].was;
        let worker = match was {
            Some(was) if !self.lives(was) => was,
            _ => {
                self.rows.push(Row::Dead);
                u8::try_from(self.rows.len() - 1).expect("a few")
            }
        };
        self.rows[usize::from(worker)] = Row::Live(LEASE);
        self.processes[usize::from(process)].life = Some(Life::new(worker, group));
        if group.has(Bug::NameUsedAgain) {
            self.processes[usize::from(process)].was = Some(worker);
        }
    }

    /// A process goes on, and asks again what it has no answer to.
    fn resume(&mut self, process: u8) {
        let one = &mut self.processes[usize::from(process)];
        one.condition = Condition::Works;
        let Some(life) = &one.life else { return };
        for (flow, hand) in (0..).zip(&life.hands) {
            let Hand::Waits(Known { rev, since }, write) = *hand else { continue };
            let job = Job::Batch { flow, write, rev, since };
            if !self.txs.iter().any(|tx| tx.client == Some(process) && tx.job == job) {
                self.txs.push(Tx { worker: life.worker, client: Some(process), job, phase: Phase::Sent });
            }
        }
    }

    /// The end of an incarnation, in its own process.
    fn die(&mut self, process: u8) {
        self.processes[usize::from(process)].life = None;
        // What nobody leads and holds nothing comes to nothing.
        self.txs.retain(|tx| {
            tx.client != Some(process) || !tx.is_led() || matches!(tx.phase, Phase::Locked { .. })
        });
        for tx in self.txs.iter_mut().filter(|tx| tx.client == Some(process)) {
            tx.client = None;
        }
    }

    fn server_restarts(&mut self) {
        self.budget.restarts = self.budget.restarts.saturating_sub(1);
        for tx in std::mem::take(&mut self.txs) {
            self.answer(tx, Answer::Nothing);
        }
        for process in &mut self.processes {
            if let Some(life) = &mut process.life {
                life.beat = None;
            }
        }
    }

    fn beat(&mut self, group: &Group, process: u8) {
        let worker = self.life(process).worker;
        match &mut self.rows[usize::from(worker)] {
            Row::Live(left) => {
                *left = LEASE;
                self.life(process).beat = group.requests.then_some(0);
            }
            Row::Dead | Row::Gone => self.die(process),
        }
    }

    fn send(&mut self, process: u8, flow: u8, known: Known, write: Write) {
        let life = self.life(process);
        life.hands[usize::from(flow)] = Hand::Waits(known, write);
        let worker = life.worker;
        let job = Job::Batch { flow, write, rev: known.rev, since: known.since };
        let phase = self.snapshot(worker, flow);
        self.txs.push(Tx { worker, client: Some(process), job, phase });
    }

    fn remove(&mut self, tx: Tx) {
        if let Some(at) = self.txs.iter().position(|other| *other == tx) {
            self.txs.remove(at);
        }
    }

    fn begin(&mut self, tx: Tx) {
        self.remove(tx);
        let Job::Batch { flow, .. } = tx.job else { return };
        self.txs.push(Tx { phase: self.snapshot(tx.worker, flow), ..tx });
    }

    fn snapshot(&self, worker: u8, flow: u8) -> Phase {
        Phase::Begun { lives: self.lives(worker), owns: self.owns(worker, flow) }
    }

    fn lock(&mut self, group: &Group, tx: Tx) {
        self.remove(tx);
        let Phase::Begun { lives, owns } = tx.phase else { return };
        let locked = |owns| Tx { phase: Phase::Locked { owns }, ..tx };
        match tx.job {
            Job::Batch { flow, write, rev, .. } => {
                let lives = match () {
                    () if group.has(Bug::FenceNotAsked) => true,
                    () if group.has(Bug::SnapshotNotRechecked) => lives,
                    () => self.lives(tx.worker),
                };
                if !lives {
                    return self.answer(tx, Answer::Fenced);
                }
                // The careful way reads the header when it has locked it.
                let header = self.flows[usize::from(flow)];
                let is_expected = header.rev == rev || group.has(Bug::DecisionNotCompared);
                let owns =
                    if write == Write::Finish { self.owns(tx.worker, flow) && is_expected } else { owns };
                self.txs.push(locked(owns));
            }
            // It has been locked when it was asked for.
            Job::Claim { .. } => {}
            Job::Fence { victim } => {
                let is_silent = match self.rows[usize::from(victim)] {
                    Row::Live(left) => {
                        left == 0 || group.has(Bug::FenceLooksOnce) || group.has(Bug::LeaseByOwnClock)
                    }
                    Row::Dead | Row::Gone => false,
                };
                if is_silent {
                    self.txs.push(locked(true));
                }
            }
        }
    }

    fn commit(&mut self, group: &Group, tx: Tx, is_heard: bool) {
        self.remove(tx);
        let Phase::Locked { owns } = tx.phase else { return };
        let mut answer = match tx.job {
            Job::Batch { flow, write, rev, since } => {
                let header = self.flows[usize::from(flow)];
                let is_expected = header.rev == rev || group.has(Bug::DecisionNotCompared);
                match write {
                    _ if !owns => Answer::No,
                    Write::Fact if header.fact => Answer::Yes,
                    Write::Release | Write::Finish if !is_expected => Answer::No,
                    _ => {
                        self.accept(tx.worker, flow, write, since);
                        Answer::Yes
                    }
                }
            }
            Job::Claim { flow } => {
                let header = &mut self.flows[usize::from(flow)];
                header.owner = Some(tx.worker);
                header.rev += 1;
                header.since = header.rev;
                Answer::Yes
            }
            Job::Fence { victim } => {
                if matches!(self.rows[usize::from(victim)], Row::Live(1..)) {
                    self.fault = Some(Fault::DeadTooEarly);
                }
                self.budget.deaths = self.budget.deaths.saturating_sub(1);
                let buried = group.has(Bug::NoTombstone);
                self.rows[usize::from(victim)] = if buried { Row::Gone } else { Row::Dead };
                Answer::Yes
            }
        };
        if !is_heard {
            self.budget.losses = self.budget.losses.saturating_sub(1);
            answer = Answer::Nothing;
        }
        self.answer(tx, answer);
    }

    fn accept(&mut self, worker: u8, flow: u8, write: Write, since: u8) {
        if !self.lives(worker) {
            self.fault = Some(Fault::DeadWrote);
        } else if self.flows[usize::from(flow)].since != since || !self.owns(worker, flow) {
            self.fault = Some(Fault::StaleWrote);
        }
        let header = &mut self.flows[usize::from(flow)];
        match write {
            Write::Fact => header.fact = true,
            Write::Release | Write::Finish => {
                header.owner = None;
                header.rev += 1;
                header.done = write == Write::Finish;
            }
        }
    }

    /// What a transaction's process hears, if it is still the one that has asked.
    fn answer(&mut self, tx: Tx, answer: Answer) {
        let Some(process) = tx.client else { return };
        if matches!(answer, Answer::Fenced) {
            return self.die(process);
        }
        let flows = self.flows.clone();
        let is_paused = self.processes[usize::from(process)].condition == Condition::Paused;
        let Some(life) = self.processes[usize::from(process)].life.as_mut() else { return };
        match (tx.job, answer) {
            (Job::Fence { victim }, Answer::Yes) if self.rows[usize::from(victim)] == Row::Gone => {
                life.heir_of = Some(victim);
            }
            (Job::Claim { flow }, Answer::Yes) => {
                let Flow { rev, since, .. } = flows[usize::from(flow)];
                life.hands[usize::from(flow)] = Hand::Runs(Known { rev, since });
            }
            (Job::Fence { .. } | Job::Claim { .. }, _) => {}
            (Job::Batch { flow, write, .. }, answer) => {
                let hand = &mut life.hands[usize::from(flow)];
                let header = flows[usize::from(flow)];
                let Hand::Waits(known, _) = *hand else { return };
                *hand = match (answer, write) {
                    // A paused one hears of that when it goes on.
                    (Answer::Nothing, _) if is_paused => return,
                    (Answer::Nothing, _) => {
                        // The same again, which may be on its way for as long as it likes.
                        return self.txs.push(Tx { phase: Phase::Sent, ..tx });
                    }
                    (Answer::Yes, Write::Fact) => Hand::Runs(known),
                    (Answer::Yes, _) => Hand::Empty,
                    // It reads the header, and decides again.
                    _ if header.owner == Some(life.worker) => {
                        Hand::Runs(Known { rev: header.rev, since: header.since })
                    }
                    _ => Hand::Empty,
                };
            }
        }
    }
}
