//! The same cases against a real NetBox, and its recorded exchanges, repeated.
//!
//! Not part of a default run: it has to be asked for (`--features real-systems --test real_netbox`), and then
//! it fails without a NetBox. `scripts/systems/netbox.sh start DIR` starts one and names it in `DIR/env`:
//! `NETBOX_URL`, `NETBOX_TOKEN`, `NETBOX_TOKEN_V1`, `NETBOX_TOKEN_READONLY`. The tests own the prefixes
//! 10.0.1.0/24 and 10.0.2.0/30 there. With `NETBOX_RECORD=1` the exchanges are written anew.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../suite/mod.rs"]
mod suite;

mod prepare;

use std::collections::BTreeMap;
use std::sync::Arc;

use isp_provisioning::adapters::netbox::{Netbox, NetboxSettings};
use tokio::sync::{RwLock, RwLockReadGuard};

use suite::exchange::{self, Server};
use suite::netbox::PREFIX;

netbox_suite!(start());

/// The recorded exchanges want the prefixes for themselves; the cases of the suite share them.
static PREFIXES: RwLock<()> = RwLock::const_new(());

async fn start() -> (RwLockReadGuard<'static, ()>, Arc<Netbox>) {
    let guard = PREFIXES.read().await;
    prepare::once().await;
    let settings = NetboxSettings::new(env("NETBOX_URL"), env("NETBOX_TOKEN"), PREFIX);
    (guard, Arc::new(Netbox::new(settings).unwrap()))
}

#[tokio::test]
async fn the_real_one_still_answers_as_recorded() {
    let _guard = PREFIXES.write().await;
    prepare::once().await;
    let record = std::env::var("NETBOX_RECORD").is_ok_and(|value| value == "1");
    for file in exchange::files() {
        prepare::clear().await;
        let mut server = server();
        let mut exchanges = exchange::read(&file);
        for recorded in &mut exchanges {
            let answer = server.answer(recorded).await;
            if !record {
                assert_eq!(answer, recorded.answer, "{}: {}", file.display(), recorded.name);
            }
            recorded.answer = answer;
        }
        if record {
            std::fs::write(&file, serde_json::to_string_pretty(&exchanges).unwrap() + "\n").unwrap();
        }
    }
    prepare::clear().await;
}

fn server() -> Server {
    let tokens = BTreeMap::from([
        ("read_write", format!("Bearer {}", env("NETBOX_TOKEN"))),
        ("read_write_v1", format!("Token {}", env("NETBOX_TOKEN_V1"))),
        ("read_only", format!("Bearer {}", env("NETBOX_TOKEN_READONLY"))),
    ]);
    Server::new(env("NETBOX_URL"), tokens)
}

fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: start a NetBox with scripts/systems/netbox.sh and source its env file")
    })
}
