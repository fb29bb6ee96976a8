//! PostgreSQL servers of the test's own, on free ports of this machine, never run as root.

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long a server may take to come up, or to go.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It throws everybody out and writes down what it has.
    Fast,
    /// As if the power had failed.
    Immediate,
}

/// A server and its files.
pub(crate) struct Server {
    pub(crate) port: u16,
    folder: PathBuf,
    child: Option<Child>,
    settings: Vec<String>,
}

impl Server {
    /// Makes a new database in the folder, and runs it.
    pub(crate) fn new(folder: PathBuf) -> Self {
        make(&folder);
        run(Command::new(program("initdb")).arg("-D").arg(&folder).args([
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]));
        let hba = "host all all 127.0.0.1/32 trust\nhost replication all 127.0.0.1/32 trust\n";
        std::fs::write(folder.join("pg_hba.conf"), hba).unwrap();
        let mut server = Self { port: free_port(), folder, child: None, settings: vec![] };
        server.start();
        server
    }

    /// Makes a copy that follows it.
    pub(crate) fn replica(&self, folder: PathBuf) -> Self {
        make(&folder);
        let mut copy = Command::new(program("pg_basebackup"));
        copy.args(["-h", "127.0.0.1", "-U", "postgres", "-R", "-c", "fast", "--no-sync", "-p"]);
        run(copy.arg(self.port.to_string()).arg("-D").arg(&folder));
        let mut replica = Self { port: free_port(), folder, child: None, settings: vec![] };
        replica.start();
        replica
    }

    /// The same, and lets the first one acknowledge nothing that the copy has not on disk too.
    pub(crate) fn standby(&mut self, folder: PathBuf) -> Self {
        let standby = self.replica(folder);
        self.settings = vec!["synchronous_standby_names=*".to_owned()];
        self.stop(Stop::Fast);
        self.start();
        let begun = Instant::now();
        while self.ask("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") != "1" {
            assert!(begun.elapsed() < PATIENCE, "the standby does not follow: see {:?}", standby.folder);
            std::thread::sleep(Duration::from_millis(50));
        }
        standby
    }

    pub(crate) fn start(&mut self) {
        let log =
            std::fs::OpenOptions::new().create(true).append(true).open(self.folder.join("log")).unwrap();
        let mut command = Command::new(program("postgres"));
        command.arg("-D").arg(&self.folder).arg("-p").arg(self.port.to_string());
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=100",
            "track_commit_timestamp=on",
            "wal_level=replica",
        ] {
            command.arg("-c").arg(setting);
        }
        for setting in &self.settings {
            command.arg("-c").arg(setting);
        }
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let mut spawn = || unprivileged(&mut command).spawn().unwrap();
        let mut child = spawn();
        let begun = Instant::now();
        while self.query("SELECT 1").is_none() {
            let log = || std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(begun.elapsed() < PATIENCE, "it does not start: {}", log());
            std::thread::sleep(Duration::from_millis(20));
            // While it was down somebody's connection may have left from its port.
            if child.try_wait().unwrap().is_some() {
                assert!(log().contains("Address already in use"), "it does not start: {}", log());
                std::thread::sleep(Duration::from_millis(200));
                child = spawn();
            }
        }
        self.child = Some(child);
    }

    pub(crate) fn stop(&mut self, how: Stop) {
        let Some(mut child) = self.child.take() else { return };
        let signal = if how == Stop::Fast { Signal::INT } else { Signal::QUIT };
        kill_process(Pid::from_child(&child), signal).unwrap();
        child.wait().unwrap();
    }

    /// From now on it is the one that writes.
    pub(crate) fn promote(&self) {
        run(unprivileged(
            Command::new(program("pg_ctl")).arg("-D").arg(&self.folder).args(["-w", "promote"]),
        ));
    }

    /// One value.
    pub(crate) fn ask(&self, sql: &str) -> String {
        self.query(sql).unwrap_or_else(|| panic!("no answer to {sql}"))
    }

    fn query(&self, sql: &str) -> Option<String> {
        let mut command = Command::new(program("psql"));
        command.args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "postgres", "-p"]);
        let output = command.arg(self.port.to_string()).args(["-c", sql, "postgres"]).output().unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
    }

    /// Its address, for whoever reaches it at this port.
    pub(crate) fn url(port: u16, name: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{port}/postgres?application_name={name}")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop(Stop::Immediate);
    }
}

fn program(name: &str) -> PathBuf {
    let folder = std::env::var("PGBIN").unwrap_or_else(|_| "/usr/lib/postgresql/15/bin".to_owned());
    Path::new(&folder).join(name)
}

/// PostgreSQL refuses to run as root: its user and group there, if this process is root.
fn owner() -> Option<(u32, u32)> {
    if !rustix::process::getuid().is_root() {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let line = users.lines().find(|line| line.starts_with("postgres:"));
    let words: Vec<&str> =
        line.expect("PostgreSQL 15 is not installed: run scripts/test processes").split(':').collect();
    Some((words[2].parse().unwrap(), words[3].parse().unwrap()))
}

fn unprivileged(command: &mut Command) -> &mut Command {
    if let Some((user, group)) = owner() {
        command.uid(user).gid(group);
    }
    command.current_dir("/")
}

fn make(folder: &Path) {
    std::fs::create_dir(folder).unwrap();
    if let Some((user, group)) = owner() {
        std::os::unix::fs::chown(folder, Some(user), Some(group)).unwrap();
    }
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(folder, mode).unwrap();
}

fn run(command: &mut Command) {
    let output = unprivileged(command).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
