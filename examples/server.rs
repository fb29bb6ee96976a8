//! The product: REST API, SQLite, and simulators of every system that is not given. `--help` shows the options.

use std::io::{IsTerminal, Write};

use clap::Parser;
use isp_provisioning::server::{Options, run};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal();
    // A log that has no room, on a full disk, must not take down what it tells about.
    let log =
        tracing_subscriber::fmt().with_ansi(colours).with_writer(std::io::stderr).log_internal_errors(false);
    log.with_env_filter(filter).init();
    let mut terminated = signal(SignalKind::terminate())?;
    let stop = async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
    };
    if let Err(error) = run(&Options::parse(), stop).await {
        let _ = writeln!(std::io::stderr(), "the server does not run: {error}");
        std::process::exit(1);
    }
    Ok(())
}
