//! The product as one function: store, systems, engine and API, started in order and stopped in reverse.

mod credentials;
mod error;
mod files;
mod http;
mod journal;
mod options;
mod patience;
mod refusal;
mod systems;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use saga::{Config, Engine, Keep, Resources, Retention};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::adapters::database::{self, Database};
use crate::api::{self, Api, Readiness};
use crate::config::{self, Configuration};
use crate::ports::{AddressPool, Business, OpticalLine, Radius, RouterConfig};
use crate::secret::SecretKey;
use crate::workflow::provision_subscriber;
use credentials::Desk;
use journal::Journal;
use systems::{Adapters, Simulators};

pub use error::ServerError;
pub use options::Options;

/// What the steps are given.
#[derive(Resources)]
pub struct Systems {
    business: Arc<dyn Business>,
    radius: Arc<dyn Radius>,
    addresses: Arc<dyn AddressPool>,
    line: Arc<dyn OpticalLine>,
    routers: Arc<dyn RouterConfig>,
    secrets: SecretKey,
}

/// Does what the command line says: starts, prints one line for each thing that started, runs until `stop`
/// resolves, and stops everything in order.
///
/// # Errors
/// [`ServerError`].
pub async fn run(options: &Options, stop: impl Future<Output = ()>) -> Result<(), ServerError> {
    let configuration = options.configuration()?;
    tracing::info!("configuration in force:\n{}", configuration.shown());
    if options.simulators_only {
        make_folder(&configuration)?;
        let simulators = Simulators::start(&configuration).await?;
        simulators.lines().iter().for_each(|line| say(line));
        stop.await;
        simulators.stop().await;
        return Ok(());
    }
    let server = Server::start(&configuration, options.new).await?;
    server.lines.iter().for_each(|line| say(line));
    say(&try_it(server.address));
    stop.await;
    tracing::info!("stopping");
    server.stop().await
}

