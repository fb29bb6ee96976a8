//! The product: REST API, SQLite, and simulators of every system that is not given. `--help` shows the options.

use std::io::IsTerminal;

use clap::Parser;
use isp_provisioning::server::{Options, run};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    let mut terminated = signal(SignalKind::terminate())?;
    let stop = async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
    };
    if let Err(error) = run(&Options::parse(), stop).await {
        eprintln!("the server does not run: {error}");
        std::process::exit(1);
    }
    Ok(())
}
