//! A process that dies in the middle of a step, and the next one that goes on where it was.
//!
//! The example starts itself as a child, which takes itself down during the second step; then it starts the child
//! again.

use std::path::{Path, PathBuf};
use std::process::Command;

use saga::{Engine, Outcome, StepContext, saga, step};
use saga_sqlx::{SqliteOptions, SqliteStore};

/// The folder of the database, and of the files that the steps make.
struct Folder(PathBuf);

#[step(compensate = remove(folder, cx))]
async fn lay_the_keel(#[inject] folder: &Folder, cx: &StepContext) -> saga::Result<String> {
    println!("  the keel is laid");
    std::fs::write(folder.0.join("keel"), cx.idempotency_key())?;
    Ok(cx.idempotency_key().to_owned())
}

#[step(compensate = remove(folder, cx))]
async fn raise_the_mast(#[inject] folder: &Folder, cx: &StepContext, keel: &str) -> saga::Result<String> {
    let storm = folder.0.join("storm");
    if !storm.exists() {
        std::fs::write(storm, "")?;
        println!("  a storm takes the process away");
        std::process::abort();
    }
    println!("  the mast is raised on {keel}, by the same workflow");
    Ok(cx.idempotency_key().to_owned())
}
async fn remove(folder: &Folder, cx: &StepContext) -> saga::Result<()> {
    let _ = (folder, cx);
    Ok(())
}

/// Builds a ship.
#[saga(version = 1)]
async fn build_ship(name: String) -> saga::Result<String> {
    let keel = lay_the_keel().await?;
    let _mast = raise_the_mast(&keel).await?;
    Ok(format!("the {name} is ready"))
}

async fn child(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let store = SqliteStore::open(folder.join("ships.db"), SqliteOptions::default()).await?;
    let engine = Engine::builder(Folder(folder.to_owned()))
        .store(store)
        .saga(build_ship::definition())
        .build()
        .await?;
    // Starting under a name that is known is no second start: it finds the workflow that was begun.
    let started = engine.client().start(build_ship("Argo".to_owned())).id("argo").await?;
    println!("  {}", if started.replayed { "found the workflow" } else { "started the workflow" });
    if let Outcome::Completed(ship) = started.handle.outcome().await? {
        println!("  completed: {ship}");
    }
    engine.shutdown(std::time::Duration::from_secs(1)).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    if let Some(folder) = std::env::args().nth(1) {
        return child(Path::new(&folder)).await;
    }
    let folder = std::env::temp_dir().join(format!("ships-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    for life in ["first", "second"] {
        println!("the {life} life");
        let status = Command::new(std::env::current_exe()?).arg(&folder).status()?;
        println!("  it ended {}", if status.success() { "well" } else { "badly" });
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
