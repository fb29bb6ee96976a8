//! Undo without do, and undo twice: harmless at every system, and never at somebody else's expense.

use std::net::SocketAddr;

use isp_provisioning::adapters::database::{Database, migrate};
use isp_provisioning::adapters::freeradius::{PasswordStorage, SqliteRadius};
use isp_provisioning::adapters::genieacs::{Genieacs, GenieacsSettings};
use isp_provisioning::adapters::netbox::{Netbox, NetboxSettings};
use isp_provisioning::adapters::voltha::{Voltha, VolthaSettings};
use isp_provisioning::ports::{
    AddressPool, Business, CpeSettings, NewCustomer, OpticalLine, Radius, RadiusAccount, RouterConfig, Tx,
};
use isp_provisioning::simulators::voltha::{VolthaConfig, VolthaSimulator};
use isp_provisioning::simulators::{GenieacsConfig, GenieacsSimulator, NetboxConfig, NetboxSimulator};
use sqlx::{Connection, SqliteConnection};

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

#[tokio::test]
async fn an_address_that_was_never_given_or_is_released_already() {
    let config = NetboxConfig::default();
    let token = config.token.clone();
    let simulator = NetboxSimulator::start(ANY, config, None).await.unwrap();
    let netbox = Netbox::new(NetboxSettings::new(simulator.simulator.url(), token, "10.0.1.0/24")).unwrap();
    netbox.allocate("other", None, "").await.unwrap();
    let before = simulator.state();
    netbox.release("ours").await.unwrap();
    assert_eq!(simulator.state(), before);
    netbox.allocate("ours", None, "").await.unwrap();
    for _ in 0..2 {
        netbox.release("ours").await.unwrap();
    }
    assert_eq!(simulator.state()["addresses"], before["addresses"]);
    assert_eq!(simulator.effects("release", "ours"), 1);
}

#[tokio::test]
async fn an_onu_that_was_never_enabled_or_is_disabled_already() {
    let config = VolthaConfig { more_disabled: 0, ..VolthaConfig::default() };
    let simulator = VolthaSimulator::start(ANY, ANY, config, None).await.unwrap();
    let voltha = Voltha::new(VolthaSettings::new(simulator.url())).unwrap();
    let id = voltha.find("ALCL12345678").await.unwrap().device_id;
    let before = simulator.state();
    voltha.disable(&id).await.unwrap();
    assert_eq!(simulator.state(), before);
    voltha.enable(&id).await.unwrap();
    for _ in 0..2 {
        voltha.disable(&id).await.unwrap();
    }
    assert_eq!(simulator.effects("disable", "ALCL12345678"), 1);
}

#[tokio::test]
async fn a_router_that_was_never_configured_or_is_restored_already() {
    let simulator = GenieacsSimulator::start(ANY, GenieacsConfig::with_routers(1), None).await.unwrap();
    let genieacs = Genieacs::new(GenieacsSettings::new(simulator.simulator.url())).unwrap();
    let id = genieacs.find("00:11:22:33:44:55").await.unwrap().device_id;
    let settings = CpeSettings { ssid: Some("ours".into()), vlan_id: Some(7), ..CpeSettings::default() };
    let values = || simulator.state()["devices"].clone();
    let (before, snapshot) = (values(), genieacs.snapshot(&id, &settings).await.unwrap());
    genieacs.restore("undo", "do", &id, &snapshot).await.unwrap();
    assert_eq!(values(), before);
    genieacs.configure("do", &id, &settings).await.unwrap();
    assert_ne!(values(), before);
    for _ in 0..2 {
        genieacs.restore("undo", "do", &id, &snapshot).await.unwrap();
    }
    assert_eq!(values(), before);
    assert_eq!(simulator.state()["tasks"], serde_json::json!([]));
}

#[tokio::test]
async fn an_account_that_was_never_made_or_is_deleted_already() {
    let folder = tempfile::tempdir().unwrap();
    let patience = std::time::Duration::from_secs(5);
    let radius = SqliteRadius::open(folder.path(), PasswordStorage::Cleartext, patience).await.unwrap();
    let account = |name: &str| RadiusAccount {
        username: name.into(),
        secret: "secret".into(),
        group: "plan_basic_100".into(),
    };
    radius.create_account("other", &account("other")).await.unwrap();
    for made in [false, true, false] {
        if made {
            radius.create_account("ours", &account("ours")).await.unwrap();
        }
        radius.clear_address("ours", "ours").await.unwrap();
        radius.delete_account("ours", "ours").await.unwrap();
        // Nor is it ours because somebody says so.
        radius.delete_account("ours", "other").await.unwrap();
    }
    radius.set_address("other", "other", "10.0.1.9", None).await.expect("the other one is still there");
    let gone = radius.set_address("ours", "ours", "10.0.1.9", None).await.unwrap_err();
    assert_eq!(gone.message, "RADIUS account missing: ours");
}

#[tokio::test]
async fn rows_that_were_never_written_or_are_deleted_already() {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    migrate(&mut connection).await.unwrap();
    let (rows, mut tx) = (Database::new(), Tx(&mut connection));
    let new = |email: &str| NewCustomer {
        tenant: "default".into(),
        email: Some(email.into()),
        ..NewCustomer::default()
    };
    rows.create_customer(&mut tx, "other", &new("other@example.com")).await.unwrap();
    for made in [false, true, false] {
        if made {
            rows.create_customer(&mut tx, "ours", &new("ours@example.com")).await.unwrap();
        }
        rows.delete_service(&mut tx, "ours").await.unwrap();
        rows.delete_subscriber(&mut tx, "ours").await.unwrap();
        rows.delete_customer(&mut tx, "ours").await.unwrap();
    }
    let left: Vec<String> =
        sqlx::query_scalar("SELECT created_by FROM customers").fetch_all(&mut connection).await.unwrap();
    assert_eq!(left, ["other"]);
}
