//! One subscriber, from the request over the kill to the end, and then a look at the systems themselves.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::cell::{Cell, Direction, Moment, Step};
use super::look::{Journal, Look};
use crate::stage::Stage;

const PATIENCE: Duration = Duration::from_secs(60);

/// What becomes of the subscriber if nobody is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Story {
    Completes,
    /// At its sixth step, whose router nobody knows: five steps are undone.
    Fails,
    /// Somebody cancels it on the way.
    Cancelled,
}

pub(super) struct Round<'a> {
    pub(super) stage: &'a mut Stage,
    pub(super) story: Story,
    n: u32,
    key: String,
    journal: Look,
    radius: Look,
    stalls: Vec<(&'static str, Look)>,
    /// What its router was like.
    router: Value,
    /// Requests under way; whoever kills the server gets no answer.
    requests: Vec<JoinHandle<()>>,
}

impl<'a> Round<'a> {
    pub(super) fn new(stage: &'a mut Stage, story: Story) -> Self {
        let n = stage.next_subscriber();
        let (journal, radius) = (Look::into(&stage.file("saga.db")), Look::into(&stage.file("radius.db")));
        let key = format!("subscriber {n}");
        let (stalls, requests, router) = (vec![], vec![], Value::Null);
        let mut round = Self { stage, story, n, key, journal, radius, stalls, router, requests };
        round.router = round.its_router();
        round
    }

    // What happens to it.

    /// Asks for it, and does not wait for an answer.
    pub(super) fn start(&mut self) {
        let mac = if self.story == Story::Fails { "aa:bb:cc:dd:ee:ff".to_owned() } else { self.mac() };
        let body = json!({"email":self.email(),"service_address":"1 Side St",
            "service_plan_id":"plan_basic_100","onu_serial":self.onu(),"cpe_mac":mac});
        let request = self.stage.http.post(self.stage.url("provision-subscriber?wait=0")).json(&body);
        let request = request.header("Idempotency-Key", &self.key);
        self.requests.push(std::thread::spawn(move || drop(request.send())));
    }

    pub(super) fn cancel(&mut self) {
        let id = self.look().expect("a workflow to cancel").id;
        let request = self.stage.http.post(self.stage.url(&format!("workflows/{id}/cancel")));
        self.requests.push(std::thread::spawn(move || drop(request.send())));
    }

    /// From now on nobody else writes to the file.
    pub(super) fn stall(&mut self, file: &'static str) {
        self.stalls.push((file, Look::stall(&self.stage.file(file))));
    }

    pub(super) fn go_on(&mut self, file: &'static str) {
        let stalled = self.stalls.iter_mut().find(|stall| stall.0 == file);
        stalled.expect("a stalled file").1.let_go();
    }

    /// Waits until the journal says so, or it is too late. Without a pause: what follows is often a race.
    pub(super) fn until(&mut self, holds: impl Fn(&Journal) -> bool) {
        let began = Instant::now();
        loop {
            let journal = self.look();
            if journal.as_ref().is_some_and(|journal| holds(journal) || journal.has_ended()) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{} waits in vain: {journal:?}", self.key);
        }
    }

