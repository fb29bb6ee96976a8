//! A PgBouncer of a test's own, which can be killed and comes back at the same address.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::{Child, Command};
use std::time::Duration;

use sqlx::PgConnection;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

use crate::kit::url;

pub(crate) struct Bouncer {
    folder: TempDir,
    port: u16,
    process: Child,
}

fn run(folder: &TempDir) -> Child {
    let mut command = Command::new("pgbouncer");
    // It refuses to be root.
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        command.args(["-u", "postgres"]);
    }
    command.arg("-q").arg(folder.path().join("pgbouncer.ini")).spawn().unwrap()
}

impl Bouncer {
    /// Before the server of `url`, in transaction mode. It answers.
    pub(crate) async fn start() -> Self {
        let at: PgConnectOptions = url().parse().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let ini = format!(
            "[databases]\nsaga = host={} port={} dbname={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\npool_mode = transaction\ndefault_pool_size = 5\nauth_type = scram-sha-256\n\
             auth_file = {}\n",
            at.get_host(),
            at.get_port(),
            at.get_database().unwrap(),
            folder.path().join("users.txt").display(),
        );
        for (name, text) in [("pgbouncer.ini", ini.as_str()), ("users.txt", "\"postgres\" \"pgpass\"\n")] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let process = run(&folder);
        let bouncer = Self { folder, port, process };
        bouncer.answers().await;
        bouncer
    }
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres:pgpass@127.0.0.1:{}/saga?sslmode=disable", self.port)
    }
    /// As it has to be connected to.
    pub(crate) fn address(&self) -> PgConnectOptions {
        let address: PgConnectOptions = self.url().parse().unwrap();
        address.statement_cache_capacity(0).extra_float_digits(None)
    }
    /// One more user, by the same password.
    pub(crate) async fn admit(&self, user: &str) {
        let users = format!("\"postgres\" \"pgpass\"\n\"{user}\" \"pgpass\"\n");
        fs::write(self.folder.path().join("users.txt"), users).unwrap();
        let pid = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
        let ask = async {
            loop {
                if let Ok(connection) = self.address().username(user).connect().await {
                    return connection.close().await.unwrap();
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), ask).await.expect("the user is not let in");
    }
    async fn answers(&self) {
        let ask = async {
            loop {
                let asked: Result<PgConnection, _> = self.address().connect().await;
                if let Ok(connection) = asked {
                    return connection.close().await.unwrap();
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), ask).await.expect("pgbouncer does not answer");
    }
    /// Nothing that it had under way gets an answer.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
    pub(crate) async fn comes_back(&mut self) {
        self.process = run(&self.folder);
        self.answers().await;
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
