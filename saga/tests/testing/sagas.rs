//! A saga of three steps, one of which cannot run for real.

use std::sync::Mutex;
use std::sync::atomic::AtomicU32;

use saga::testing::SagaTest;
use saga::{saga, step};

/// A system that remembers.
#[derive(Default)]
pub(crate) struct Pool(Mutex<Vec<String>>);

impl Pool {
    pub(crate) fn taken(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

#[derive(Default, saga::Resources)]
pub(crate) struct World {
    pub(crate) pool: Pool,
    slept: AtomicU32,
}

#[step(compensate = release(pool, owner))]
pub(crate) async fn allocate(#[inject] pool: &Pool, owner: &str) -> saga::Result<u32> {
    pool.0.lock().unwrap().push(owner.to_owned());
    Ok(7)
}
async fn release(pool: &Pool, owner: &str) -> saga::Result<()> {
    pool.0.lock().unwrap().retain(|taken| taken != owner);
    Ok(())
}

#[step(
    compensate = deactivate(output),
    if_unknown = find_onu(serial),
    retry(max_attempts = 3, backoff = fixed("10m"), jitter = none)
)]
pub(crate) async fn activate(serial: &str, ip: u32) -> saga::Result<String> {
    panic!("the real {serial} is not there for {ip}")
}
async fn deactivate(_onu: &str) -> saga::Result<()> {
    panic!("the real one is not there")
}
async fn find_onu(_serial: &str) -> saga::Result<Option<String>> {
    panic!("the real one is not there")
}

#[step(retriable)]
pub(crate) async fn write_to(owner: &str) -> saga::Result<()> {
    let _ = owner;
    Ok(())
}

#[saga(version = 1)]
pub(crate) async fn connect(owner: String) -> saga::Result<String> {
    let ip = allocate(&owner).await?;
    let onu = activate("A1", ip).await?;
    when(owner.is_empty(), write_to(&owner)).await?;
    Ok(onu)
}

pub(crate) fn connecting() -> SagaTest<World> {
    SagaTest::new(World::default()).stub::<activate>(|args| {
        let (serial, ip): (String, u32) = (args.get("serial")?, args.get("ip")?);
        Ok(format!("{serial} at {ip}"))
    })
}
