//! The seven steps over ports in memory: whatever goes wrong, a subscriber has everything or nothing.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

use std::sync::Arc;

use async_trait::async_trait;
use isp_provisioning::domain::{ProvisionRequest, ValidRequest, validate};
use isp_provisioning::ports::*;
use isp_provisioning::secret::SecretKey;
use isp_provisioning::workflow::provision_subscriber;
use saga::store::MemoryTx;
use saga::testing::{Swept, Way, World, WorldCall, sweep};
use saga::{Json, Resources, StepError};

/// Every port over one world.
#[derive(Clone)]
struct Ports(World);

impl Ports {
    async fn ask(&self, way: Way, system: &str, name: &str, reference: &str) -> PortResult<()> {
        let own = if way == Way::Undo { format!("undo of {reference}") } else { reference.to_owned() };
        let answer = self.0.request(WorldCall::new(way, system, name, own, reference)).await;
        answer.map_err(|error: StepError| PortError::ambiguous(error.message()))
    }
}

/// Rows of the engine's own database: by reference, under a business name.
fn rows<'a>(tx: &'a mut Tx<'_>) -> &'a mut MemoryTx {
    tx.0.downcast_mut().unwrap()
}

#[async_trait]
impl Business for Ports {
    async fn create_customer(&self, tx: &mut Tx<'_>, key: &str, new: &NewCustomer) -> PortResult<Customer> {
        rows(tx).put(key, Json::encode(&format!("customer {:?}", new.email)).unwrap());
        Ok(Customer { customer_id: "cust_1".to_owned(), adopted: false })
    }
    async fn delete_customer(&self, tx: &mut Tx<'_>, key: &str) -> PortResult<()> {
        rows(tx).remove(key);
        Ok(())
    }
    async fn create_subscriber(&self, tx: &mut Tx<'_>, key: &str, new: &NewSubscriber) -> PortResult<String> {
        rows(tx).put(key, Json::encode(&format!("subscriber of {}", new.customer_id)).unwrap());
        Ok("sub_1".to_owned())
    }
    async fn delete_subscriber(&self, tx: &mut Tx<'_>, key: &str) -> PortResult<()> {
        rows(tx).remove(key);
        Ok(())
    }
    async fn create_service(&self, tx: &mut Tx<'_>, key: &str, new: &NewService) -> PortResult<String> {
        rows(tx).put(key, Json::encode(&format!("service of {}", new.subscriber_id)).unwrap());
        Ok("svc_1".to_owned())
    }
    async fn delete_service(&self, tx: &mut Tx<'_>, key: &str) -> PortResult<()> {
        rows(tx).remove(key);
        Ok(())
    }
}

#[async_trait]
impl Radius for Ports {
    async fn create_account(&self, reference: &str, account: &RadiusAccount) -> PortResult<()> {
        self.ask(Way::Do, "radius", &account.username, reference).await
    }
    async fn delete_account(&self, reference: &str, _: &str) -> PortResult<()> {
        self.ask(Way::Undo, "radius", "", reference).await
    }
    async fn set_address(&self, owner: &str, _: &str, ipv4: &str, _: Option<u16>) -> PortResult<()> {
        self.ask(Way::Do, "radius reply", ipv4, owner).await
    }
    async fn clear_address(&self, owner: &str, _: &str) -> PortResult<()> {
        self.ask(Way::Undo, "radius reply", "", owner).await
    }
}

#[async_trait]
impl AddressPool for Ports {
    async fn allocate(&self, reference: &str, _: Option<&str>, _: &str) -> PortResult<IpAllocation> {
        let ipv4_address = "10.0.1.50".to_owned();
        self.ask(Way::Do, "netbox", &ipv4_address, reference).await?;
        Ok(IpAllocation { netbox_id: 7, ipv4_address, vlan_id: Some(100) })
    }
    async fn find(&self, _: &str) -> PortResult<Option<IpAllocation>> {
        Err(PortError::configuration("no step looks an address up"))
    }
    async fn release(&self, reference: &str) -> PortResult<()> {
        self.ask(Way::Undo, "netbox", "", reference).await
    }
}

