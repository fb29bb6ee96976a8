//! Everything that a scenario needs: a database behind a proxy, a world, worker processes, and a look at all of it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::database::Server;
use crate::orders::EFFECTS;
use crate::proxy::Proxy;

/// How long anything may take. It is reached only when something is stuck.
pub(crate) const PATIENCE: Duration = Duration::from_secs(150);

/// The user's own tables, and a second set of books over the journal, which no code of the store writes: which process
/// became which worker, when who was declared dead, and who wrote what.
///
/// A row's writer is the worker whose row its transaction has locked, for that lock is the fence, and nothing else. Its
/// owner is who stands in the header when the statement ends: nobody, if the header was let go by that very statement,
/// which only its owner's decision does. That a write came after its writer's death is seen by the times of the two
/// COMMITs.
const BOOKS: &str = "
CREATE EXTENSION pgrowlocks;
CREATE TABLE bookings (id TEXT PRIMARY KEY);
CREATE TABLE halves (id TEXT, half INT, PRIMARY KEY (id, half));
CREATE TABLE outbox (id TEXT PRIMARY KEY);
CREATE TABLE book_births (worker BIGINT, process TEXT);
CREATE TABLE book_deaths (worker BIGINT, at TIMESTAMPTZ);
CREATE TABLE book_writes (worker BIGINT, owner BIGINT, lets_go BOOLEAN, process TEXT, workflow_id TEXT, at TIMESTAMPTZ);
CREATE FUNCTION book_worker() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO book_births VALUES (NEW.worker, current_setting('application_name'));
  ELSIF OLD.state = 'live' AND NEW.state = 'dead' THEN
    INSERT INTO book_deaths VALUES (NEW.worker, clock_timestamp());
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER book_worker AFTER INSERT OR UPDATE ON orchestration_workers FOR EACH ROW EXECUTE FUNCTION book_worker();
CREATE FUNCTION book_write() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO book_writes SELECT
    (SELECT w.worker FROM pgrowlocks('orchestration_workers') AS l JOIN orchestration_workers AS w ON w.ctid = l.locked_row
      WHERE pg_current_xact_id()::xid = ANY(l.xids)),
    h.worker, h.xmin = pg_current_xact_id()::xid, current_setting('application_name'), h.workflow_id, clock_timestamp()
    FROM orchestration_workflows AS h WHERE h.workflow_id = NEW.workflow_id;
  RETURN NULL;
END $$;
CREATE TRIGGER book_write AFTER INSERT OR UPDATE ON orchestration_workflow_steps
  FOR EACH ROW EXECUTE FUNCTION book_write();";

/// One scenario at a time: some of them measure.
fn alone() -> MutexGuard<'static, ()> {
    static STAGE: Mutex<()> = Mutex::new(());
    STAGE.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) struct Stage {
    pub(crate) seed: u64,
    pub(crate) random: fastrand::Rng,
    pub(crate) lease: Duration,
    pub(crate) proxy: Proxy,
    pub(crate) server: Server,
    pub(crate) home: tempfile::TempDir,
    world: String,
    _world: Reaped,
    _alone: MutexGuard<'static, ()>,
}

/// A process that ends with the test.
struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        let _ = (self.0.kill(), self.0.wait());
    }
}

/// This very program, as another one: `SAGA_PROCESS` says which.
fn program(process: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["process_of_the_other_tests", "--exact", "--ignored", "--nocapture"]);
    command.env("SAGA_PROCESS", process).stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

