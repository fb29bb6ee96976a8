//! A product of its own for each test, and looks at the systems themselves.

use isp_provisioning::config::Configuration;
use isp_provisioning::server::Server;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Row};
use tempfile::TempDir;

pub struct Product {
    pub server: Server,
    pub folder: TempDir,
    pub http: reqwest::Client,
}

/// What is left in each system.
#[derive(Debug, PartialEq)]
pub struct Left {
    pub addresses: Vec<Value>,
    pub onus_enabled: Vec<String>,
    pub routers: Value,
    pub radius: Vec<(String, String, String, String)>,
    pub customers: Vec<String>,
    pub subscribers: Vec<(String, String)>,
    pub services: Vec<String>,
}

impl Product {
    pub async fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap()).await
    }

    pub async fn start_in(folder: TempDir) -> Self {
        Self::start_with(folder, |_| {}).await
    }

    /// With another configuration than the usual one.
    pub async fn start_with(folder: TempDir, change: impl FnOnce(&mut Configuration)) -> Self {
        let mut configuration = Configuration {
            listen: "127.0.0.1:0".parse().unwrap(),
            data: folder.path().to_owned(),
            ..Configuration::default()
        };
        configuration.voltha.discovery_timeout_ms = 200;
        change(&mut configuration);
        let server = Server::start(&configuration, false).await.unwrap();
        Self { server, folder, http: reqwest::Client::new() }
    }

    /// Stops it and starts it again on the same folder.
    pub async fn restart(self) -> Self {
        self.server.stop().await.unwrap();
        Self::start_in(self.folder).await
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}/api/v1/orchestration/{path}", self.server.address)
    }
    pub fn system(&self, name: &str) -> String {
        let line = self.server.lines.iter().find(|line| line.starts_with(&format!("{name} "))).unwrap();
        line.split_once(' ').unwrap().1.to_owned()
    }

    pub fn provision(&self, body: &Value) -> RequestBuilder {
        self.http.post(self.url("provision-subscriber")).json(body)
    }
    pub async fn get(&self, path: &str) -> Value {
        let answer = self.http.get(self.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }
    pub async fn post(&self, path: &str) -> Response {
        self.http.post(self.url(path)).send().await.unwrap()
    }
    /// The workflow when it has come to rest.
    pub async fn ended(&self, id: &str) -> Value {
        for _ in 0..1_000 {
            let workflow = self.get(&format!("workflows/{id}")).await;
            if ["completed", "rolled_back", "failed"].contains(&workflow["status"].as_str().unwrap()) {
                return workflow;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("workflow {id} did not end");
    }
    pub async fn fault(&self, system: &str, fault: Value) {
        let answer =
            self.http.post(format!("{}/_sim/faults", self.system(system))).json(&fault).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }
    /// The faults of a simulator that nothing has met yet.
    pub async fn waiting_faults(&self, system: &str) -> Vec<Value> {
        let url = format!("{}/_sim/faults", self.system(system));
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }
    /// What a simulator has, and what it did.
    pub async fn world(&self, system: &str) -> Value {
        self.http
            .get(format!("{}/_sim/state", self.system(system)))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    /// Asks the systems themselves.
    pub async fn left(&self) -> Left {
        let netbox = self.world("netbox").await;
        let voltha = self.world("voltha-control").await;
        let genieacs = self.world("genieacs").await;
        let onus = voltha["devices"].as_object().expect("VOLTHA's devices by serial");
        let enabled = onus.iter().filter(|(_, onu)| onu["admin_state"] == "ENABLED");
        let mut radius = database(self.folder.path().join("radius.db")).await;
        let mut business = database(self.folder.path().join("saga.db")).await;
        let mut rows = vec![];
        for table in ["radcheck", "radreply"] {
            let text = format!("SELECT username, attribute, value FROM {table} ORDER BY username, attribute");
            for row in sqlx::query(sqlx::AssertSqlSafe(text)).fetch_all(&mut radius).await.unwrap() {
                rows.push((table.to_owned(), row.get(0), row.get(1), row.get(2)));
            }
        }
        Left {
            addresses: netbox["addresses"].as_array().expect("NetBox's addresses").clone(),
            onus_enabled: enabled.map(|(serial, _)| serial.clone()).collect(),
            routers: genieacs["devices"].clone(),
            radius: rows,
            customers: texts(&mut business, "SELECT customer_id FROM customers ORDER BY 1").await,
            subscribers: sqlx::query_as("SELECT subscriber_id, status FROM subscribers ORDER BY 1")
                .fetch_all(&mut business)
                .await
                .unwrap(),
            services: texts(&mut business, "SELECT service_id FROM services ORDER BY 1").await,
        }
    }
}

async fn database(path: std::path::PathBuf) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).read_only(true).connect().await.unwrap()
}
async fn texts(connection: &mut SqliteConnection, statement: &'static str) -> Vec<String> {
    sqlx::query_scalar(statement).fetch_all(connection).await.unwrap()
}

/// The request of the contract.
pub fn john() -> Value {
    json!({"first_name":"John","last_name":"Doe","email":"john.doe@example.com","phone":"+1-555-123-4567",
        "service_address":"123 Main St","service_city":"New York","service_state":"NY",
        "service_postal_code":"10001","service_plan_id":"plan_premium_1000","bandwidth_mbps":1000,
        "connection_type":"ftth","onu_serial":"ALCL12345678","cpe_mac":"00:11:22:33:44:55","auto_activate":true,
        "create_radius_account":true,"allocate_ip_from_netbox":true,"configure_voltha":true,
        "configure_genieacs":true})
}

/// Another subscriber: the n-th.
pub fn other(n: u32) -> Value {
    let mut body = john();
    body["email"] = json!(format!("subscriber.{n}@example.com"));
    body["onu_serial"] = json!(format!("ALCL1{n:07}"));
    body["cpe_mac"] = json!(format!("00:11:22:33:45:{n:02x}"));
    body
}

pub async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or_else(|e| panic!("{status} {e}: {text}")))
}