/// Named by its device, and not by who enabled it: VOLTHA knows no references.
#[async_trait]
impl OpticalLine for Ports {
    async fn find(&self, serial: &str) -> PortResult<Onu> {
        let enabled = self.0.count("voltha", serial) > 0;
        Ok(Onu { device_id: serial.to_owned(), olt_id: "olt".to_owned(), enabled })
    }
    async fn enable(&self, device_id: &str) -> PortResult<()> {
        self.ask(Way::Do, "voltha", device_id, device_id).await
    }
    async fn disable(&self, device_id: &str) -> PortResult<()> {
        self.ask(Way::Undo, "voltha", "", device_id).await
    }
}

#[async_trait]
impl RouterConfig for Ports {
    async fn find(&self, mac: &str) -> PortResult<Cpe> {
        Ok(Cpe { device_id: mac.to_owned() })
    }
    async fn snapshot(&self, device_id: &str, _: &CpeSettings) -> PortResult<CpeSnapshot> {
        let set = self.0.count("genieacs", device_id).into();
        Ok(CpeSnapshot { values: vec![("set".to_owned(), set, "xsd:int".to_owned())], passwords: vec![] })
    }
    async fn configure(&self, _: &str, device_id: &str, _: &CpeSettings) -> PortResult<()> {
        self.ask(Way::Do, "genieacs", device_id, device_id).await
    }
    async fn restore(&self, _: &str, _: &str, device_id: &str, before: &CpeSnapshot) -> PortResult<()> {
        let way = if before.values[0].1 == 0 { Way::Undo } else { Way::Do };
        self.ask(way, "genieacs", device_id, device_id).await
    }
}

#[derive(Resources)]
struct Systems {
    business: Arc<dyn Business>,
    radius: Arc<dyn Radius>,
    addresses: Arc<dyn AddressPool>,
    line: Arc<dyn OpticalLine>,
    routers: Arc<dyn RouterConfig>,
    secrets: SecretKey,
    #[resources(skip)]
    world: World,
}

fn systems() -> Systems {
    let world = World::new();
    let ports = Ports(world.clone());
    Systems {
        business: Arc::new(ports.clone()),
        radius: Arc::new(ports.clone()),
        addresses: Arc::new(ports.clone()),
        line: Arc::new(ports.clone()),
        routers: Arc::new(ports),
        secrets: SecretKey::from_bytes([7; 32]),
        world,
    }
}

fn john() -> ValidRequest {
    let text = |text: &str| Some(text.to_owned());
    validate(ProvisionRequest {
        first_name: text("John"),
        last_name: text("Doe"),
        email: text("john.doe@example.com"),
        service_address: text("123 Main St"),
        service_plan_id: text("plan_premium_1000"),
        onu_serial: text("ALCL12345678"),
        cpe_mac: text("00:11:22:33:44:55"),
        ..ProvisionRequest::default()
    })
    .unwrap()
}

async fn swept(systems: fn() -> Systems) -> Swept {
    let sweep = sweep(provision_subscriber(john())).resources(systems);
    sweep.observe(|systems| systems.world.there()).most(200).run().await
}

#[tokio::test]
async fn a_subscriber_has_everything_or_nothing_whatever_goes_wrong() {
    let swept = swept(systems).await;
    assert!(swept.completed > 50 && swept.rolled_back > 150 && swept.failed > 20, "{swept}");
}

/// What was there before stays there.
#[tokio::test]
async fn an_onu_that_was_active_and_a_router_that_was_set_are_left_so_whatever_goes_wrong() {
    let swept = swept(|| {
        let systems = systems();
        let world = systems.world.clone();
        for (system, device) in [("voltha", "ALCL12345678"), ("genieacs", "00:11:22:33:44:55")] {
            let call = WorldCall::new(Way::Do, system, device, device, device);
            futures_util::FutureExt::now_or_never(world.request(call)).unwrap().unwrap();
        }
        systems
    });
    assert!(swept.await.rolled_back > 150);
}