impl Stage {
    pub(crate) fn new(lease: Duration) -> Self {
        let alone = alone();
        let seed =
            std::env::var("SAGA_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
        println!("SAGA_SEED={seed}");
        let home = tempfile::tempdir().unwrap();
        // The server's user has to get to its folder.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(home.path(), mode).unwrap();
        let server = Server::new(home.path().join("database"));
        let proxy = Proxy::new(server.port, seed);
        let mut child = program("world").env("SAGA_WORLD", home.path().join("world.log")).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let world =
            lines.find_map(|line| Some(line.unwrap().strip_prefix("127.0.0.1:")?.to_owned())).unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        let stage = Self {
            seed,
            random: fastrand::Rng::with_seed(seed),
            lease,
            proxy,
            server,
            home,
            world: format!("127.0.0.1:{world}"),
            _world: Reaped(child),
            _alone: alone,
        };
        // The journal's tables are made by a worker; it leaves at once.
        stage.worker("first").dismiss();
        stage.server.ask(BOOKS);
        stage
    }

    /// A worker process that has joined.
    pub(crate) fn worker(&self, name: &str) -> Worker {
        self.worker_with(name, |_| {})
    }

    pub(crate) fn worker_with(&self, name: &str, with: impl FnOnce(&mut Command)) -> Worker {
        let mut worker = self.spawn(name, with);
        worker.hears("joined");
        worker
    }

    /// A worker process, which joins as soon as it can.
    pub(crate) fn spawn(&self, name: &str, with: impl FnOnce(&mut Command)) -> Worker {
        let log = self.home.path().join(format!("{name}.log"));
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut command = program("worker");
        command.env("SAGA_WORLD", &self.world).env("SAGA_DATABASE", Server::url(self.proxy.port, name));
        command.env("SAGA_LEASE", self.lease.as_secs_f64().to_string()).env("SAGA_NAME", name).stderr(log);
        with(&mut command);
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (told, says) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Some(line) = line.strip_prefix("> ") {
                    let _ = told.send(line.to_owned());
                }
            }
        });
        Worker { name: name.to_owned(), child: Reaped(child), input, says }
    }

    pub(crate) fn ask_world(&self, line: &str) -> String {
        let mut connection = TcpStream::connect(&self.world).unwrap();
        writeln!(connection, "{line}").unwrap();
        let mut answer = String::new();
        BufReader::new(connection).read_line(&mut answer).unwrap();
        answer.trim().to_owned()
    }

    /// Requests of this kind take so long from now on.
    pub(crate) fn pace(&self, op: &str, name: &str, ms: u32) {
        assert_eq!(self.ask_world(&format!("pace {op} {name} {ms}")), "ok");
    }

    pub(crate) fn wait_until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            if begun.elapsed() > PATIENCE {
                self.give_up(what);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Says all that is known, and fails.
    fn give_up(&self, what: &str) -> ! {
        let mut logs = String::new();
        for entry in std::fs::read_dir(self.home.path()).unwrap().flatten() {
            if let Ok(text) = std::fs::read_to_string(entry.path())
                && entry.path().extension().is_some_and(|e| e == "log")
                && entry.file_name() != "world.log"
            {
                let tail = text.lines().rev().take(30).collect::<Vec<_>>();
                logs += &format!(
                    "-- {:?}\n{}\n",
                    entry.file_name(),
                    tail.into_iter().rev().collect::<Vec<_>>().join("\n")
                );
            }
        }
        let left = "SELECT string_agg(w::text, E'\\n') FROM (SELECT workflow_id, status, worker, rev, takeovers, unclean, wake_at, \
                    current_step, error_message FROM orchestration_workflows WHERE status NOT IN ('completed', 'rolled_back') LIMIT 10) w";
        let workers = self.server.ask("SELECT string_agg(w::text, E'\\n') FROM orchestration_workers w");
        let left = self.server.ask(left);
        let sessions = "SELECT string_agg(a::text, E'\\n') FROM (SELECT pid, application_name, state, wait_event, pg_blocking_pids(pid),
                    now() - state_change AS since, left(query, 60) FROM pg_stat_activity WHERE backend_type = 'client backend') a";
        let sessions = self.server.ask(sessions);
        panic!("SAGA_SEED={}: {what}: not in {PATIENCE:?}\n{logs}\n{left}\n{workers}\n{sessions}", self.seed);
    }

    pub(crate) fn live(&self) -> u32 {
        let live = "SELECT count(*) FROM orchestration_workflows WHERE status NOT IN ('completed', 'rolled_back', 'failed')";
        self.server.ask(live).parse().unwrap()
    }

    /// Every write held its fence, was its owner's, and came before its writer was declared dead. How many writes of how
    /// many workers were looked at, and how many of them died.
    pub(crate) fn fence_held(&self) -> (u32, u32, u32) {
        let late = "SELECT count(*) FROM book_writes AS w JOIN book_deaths AS d ON d.worker = w.worker
          WHERE pg_xact_commit_timestamp(w.xmin) > pg_xact_commit_timestamp(d.xmin)";
        assert_eq!(self.server.ask(late), "0", "SAGA_SEED={}: writes of the dead", self.seed);
        let foreign =
            "SELECT string_agg(w::text, E'\\n') FROM (SELECT w.*, b.process AS born_in FROM book_writes AS w
            LEFT JOIN book_births AS b ON b.worker = w.worker
          WHERE w.process IS DISTINCT FROM b.process OR NOT (w.worker = w.owner OR (w.owner IS NULL AND w.lets_go))
          LIMIT 20) AS w";
        assert_eq!(
            self.server.ask(foreign),
            "",
            "SAGA_SEED={}: writes without a fence, or for others",
            self.seed
        );
        let number = |sql: &str| self.server.ask(sql).parse().unwrap();
        (
            number("SELECT count(*) FROM book_writes"),
            number("SELECT count(DISTINCT worker) FROM book_writes"),
            number("SELECT count(*) FROM book_deaths"),
        )
    }

    /// How many batches of which worker the store has refused, by what it says in the processes' logs. What it accepted of
    /// them is in the books.
    pub(crate) fn refused(&self) -> BTreeMap<i64, u32> {
        let mut refused = BTreeMap::new();
        for entry in std::fs::read_dir(self.home.path()).unwrap().flatten() {
            let path = entry.path();
            if path.extension().is_none_or(|e| e != "log") {
                continue;
            }
            for line in std::fs::read_to_string(path).unwrap().lines() {
                if let Some((before, batch)) = line.split_once(" is dead: a batch of ") {
                    assert!(batch.ends_with(" is refused"), "{line}");
                    let worker = before.rsplit(' ').next().unwrap().parse().unwrap();
                    *refused.entry(worker).or_default() += 1;
                }
            }
        }
        refused
    }

    /// All that is known of a workflow, for whoever has to find out what has happened to it.
    fn journal(&self, id: &str) -> String {
        let parts = [
            format!(
                "SELECT status, failure_reason, takeovers, error_message, compensation_error
                  FROM orchestration_workflows WHERE workflow_id = '{id}'"
            ),
            format!(
                "SELECT * FROM orchestration_workflow_steps WHERE workflow_id = '{id}' ORDER BY step_order"
            ),
            format!("SELECT * FROM orchestration_events WHERE workflow_id = '{id}' ORDER BY event_id"),
            format!("SELECT * FROM book_writes WHERE workflow_id = '{id}' ORDER BY at"),
        ];
        parts
            .map(|sql| self.server.ask(&format!("SELECT string_agg(t::text, E'\\n') FROM ({sql}) AS t")))
            .join("\n")
    }

    /// How everything stands when nothing is live any more: of the orders `w…` up to this number each is completed and
    /// has every effect once, or is rolled back and has none; and nothing is left over.
    pub(crate) fn orders_are_done(&self, orders: u32) -> BTreeMap<String, u32> {
        let statuses = self.only_orders_are_done(orders);
        let owned = "SELECT count(*) FROM orchestration_workflows WHERE worker IS NOT NULL";
        assert_eq!(self.server.ask(owned), "0", "SAGA_SEED={}", self.seed);
        statuses
    }

    /// The same, beside other workflows.
    pub(crate) fn only_orders_are_done(&self, orders: u32) -> BTreeMap<String, u32> {
        let seed = self.seed;
        let mut statuses = BTreeMap::new();
        let mut effects = BTreeMap::<String, Vec<String>>::new();
        let state = self.ask_world("state");
        for key in state.split_terminator(';') {
            let words: Vec<&str> = key.split(' ').collect();
            let [done, undone] = [2, 3].map(|n: usize| words[n].parse::<i64>().unwrap());
            assert!((0..=1).contains(&(done - undone)), "SAGA_SEED={seed}: {key}");
            if done > undone {
                let workflow = words[1].split('/').next().unwrap().to_owned();
                effects.entry(workflow).or_default().push(words[0].to_owned());
            }
        }
        let ends = "SELECT workflow_id || ' ' || status || ' ' ||
            (SELECT count(*) FROM bookings WHERE id LIKE w.workflow_id || '/%')
            || coalesce(' because ' || error_message, '') FROM orchestration_workflows AS w";
        let ends = self.server.ask(ends);
        let mut ends: BTreeMap<&str, &str> = ends.lines().map(|line| line.split_once(' ').unwrap()).collect();
        for n in 0..orders {
            let id = format!("w{n}");
            let found = ends.remove(&*id).unwrap_or("not there");
            let mut done = effects.remove(&id).unwrap_or_default();
            done.sort();
            let done: Vec<&str> = done.iter().map(String::as_str).collect();
            // An order that nobody refused may run out of attempts in a long outage: then it is undone like any other.
            let is_whole = match found.split_once(" because ") {
                None => found == "completed 1" && n % 10 >= 3 && done == EFFECTS,
                Some((end, why)) => {
                    if n % 10 >= 3 {
                        println!("{id} ended as {found}\n{}", self.journal(&id));
                    }
                    end == "rolled_back 0" && done.is_empty() && !why.is_empty()
                }
            };
            assert!(is_whole, "SAGA_SEED={seed}: {id} ended as {found} with {done:?}\n{}", self.journal(&id));
            *statuses.entry(found.split(" because ").next().unwrap().to_owned()).or_default() += 1;
        }
        for (what, left) in [
            ("locks", "SELECT count(*) FROM orchestration_locks"),
            ("messages", "SELECT count(*) FROM orchestration_signals"),
            (
                "miscounted",
                "SELECT count(*) FROM (SELECT status, count(*)::bigint AS n FROM orchestration_workflows GROUP BY 1) AS a
                 FULL JOIN (SELECT status, sum(n)::bigint AS n FROM orchestration_statistics
                            WHERE status <> 'entered_rollback' GROUP BY 1) AS b USING (status)
                 WHERE coalesce(a.n, 0) <> coalesce(b.n, 0)",
            ),
        ] {
            assert_eq!(self.server.ask(left), "0", "SAGA_SEED={seed}: {what}");
        }
        statuses
    }
}

