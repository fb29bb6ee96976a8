//! The simulator answers as a real NetBox did: every recorded exchange is repeated, status and body compared.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use isp_provisioning::simulators::netbox::Pool;
use isp_provisioning::simulators::{NetboxConfig, NetboxSimulator};

use crate::suite::exchange::{self, Server};

#[tokio::test]
async fn the_simulator_answers_every_recorded_request_as_the_real_one_did() {
    let files = exchange::files();
    assert!(!files.is_empty());
    for file in files {
        let mut config = NetboxConfig::default();
        let small = Pool { prefix: "10.0.2.0/30".into(), gateway: None, vlan_id: None, capacity: None };
        config.pools.push(small);
        let tokens = BTreeMap::from([
            ("read_write", format!("Bearer {}", config.token)),
            ("read_write_v1", format!("Token {}", config.token_v1)),
            ("read_only", format!("Bearer {}", config.token_readonly)),
        ]);
        let netbox =
            NetboxSimulator::start(SocketAddr::from(([127, 0, 0, 1], 0)), config, None).await.unwrap();
        let mut server = Server::new(netbox.simulator.url(), tokens);
        for recorded in exchange::read(&file) {
            let answer = server.answer(&recorded).await;
            assert_eq!(answer, recorded.answer, "{}: {}", file.display(), recorded.name);
        }
    }
}
