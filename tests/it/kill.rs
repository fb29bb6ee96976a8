//! SIGKILL before and after every commit, forwards and backwards: a process of its own on a SQLite file, a world
//! that counts in another one, and an end at which every effect is there once or not at all.
//!
//! A request is held before the world acts (kill: nothing happened), its answer is held when it has acted (kill:
//! between effect and commit), or the database is held by another connection when the answer arrives (kill: in
//! the commit). The next one's arrival tells that the commit before it is durable.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use sqlx::{Connection, Executor, SqliteConnection};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

const KILL: &str = env!("CARGO_BIN_EXE_kill");
const PATIENCE: Duration = Duration::from_secs(60);
const STEPS: [&str; 4] = ["reserve", "switch", "assign", "ship"];

struct Stage {
    home: tempfile::TempDir,
    world: String,
    /// Killed when the test ends.
    _world: Child,
}

/// A process that may be killed.
struct Victim {
    child: Child,
    says: Lines<BufReader<ChildStdout>>,
}

impl Stage {
    async fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut child = command().arg("world").arg(home.path().join("world.log")).spawn().unwrap();
        let mut says = BufReader::new(child.stdout.take().unwrap()).lines();
        let world = says.next_line().await.unwrap().unwrap();
        let stage = Self { home, world, _world: child };
        // The journal's tables, and one of the user's own beside them.
        assert_eq!(stage.victim(None).ended().await, "nothing");
        let mut connection = stage.connect().await;
        connection.execute("CREATE TABLE bookings (id TEXT PRIMARY KEY)").await.unwrap();
        stage
    }
    fn database(&self) -> PathBuf {
        self.home.path().join("saga.db")
    }
    async fn connect(&self) -> SqliteConnection {
        SqliteConnection::connect(&url(&self.database())).await.unwrap()
    }
    async fn ask(&self, line: &str) -> String {
        let mut connection = TcpStream::connect(&self.world).await.unwrap();
        connection.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        BufReader::new(connection).read_line(&mut answer).await.unwrap();
        answer.trim().to_owned()
    }
    async fn script(&self, op: &str, name: &str, mode: &str) {
        assert_eq!(self.ask(&format!("script {op} {name} {mode}")).await, "ok");
    }
    /// Returns when the world holds a request.
    async fn held(&self) {
        timeout(PATIENCE, self.ask("held")).await.expect("nothing came to be held");
    }
    /// Returns when the scripted request has come.
    async fn arrived(&self, victim: &mut Victim, op: &str, name: &str) {
        while self.ask(&format!("waits {op} {name}")).await == "yes" {
            assert!(victim.child.try_wait().unwrap().is_none(), "it ended before {op} {name}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    /// Nobody else writes to the database until this connection is closed.
    async fn stall(&self) -> SqliteConnection {
        let mut connection = self.connect().await;
        connection.execute("PRAGMA busy_timeout = 10000").await.unwrap();
        connection.execute("BEGIN IMMEDIATE").await.unwrap();
        connection
    }
    fn victim(&self, workflow: Option<&str>) -> Victim {
        let mut command = command();
        command.arg("victim").arg(&self.world).arg(self.database()).args(workflow);
        let mut child = command.spawn().unwrap();
        let says = BufReader::new(child.stdout.take().unwrap()).lines();
        Victim { child, says }
    }

    /// The last life, which nobody disturbs, and a look at everything.
    async fn finish(&self, workflow: &str, context: &str) -> String {
        self.ask("release").await;
        let status = self.victim(None).ended().await;
        self.ask("forget").await;
        let state = self.ask("state").await;
        let prefix = format!("{workflow}/");
        let mut effects = vec![];
        for key in state.split_terminator(';') {
            let words: Vec<&str> = key.split(' ').collect();
            let [done, undone, again] = [2, 3, 4].map(|n| words[n].parse::<i64>().unwrap());
            assert_eq!(again, 0, "{context}: {key}");
            if words[1].starts_with(&prefix) && done > undone {
                effects.push(words[0].to_owned());
            }
        }
        let mut connection = self.connect().await;
        let count = async |connection: &mut SqliteConnection, sql: &'static str| -> i64 {
            sqlx::query_scalar(sql).bind(prefix.clone()).fetch_one(connection).await.unwrap()
        };
        let booked = count(&mut connection, "SELECT count(*) FROM bookings WHERE id GLOB ?1 || '*'").await;
        let there: Option<String> =
            sqlx::query_scalar("SELECT status FROM orchestration_workflows WHERE workflow_id = ?")
                .bind(workflow)
                .fetch_optional(&mut connection)
                .await
                .unwrap();
        match there.as_deref() {
            Some("completed") => {
                effects.sort();
                assert_eq!(
                    (effects, booked),
                    (["assign", "reserve", "ship", "switch"].map(String::from).to_vec(), 1),
                    "{context}"
                );
            }
            Some("rolled_back") | None => assert_eq!((effects, booked), (vec![], 0), "{context}"),
            Some(other) => panic!("{context}: it ended as {other}, {status}"),
        }
        for table in ["orchestration_locks", "orchestration_signals"] {
            let sql = format!("SELECT count(*) FROM {table}");
            let left: i64 =
                sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&mut connection).await.unwrap();
            assert_eq!(left, 0, "{context}: {table}");
        }
        connection.close().await.unwrap();
        there.unwrap_or_default()
    }
}

