//! What every simulator can be told to do, on one that only counts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::post;
use isp_provisioning::simulators::perform::perform;
use isp_provisioning::simulators::{Fault, FaultMode, Faults, Simulator, Tasks, control};
use serde_json::{Value, json};

/// A simulator with one operation, `count`, that answers the new count.
struct Counter {
    simulator: Simulator,
    faults: Faults,
    count: Arc<AtomicU32>,
    client: reqwest::Client,
}

impl Counter {
    async fn start() -> Self {
        let (faults, tasks, count) = (Faults::new(&["count"]), Tasks::default(), Arc::new(AtomicU32::new(0)));
        let (asked, later, counted, shown) = (faults.clone(), tasks.clone(), count.clone(), count.clone());
        let router = Router::new()
            .route(
                "/count",
                post(move || async move {
                    let refusal = |status| StatusCode::from_u16(status).unwrap().into_response();
                    let effect = async move {
                        (counted.fetch_add(1, Ordering::SeqCst) + 1).to_string().into_response()
                    };
                    perform(asked.take("count"), &later, refusal, effect).await
                }),
            )
            .merge(control::router(faults.clone(), move || json!({ "count": shown.load(Ordering::SeqCst) })));
        let simulator = Simulator::serve(SocketAddr::from(([127, 0, 0, 1], 0)), router, tasks).await.unwrap();
        Self { simulator, faults, count, client: reqwest::Client::new() }
    }
    fn fault(&self, fault: Fault) {
        self.faults.add(fault).unwrap();
    }
    async fn count(&self, patience: Duration) -> reqwest::Result<reqwest::Response> {
        self.client.post(format!("{}/count", self.simulator.url())).timeout(patience).send().await
    }
    fn counted(&self) -> u32 {
        self.count.load(Ordering::SeqCst)
    }
    async fn eventually(&self, wanted: u32) {
        let reached = async {
            while self.counted() != wanted {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(PATIENT, reached).await.expect("the effect should come in the end");
    }
}

const PATIENT: Duration = Duration::from_secs(10);
const IMPATIENT: Duration = Duration::from_millis(60);

#[tokio::test]
async fn refuse_says_no_and_does_nothing() {
    let counter = Counter::start().await;
    counter.fault(Fault::new("count", FaultMode::Refuse));
    counter.fault(Fault::new("count", FaultMode::Refuse).status(429).ms(1_500));
    assert_eq!(counter.count(PATIENT).await.unwrap().status(), 400);
    let asked_to_wait = counter.count(PATIENT).await.unwrap();
    assert_eq!(asked_to_wait.status(), 429);
    assert_eq!(asked_to_wait.headers()["retry-after"], "2");
    assert_eq!(counter.counted(), 0);
    assert_eq!(counter.count(PATIENT).await.unwrap().text().await.unwrap(), "1");
}

#[tokio::test]
async fn delay_does_it_although_the_caller_has_gone() {
    let counter = Counter::start().await;
    counter.fault(Fault::new("count", FaultMode::Delay).ms(150));
    assert!(counter.count(IMPATIENT).await.unwrap_err().is_timeout());
    assert_eq!(counter.counted(), 0);
    counter.eventually(1).await;
}

#[tokio::test]
async fn hold_answer_has_done_it_when_the_caller_loses_patience() {
    let counter = Counter::start().await;
    counter.fault(Fault::new("*", FaultMode::HoldAnswer));
    assert!(counter.count(IMPATIENT).await.unwrap_err().is_timeout());
    assert_eq!(counter.counted(), 1);
}

#[tokio::test]
async fn drop_answer_has_done_it_and_closes() {
    let counter = Counter::start().await;
    counter.fault(Fault::new("count", FaultMode::DropAnswer));
    let error = counter.count(PATIENT).await.unwrap_err();
    assert!(!error.is_timeout() && !error.is_connect(), "{error:?}");
    assert_eq!(counter.counted(), 1);
}

#[tokio::test]
async fn hang_never_does_it() {
    let counter = Counter::start().await;
    counter.fault(Fault::new("count", FaultMode::Hang).ms(100));
    assert!(counter.count(IMPATIENT).await.unwrap_err().is_timeout());
    counter.fault(Fault::new("count", FaultMode::Hang).ms(1));
    assert!(counter.count(PATIENT).await.is_err());
    assert_eq!(counter.count(PATIENT).await.unwrap().text().await.unwrap(), "1");
}

#[tokio::test]
async fn late_closes_first_and_does_it_afterwards() {
    let counter = Counter::start().await;
    counter.fault(Fault::new("count", FaultMode::Late).ms(100));
    assert!(counter.count(PATIENT).await.is_err());
    assert_eq!(counter.counted(), 0);
    counter.eventually(1).await;
}

#[tokio::test]
async fn a_stopped_simulator_frees_its_port_and_forgets_what_was_late() {
    let counter = Counter::start().await;
    counter.fault(Fault::new("count", FaultMode::Late).ms(50));
    assert!(counter.count(PATIENT).await.is_err());
    let addr = counter.simulator.addr;
    counter.simulator.stop().await;
    let again = Simulator::serve(addr, Router::new(), Tasks::default()).await.unwrap();
    assert_eq!(again.addr, addr);
    tokio::time::sleep(Duration::from_millis(80)).await;
    assert_eq!(counter.count.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn the_control_door_adds_lists_and_clears_faults_and_shows_the_state() {
    let counter = Counter::start().await;
    let faults = format!("{}/_sim/faults", counter.simulator.url());
    let add = |body: &'static str| counter.client.post(&faults).body(body).send();
    assert_eq!(add(r#"{"op":"count","mode":"late","times":2,"ms":5}"#).await.unwrap().status(), 201);
    let refused = add(r#"{"op":"cuont","mode":"late"}"#).await.unwrap();
    assert_eq!(refused.status(), 400);
    let refused: Value = refused.json().await.unwrap();
    assert_eq!(refused["error"], "unknown op `cuont`: use one of *, count");
    let listed: Value = counter.client.get(&faults).send().await.unwrap().json().await.unwrap();
    assert_eq!(listed, json!([{"op":"count","mode":"late","times":2,"ms":5}]));
    assert_eq!(counter.client.delete(&faults).send().await.unwrap().status(), 204);
    assert!(counter.faults.list().is_empty());
    let state = counter.client.get(format!("{}/_sim/state", counter.simulator.url()));
    assert_eq!(state.send().await.unwrap().json::<Value>().await.unwrap(), json!({ "count": 0 }));
}
