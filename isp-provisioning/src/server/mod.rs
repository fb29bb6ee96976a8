//! The product as one function: store, systems, engine and API, started in order and stopped in reverse.

mod options;
mod systems;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use saga::engine::BuildError;
use saga::store::StoreError;
use saga::{Config, Engine, Resources};
use saga_sqlx::{SqliteOptions, SqliteStore};
use tokio::net::TcpListener;

use crate::adapters::database::{self, Database};
use crate::api::{self, Api, Readiness};
use crate::config::{Configuration, ConfigurationError};
use crate::ports::{AddressPool, Business, OpticalLine, PortError, Radius, RouterConfig};
use crate::secret::{SecretError, SecretKey};
use crate::workflow::provision_subscriber;
use systems::{Adapters, Simulators};

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

/// Why the product does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The configuration is wrong.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// The data folder cannot be used.
    #[error("the data folder {0}: {1}")]
    Data(String, io::Error),
    /// The database cannot be used.
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    /// The key cannot be used.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// An adapter is set up wrongly.
    #[error("a system is set up wrongly: {0}")]
    Adapter(PortError),
    /// A simulator does not start.
    #[error("the {0} simulator does not start: {1}")]
    Simulator(&'static str, io::Error),
    /// The engine does not start.
    #[error(transparent)]
    Engine(#[from] BuildError),
    /// The API cannot listen.
    #[error("the API cannot listen on {0}: {1}")]
    Listen(std::net::SocketAddr, io::Error),
    /// The API stopped.
    #[error("the API stopped: {0}")]
    Api(io::Error),
}

impl From<PortError> for ServerError {
    fn from(error: PortError) -> Self {
        Self::Adapter(error)
    }
}

/// Starts what the options say, prints one line for each thing that started, runs until `stop` resolves, and
/// stops everything in order.
///
/// # Errors
/// [`ServerError`]; what had started is stopped.
pub async fn run(
    options: &Options,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServerError> {
    let configuration = options.configuration()?;
    let folder = &configuration.data;
    std::fs::create_dir_all(folder).map_err(|e| ServerError::Data(folder.display().to_string(), e))?;
    tracing::info!("configuration in force:\n{}", configuration.shown());
    if options.simulators_only {
        let simulators = Simulators::start(&configuration).await?;
        simulators.lines().iter().for_each(|line| say(line));
        stop.await;
        simulators.stop().await;
        return Ok(());
    }
    // The lock on the data comes first: before ports, migrations and simulators.
    let path = folder.join("saga.db");
    let store =
        SqliteStore::open(&path, SqliteOptions { create_new: options.new, ..SqliteOptions::default() })
            .await?;
    migrate(&store).await?;
    let listener = TcpListener::bind(configuration.listen)
        .await
        .map_err(|e| ServerError::Listen(configuration.listen, e))?;
    let address = listener.local_addr().map_err(|e| ServerError::Listen(configuration.listen, e))?;
    let simulators = Simulators::start(&configuration).await?;
    let adapters = Adapters::connect(&configuration, &simulators).await?;
    let lines = [simulators.lines(), adapters.lines.clone()].concat();
    let engine = engine(&configuration, &store, adapters, simulators.is_complete()).await?;
    let app = api::router(api(&configuration, &store, &engine));

    if !address.ip().is_loopback() {
        tracing::warn!(%address, "the API listens beyond this machine and asks nobody who he is");
    }
    say(&format!("api http://{address}"));
    say(&format!("database sqlite:{}", path.display()));
    lines.iter().for_each(|line| say(line));
    say(&try_it(&address.to_string()));

    let served = axum::serve(listener, app).with_graceful_shutdown(stop).await.map_err(ServerError::Api);
    tracing::info!("stopping");
    if let Err(error) = engine.shutdown(Duration::from_millis(configuration.grace_ms)).await {
        tracing::warn!(%error, "the store could not be told; the next start takes over as after a crash");
    }
    simulators.stop().await;
    served
}

async fn migrate(store: &SqliteStore) -> Result<(), ServerError> {
    let migrated = store
        .transaction(|tx| {
            Box::pin(async move {
                let connection = saga_sqlx::sqlite(tx)?;
                Ok(database::migrate(connection).await?)
            })
        })
        .await;
    migrated.map_err(|e| ServerError::Store(StoreError::Configuration(e.to_string())))
}

async fn engine(
    c: &Configuration,
    store: &SqliteStore,
    adapters: Adapters,
    simulated: bool,
) -> Result<Engine<Systems>, ServerError> {
    let systems = Systems {
        business: Arc::new(Database::new()),
        radius: adapters.radius,
        addresses: adapters.addresses,
        line: adapters.line,
        routers: adapters.routers,
        secrets: SecretKey::open(&c.data)?,
    };
    let mut config = Config::default();
    let simulated = simulated.then_some(200);
    config.machine.settle_after = c.settle_after_ms.or(simulated).map(Duration::from_millis);
    let engine = Engine::builder(systems)
        .store(store.clone())
        .saga(provision_subscriber::definition())
        .config(config)
        .build()
        .await?;
    Ok(engine)
}

fn api(c: &Configuration, store: &SqliteStore, engine: &Engine<Systems>) -> Api {
    let checked = store.clone();
    let ready: Readiness = Arc::new(move || {
        let store = checked.clone();
        Box::pin(async move { store.health().await.map_err(|e| e.to_string()) })
    });
    Api {
        client: engine.client().clone(),
        customers: Arc::new(database::KnownCustomers::new(store.read_pool().clone())),
        plans: Arc::new(c.plans.clone()),
        tenant: c.tenant.as_str().into(),
        ready,
    }
}

#[allow(clippy::print_stdout, reason = "what started is the program's output, for people and for scripts")]
fn say(line: &str) {
    println!("{line}");
}

/// A request to paste.
fn try_it(address: &str) -> String {
    let body = r#"{"first_name":"John","last_name":"Doe","email":"john.doe@example.com","service_address":"123 Main St","service_plan_id":"plan_premium_1000","onu_serial":"ALCL12345678","cpe_mac":"00:11:22:33:44:55"}"#;
    format!(
        "try curl -s http://{address}/api/v1/orchestration/provision-subscriber -H 'content-type: application/json' -d '{body}'"
    )
}