    pub(super) fn until_so(&mut self, what: &str, holds: impl Fn(&mut Self) -> bool) {
        let began = Instant::now();
        while !holds(self) {
            let journal = self.look();
            assert!(began.elapsed() < PATIENCE, "{}: never {what}; {journal:?}", self.key);
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits until all of this system's faults but `rest` have hit.
    pub(super) fn until_hit(&mut self, system: &str, rest: usize) {
        self.until_so(&format!("called {system}"), |round| round.stage.spoilt(system) <= rest);
    }

    // What a look from outside says.

    pub(super) fn look(&mut self) -> Option<Journal> {
        self.journal.journal(&self.key)
    }

    /// How many of this step's effects are there?
    pub(super) fn there(&mut self, step: Step) -> usize {
        let Some(Journal { id, .. }) = self.look() else { return 0 };
        let email = self.email();
        match step {
            Step::Customer => self.journal.count("customers", "email", &email),
            Step::Subscriber => self.journal.count("subscribers", "username", &email),
            Step::Account => self.radius.count("radcheck", "username", &email),
            Step::Address => {
                let netbox = self.stage.world("netbox");
                let addresses = netbox["addresses"].as_array().expect("NetBox's addresses");
                addresses.iter().filter(|address| address.to_string().contains(&id)).count()
            }
            Step::Onu => {
                usize::from(self.stage.world("voltha")["devices"][self.onu()]["admin_state"] == "ENABLED")
            }
            Step::Cpe => usize::from(self.its_router() != self.router),
            Step::Service => self.journal.count("services", "created_by", &format!("{id}%")),
        }
    }

    /// Was the cell hit by the kill that just happened?
    pub(super) fn is_hit(&mut self, cell: Cell) -> bool {
        let Some(journal) = self.look() else { return false };
        let (step, there) = (cell.step, self.there(cell.step) > 0);
        let next_has_begun = |next: Option<&Step>, committed: fn(&Journal, Step) -> bool| {
            next.is_some_and(|next| committed(&journal, *next))
        };
        let place = step as usize;
        match (cell.direction, cell.moment) {
            (Direction::Forward, Moment::Before) => {
                let reached = place == 0 || journal.is_done(Step::ALL[place - 1]);
                reached && !there && ["", "running"].contains(&journal.of(step))
            }
            (Direction::Forward, Moment::Between) => there && ["", "running"].contains(&journal.of(step)),
            (Direction::Forward, Moment::After) => {
                let next = Step::ALL.get(place + 1);
                there && journal.is_done(step) && !next_has_begun(next, Journal::is_done)
            }
            (Direction::Backward, Moment::Before) => {
                let next = Step::ALL.get(place + 1);
                let reached =
                    next.is_none_or(|next| ["", "compensated", "failed"].contains(&journal.of(*next)));
                reached && there && journal.status == "rolling_back" && !journal.is_undone(step)
            }
            (Direction::Backward, Moment::Between) => {
                !there && journal.status == "rolling_back" && !journal.is_undone(step)
            }
            (Direction::Backward, Moment::After) => {
                let next = place.checked_sub(1).map(|before| &Step::ALL[before]);
                !there && journal.is_undone(step) && !next_has_begun(next, Journal::is_undone)
            }
        }
    }

    // Its end.

    /// SIGKILL.
    pub(super) fn kill(&mut self) {
        self.stage.kill();
        self.requests.drain(..).for_each(|request| request.join().unwrap());
    }

    pub(super) fn restart(&mut self) {
        self.stalls.iter_mut().for_each(|(_, stall)| stall.let_go());
        self.stage.restart();
        // As somebody does who got no answer: the same request under the same key.
        self.start();
    }

    /// Waits for this end.
    pub(super) fn end_as(mut self, status: &str) {
        self.until_ended();
        assert_eq!(self.look().unwrap().status, status);
        self.end();
    }

    fn until_ended(&mut self) {
        self.requests.drain(..).for_each(|request| request.join().unwrap());
        self.until_so("ended", |round| round.look().is_some_and(|journal| journal.has_ended()));
    }

    /// Waits for the end, and asks every system what it has: all or nothing.
    pub(super) fn end(mut self) -> &'a mut Stage {
        self.until_ended();
        let journal = self.look().unwrap();
        let wanted = match (&*journal.status, self.story) {
            ("completed", Story::Completes | Story::Cancelled) => 1,
            ("rolled_back", Story::Fails | Story::Cancelled) => 0,
            _ => panic!("nobody should be needed: {:?}, {journal:?}", self.story),
        };
        for step in Step::ALL {
            assert_eq!(self.there(step), wanted, "{step:?} of {:?}, {journal:?}", self.story);
        }
        let netbox = self.stage.world("netbox");
        let times = |what: &str| {
            let effects = netbox["effects"].as_object().expect("NetBox's effects").iter();
            effects
                .filter(|(of, _)| of.starts_with(what) && of.contains(&journal.id))
                .map(|(_, n)| n.as_u64())
                .sum()
        };
        let (allocated, released): (Option<u64>, Option<u64>) = (times("allocate:"), times("release:"));
        assert!(allocated <= Some(2), "allocated {allocated:?} times: {journal:?}");
        assert_eq!(allocated, released.map(|n| n + wanted as u64), "{journal:?}");
        self.stage
    }

    fn email(&self) -> String {
        format!("subscriber.{}@example.com", self.n)
    }
    fn onu(&self) -> String {
        format!("ALCL1{:07}", self.n)
    }
    fn mac(&self) -> String {
        format!("00:11:22:33:45:{:02x}", self.n)
    }
    fn its_router(&self) -> Value {
        let (genieacs, mac) = (self.stage.world("genieacs"), self.mac());
        let mut routers = genieacs["devices"].as_object().expect("GenieACS's routers").values();
        let is_it = |router: &&Value| router.to_string().to_lowercase().contains(&mac);
        let mut router = routers.find(is_it).expect("a router of that address").clone();
        // A router tells nobody its password, so what undoing puts back is a blank one.
        let values = router["values"].as_object_mut().expect("a router's values");
        values.retain(|path, value| !path.ends_with("Password") || !(value == "factory" || value == ""));
        router
    }
}
