//! What the NetBox adapter promises, whatever NetBox it talks to: run against the simulator and against a
//! real one. Every case uses references of its own and tidies up after itself.

use std::collections::BTreeSet;
use std::time::Duration;

use isp_provisioning::adapters::netbox::Netbox;
use isp_provisioning::ports::{AddressPool, ErrorClass};
use tokio::task::JoinSet;

/// The prefix that the cases may use up; its gateway is `.1`, its VLAN 100.
pub const PREFIX: &str = "10.0.1.0/24";

pub type Adapter = std::sync::Arc<Netbox>;

pub async fn the_check_is_content(netbox: Adapter) {
    netbox.check().await.unwrap();
}

pub async fn an_address_is_allocated_found_and_released(netbox: Adapter) {
    let made = netbox.allocate("it/life", None, "subscriber sub_1").await.unwrap();
    assert!(made.ipv4_address.starts_with("10.0.1."), "{made:?}");
    assert_eq!(made.vlan_id, Some(100));
    assert_eq!(netbox.find("it/life").await.unwrap(), Some(made));
    netbox.release("it/life").await.unwrap();
    assert_eq!(netbox.find("it/life").await.unwrap(), None);
    netbox.release("it/life").await.unwrap();
}

pub async fn a_repeated_allocation_answers_the_same_address(netbox: Adapter) {
    let first = netbox.allocate("it/again", None, "").await.unwrap();
    assert_eq!(netbox.allocate("it/again", None, "").await.unwrap(), first);
    netbox.release("it/again").await.unwrap();
}

pub async fn a_wished_address_is_given_or_refused(netbox: Adapter) {
    let wished = Some("10.0.1.250");
    let made = netbox.allocate("it/wish", wished, "").await.unwrap();
    assert_eq!(made.ipv4_address, "10.0.1.250");
    assert_eq!(netbox.allocate("it/wish", wished, "").await.unwrap(), made);
    let refused = netbox.allocate("it/wish-too", wished, "").await.unwrap_err();
    assert_eq!(refused.class, ErrorClass::Permanent);
    assert!(
        refused.message.contains("Duplicate IP address found in global table: 10.0.1.250/24"),
        "{refused}"
    );
    netbox.release("it/wish").await.unwrap();
}

pub async fn nobody_elses_address_is_released(netbox: Adapter) {
    let theirs = netbox.allocate("it/theirs", None, "").await.unwrap();
    netbox.release("it/ours").await.unwrap();
    netbox.release("it/their").await.unwrap();
    assert_eq!(netbox.find("it/theirs").await.unwrap(), Some(theirs));
    netbox.release("it/theirs").await.unwrap();
}

pub async fn a_long_description_is_no_reason_to_fail(netbox: Adapter) {
    netbox.allocate("it/long", None, &"ä".repeat(400)).await.unwrap();
    netbox.release("it/long").await.unwrap();
}

pub async fn who_hangs_up_and_asks_again_gets_one_address(netbox: Adapter) {
    netbox.check().await.unwrap();
    for ms in [1, 5, 10, 20, 40, 80] {
        let reference = format!("it/hang-up-{ms}");
        let given_up = tokio::time::timeout(Duration::from_millis(ms), netbox.allocate(&reference, None, ""));
        let early = given_up.await.ok().map(Result::unwrap);
        // The first request may still be on its way; the reference keeps the two apart.
        let made = netbox.allocate(&reference, None, "").await.unwrap();
        assert!(early.is_none_or(|early| early == made), "{ms} ms");
        assert_eq!(netbox.find(&reference).await.unwrap(), Some(made), "{ms} ms");
        netbox.release(&reference).await.unwrap();
    }
}

pub async fn twenty_at_once_with_one_reference_get_one_address(netbox: Adapter) {
    let addresses = at_once(&netbox, |_| "it/same".to_owned()).await;
    assert_eq!(addresses.into_iter().collect::<BTreeSet<_>>().len(), 1);
    netbox.release("it/same").await.unwrap();
}

pub async fn twenty_at_once_with_their_own_references_get_twenty_addresses(netbox: Adapter) {
    let addresses = at_once(&netbox, |n| format!("it/own-{n}")).await;
    assert_eq!(addresses.into_iter().collect::<BTreeSet<_>>().len(), 20);
    for n in 0..20 {
        netbox.release(&format!("it/own-{n}")).await.unwrap();
    }
}

async fn at_once(netbox: &Adapter, reference: impl Fn(usize) -> String) -> Vec<String> {
    let mut calls = JoinSet::new();
    for n in 0..20 {
        let (netbox, reference) = (netbox.clone(), reference(n));
        calls.spawn(async move { netbox.allocate(&reference, None, "").await.unwrap().ipv4_address });
    }
    calls.join_all().await
}

/// Gives each case of the suite a test of its own; `$adapter` makes what it talks to.
#[macro_export]
macro_rules! netbox_suite {
    ($adapter:expr) => {
        $crate::netbox_suite!(@ $adapter,
            the_check_is_content,
            an_address_is_allocated_found_and_released,
            a_repeated_allocation_answers_the_same_address,
            a_wished_address_is_given_or_refused,
            nobody_elses_address_is_released,
            a_long_description_is_no_reason_to_fail,
            who_hangs_up_and_asks_again_gets_one_address,
            twenty_at_once_with_one_reference_get_one_address,
            twenty_at_once_with_their_own_references_get_twenty_addresses);
    };
    (@ $adapter:expr, $($case:ident),+) => {
        $(#[tokio::test]
        async fn $case() {
            // What the adapter talks to has to live as long as the case.
            let (_keeper, adapter) = $adapter.await;
            $crate::suite::netbox::$case(adapter).await;
        })+
    };
}