/// The running product.
pub struct Server {
    /// Where the API listens.
    pub address: SocketAddr,
    /// One line for each thing that runs: its name, a space, and where it is.
    pub lines: Vec<String>,
    engine: Engine<Systems>,
    journal: Journal,
    simulators: Simulators,
    grace: Duration,
    hang_up: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Server {
    /// Starts store, systems, engine and API. `new`: with an empty database although there was one before.
    ///
    /// # Errors
    /// [`ServerError`]; what had started is stopped.
    pub async fn start(c: &Configuration, new: bool) -> Result<Self, ServerError> {
        make_folder(c)?;
        // The lock on the data comes first: before ports, migrations and simulators.
        let journal = Journal::open(c, new).await?;
        let secrets = match &c.key_file {
            Some(path) => SecretKey::read(path)?,
            None => SecretKey::open(&c.data)?,
        };
        journal.check_key(&secrets).await?;
        let listener = TcpListener::bind(c.listen).await.map_err(|e| ServerError::Listen(c.listen, e))?;
        let address = listener.local_addr().map_err(|e| ServerError::Listen(c.listen, e))?;
        let simulators = Simulators::start(c).await?;
        let adapters = Adapters::connect(c, &simulators).await?;
        let head = [format!("api http://{address}"), journal.line(c)];
        let lines = [head.to_vec(), simulators.lines(), adapters.lines.clone()].concat();
        let engine = engine(c, &journal, adapters, &secrets, simulators.is_complete()).await?;
        if !address.ip().is_loopback() {
            tracing::warn!(%address, "the API listens beyond this machine and asks nobody who he is");
        }
        let (hang_up, hung_up) = oneshot::channel::<()>();
        let app = api::router(api(c, &journal, &engine, secrets));
        let limits =
            http::Limits { connections: files::room_for(c.limits.connections), patience: patience(c) };
        let serving = tokio::spawn(http::serve(listener, app, limits, hung_up));
        let grace = Duration::from_millis(c.grace_ms);
        Ok(Self { address, lines, engine, journal, simulators, grace, hang_up, serving })
    }

    /// Takes no more requests, lets steps end, hands the rest over to the next start, and stops.
    ///
    /// # Errors
    /// When the API had failed.
    pub async fn stop(mut self) -> Result<(), ServerError> {
        // The API may have stopped by itself.
        let _ = self.hang_up.send(());
        if let Err(error) = self.engine.shutdown(self.grace).await {
            tracing::warn!(%error, "the store could not be told; the next start takes over as after a crash");
        }
        let served = match tokio::time::timeout(self.grace, &mut self.serving).await {
            Ok(served) => served.map_err(|e| ServerError::Api(io::Error::other(e))),
            Err(_) => {
                // Callers who wait longer than the grace period are cut off.
                self.serving.abort();
                Ok(())
            }
        };
        self.journal.close().await;
        self.simulators.stop().await;
        served
    }
}

fn make_folder(c: &Configuration) -> Result<(), ServerError> {
    std::fs::create_dir_all(&c.data).map_err(|e| ServerError::Data(c.data.display().to_string(), e))
}

async fn engine(
    c: &Configuration,
    journal: &Journal,
    adapters: Adapters,
    secrets: &SecretKey,
    simulated: bool,
) -> Result<Engine<Systems>, ServerError> {
    let systems = Systems {
        business: Arc::new(Database::new()),
        radius: adapters.radius,
        addresses: adapters.addresses,
        line: adapters.line,
        routers: adapters.routers,
        secrets: secrets.clone(),
    };
    let name = format!("{} (process {})", c.listen, std::process::id());
    let mut config = Config { name, max_live: c.limits.workflows, ..Config::default() };
    config.lease = Duration::from_millis(c.database.lease_ms);
    config.retention = retention(&c.retention);
    let simulated = simulated.then_some(200);
    config.machine.settle_after = c.settle_after_ms.or(simulated).map(Duration::from_millis);
    let engine = Engine::builder(systems)
        .shared_store(journal.store())
        .saga(provision_subscriber::definition())
        .config(config)
        .build()
        .await?;
    Ok(engine)
}

fn retention(c: &config::Retention) -> Retention {
    const DAY: u64 = 24 * 60 * 60;
    let keep = |days: Option<u32>| Keep {
        time: days.map(|days| Duration::from_secs(u64::from(days) * DAY)),
        most: c.most,
    };
    let [completed, rolled_back, failed] = [c.completed_days, c.rolled_back_days, c.failed_days].map(keep);
    Retention { completed, rolled_back, failed, ..Retention::default() }
}

fn api(c: &Configuration, journal: &Journal, engine: &Engine<Systems>, secrets: SecretKey) -> Api {
    let checked = journal.clone();
    let ready: Readiness = Arc::new(move || {
        let journal = checked.clone();
        Box::pin(async move { journal.health().map_err(|e| e.to_string()) })
    });
    Api {
        client: engine.client().clone(),
        customers: Arc::new(database::KnownCustomers::new(journal.readers())),
        credentials: Arc::new(Desk::new(journal.clone(), secrets)),
        plans: Arc::new(c.plans.clone()),
        tenant: c.tenant.as_str().into(),
        ready,
        patience: patience(c),
    }
}

/// How long a caller may take over each part of a request.
fn patience(c: &Configuration) -> Duration {
    Duration::from_millis(c.limits.patience_ms)
}

/// What started is the program's output, for people and for scripts. It runs also where nobody can take it.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// A request to paste.
fn try_it(address: SocketAddr) -> String {
    let body = r#"{"first_name":"John","last_name":"Doe","email":"john.doe@example.com","service_address":"123 Main St","service_plan_id":"plan_premium_1000","onu_serial":"ALCL12345678","cpe_mac":"00:11:22:33:44:55"}"#;
    format!(
        "curl -s http://{address}/api/v1/orchestration/provision-subscriber -H 'content-type: application/json' -d '{body}'"
    )
}