impl Victim {
    async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
    async fn says(&mut self) -> Option<String> {
        timeout(PATIENCE, self.says.next_line()).await.expect("it is stuck").unwrap()
    }
    /// Lets it live to its end.
    async fn ended(mut self) -> String {
        loop {
            let line = self.says().await.expect("it left without a word: see its errors above");
            if let Some(status) = line.strip_prefix("ended ") {
                assert!(timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap().success());
                return status.to_owned();
            }
        }
    }
}

fn command() -> Command {
    let mut command = Command::new(KILL);
    command.stdout(Stdio::piped()).kill_on_drop(true);
    command
}

fn url(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}

/// Where a process is killed.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// The request has arrived and nothing has happened: the commit before it is durable.
    Before,
    /// It has happened, the answer has not been given.
    After,
    /// The answer has been given, and the commit cannot be made.
    InTheCommit,
    /// The request is on its way and lands when its sender is dead.
    Late,
}

/// Kills this life at the cut.
async fn cut(stage: &Stage, mut victim: Victim, op: &str, name: &str, cut: Cut) {
    match cut {
        Cut::Before | Cut::After => {
            stage.held().await;
            victim.kill().await;
            stage.ask("release").await;
        }
        Cut::Late => {
            stage.arrived(&mut victim, op, name).await;
            victim.kill().await;
        }
        Cut::InTheCommit => {
            // The answer comes late enough to take hold of the database before.
            stage.arrived(&mut victim, op, name).await;
            let stall = stage.stall().await;
            tokio::time::sleep(Duration::from_millis(140)).await;
            victim.kill().await;
            stall.close().await.unwrap();
        }
    }
}

fn mode(cut: Cut) -> &'static str {
    match cut {
        Cut::Before => "before",
        Cut::After => "after",
        Cut::InTheCommit => "late 100",
        Cut::Late => "late 60",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn guarantee_05_sigkill_before_and_after_every_commit_leaves_every_effect_once_or_not_at_all() {
    let stage = Stage::new().await;
    let seed =
        std::env::var("SAGA_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
    println!("SAGA_SEED={seed}");
    let mut rounds = 0;
    let mut outcomes = std::collections::BTreeMap::<String, u32>::new();
    let cuts = [Cut::Before, Cut::After, Cut::InTheCommit, Cut::Late];

    // Every call of the way there, of the way back, and of a way there that will lead back, cut in every manner.
    let there = STEPS.map(|name| ("do", name, false));
    let and_back = ["assign", "switch", "reserve"].map(|name| ("undo", name, true));
    let on_the_turn = ["reserve", "switch", "assign"].map(|name| ("do", name, true));
    for (op, name, refused) in there.into_iter().chain(and_back).chain(on_the_turn) {
        for at in cuts {
            rounds += 1;
            let workflow = format!("w{rounds}");
            stage.script(op, name, mode(at)).await;
            if refused {
                stage.script("do", "ship", "no").await;
            }
            cut(&stage, stage.victim(Some(&workflow)), op, name, at).await;
            let status = stage.finish(&workflow, &format!("{workflow}: {op} {name} {at:?}")).await;
            assert_eq!(status, if refused { "rolled_back" } else { "completed" }, "{op} {name} {at:?}");
            *outcomes.entry(status).or_default() += 1;
        }
    }

    // And at any time, once or twice, with a database that is away now and then.
    let mut random = fastrand::Rng::with_seed(seed);
    while rounds < 110 {
        rounds += 1;
        let workflow = format!("w{rounds}");
        let refused = random.bool();
        let mut context = format!("SAGA_SEED={seed} {workflow} refused={refused}");
        for life in 0..random.u32(1..=2) {
            if refused {
                stage.script("do", "ship", "no").await;
            }
            if random.bool() {
                let name = STEPS[random.usize(..STEPS.len() - 1)];
                let op = if random.bool() { "do" } else { "undo" };
                stage.script(op, name, &format!("late {}", random.u32(1..60))).await;
            }
            let first = life == 0;
            let mut victim = stage.victim(first.then_some(workflow.as_str()));
            victim.says().await;
            let stalls = random.u8(..4) == 0;
            let wait = Duration::from_micros(random.u64(0..if refused { 60_000 } else { 30_000 }));
            context = format!("{context}, life {life}: {wait:?} stalls={stalls}");
            let stall = if stalls { Some(stage.stall().await) } else { None };
            tokio::time::sleep(wait).await;
            victim.kill().await;
            if let Some(stall) = stall {
                stall.close().await.unwrap();
            }
        }
        let status = stage.finish(&workflow, &context).await;
        *outcomes.entry(status).or_default() += 1;
    }
    println!("{rounds} rounds: {outcomes:?}");
    assert!(rounds >= 100 && outcomes["completed"] > 10 && outcomes["rolled_back"] > 10);
}