/// A worker process.
pub(crate) struct Worker {
    pub(crate) name: String,
    child: Reaped,
    input: ChildStdin,
    says: Receiver<String>,
}

impl Worker {
    /// What it is told to do. It may be dead.
    pub(crate) fn tell(&mut self, line: &str) {
        let _ = writeln!(self.input, "{line}");
    }
    /// Waits until it says something that begins so.
    pub(crate) fn hears(&mut self, beginning: &str) -> String {
        loop {
            let line = self.says.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("{} does not say `{beginning}`", self.name));
            if let Some(rest) = line.strip_prefix(beginning) {
                return rest.trim().to_owned();
            }
        }
    }
    pub(crate) fn kill(mut self) {
        self.child.0.kill().unwrap();
        self.child.0.wait().unwrap();
    }
    pub(crate) fn is_dead(&mut self) -> bool {
        self.child.0.try_wait().unwrap().is_some()
    }
    pub(crate) fn pause(&self) {
        kill_process(Pid::from_child(&self.child.0), Signal::STOP).unwrap();
    }
    pub(crate) fn wake(&self) {
        kill_process(Pid::from_child(&self.child.0), Signal::CONT).unwrap();
    }
    /// Its input ends, and so does it, without a word to anybody.
    fn dismiss(self) {
        let Self { mut child, input, .. } = self;
        drop(input);
        child.0.wait().unwrap();
    }
}
