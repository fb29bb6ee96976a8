//! Why the product does not run.

use std::io;
use std::net::SocketAddr;

use saga::engine::BuildError;
use saga::store::StoreError;

use crate::config::ConfigurationError;
use crate::ports::PortError;
use crate::secret::SecretError;

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
    /// A shared database is not emptied.
    #[error("`--new` is for a database file: a shared database may be in use by others")]
    NotNew,
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
    Listen(SocketAddr, io::Error),
    /// The API stopped.
    #[error("the API stopped: {0}")]
    Api(io::Error),
}

impl From<PortError> for ServerError {
    fn from(error: PortError) -> Self {
        Self::Adapter(error)
    }
}
