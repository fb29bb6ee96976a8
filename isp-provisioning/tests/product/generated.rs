//! Requests made from the document's own schemas: what it allows is not refused, what it forbids is, with the field
//! named; and no answer is one that it does not describe.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::StatusCode;

use crate::dice::run_of;
use crate::document::Answer;
use crate::harness::Product;
use crate::maker::{Made, Maker};

const SEED: u64 = 7;
const REQUESTS: u32 = 800;
/// Which service plans, customers and keys there are is not for the document to know.
const UNKNOWABLE: [&str; 2] = ["customer_id", "service_plan_id"];

#[tokio::test]
async fn what_the_document_allows_is_taken_and_what_it_forbids_is_not() {
    let product = Product::start().await;
    let (seed, requests) = run_of(SEED, REQUESTS);
    let mut maker = Maker::new(seed);
    let (mut seen, mut started) = (BTreeMap::new(), BTreeSet::new());
    for n in 0..requests {
        let Made { request, operation, wrong } = maker.request(&product);
        let shown = format!("seed {seed}, request {n}, {operation}, wrong: {wrong:?}\n{request:?}");
        let Answer { status, body, .. } = maker.document.ask(&product.http, request).await;
        assert!(!status.is_server_error(), "{shown}\n{status} {body}");
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        let named: BTreeSet<_> = errors.iter().map(|error| error["field"].as_str().unwrap()).collect();
        let refused = [StatusCode::BAD_REQUEST, StatusCode::UNPROCESSABLE_ENTITY].contains(&status);
        match &wrong {
            Some(field) => {
                assert!(refused, "{shown}\n{status} {body}");
                let told = named.contains(field.as_str())
                    || body["detail"].as_str().unwrap().contains(field.as_str());
                assert!(told || field.is_empty(), "{shown}\n{status} {body}");
            }
            None => {
                let unknowable = named.iter().all(|field| UNKNOWABLE.contains(field)) && !named.is_empty();
                let used = body["title"] == "Idempotency key was used before";
                assert!(!refused || unknowable || used, "{shown}\n{status} {body}");
            }
        }
        *seen.entry((operation.clone(), wrong.is_some(), status.as_u16())).or_insert(0) += 1;
        if operation == "provisionSubscriber" && status.is_success() {
            let id = body["workflow_id"].as_str().unwrap().to_owned();
            if started.insert(id.clone()) {
                maker.workflows.push(id);
            }
        }
    }
    // It was not all refused at the door, and not all taken.
    for (operation, _, _) in seen.keys() {
        let of = |wrong: bool| seen.keys().any(|(name, w, _)| name == operation && *w == wrong);
        assert!(of(false), "{operation}: {seen:?}");
    }
    assert!(started.len() > 20, "{seen:?}");
    // What was refused began nothing.
    assert_eq!(product.get("statistics").await["total_workflows"], started.len());
    product.server.stop().await.unwrap();
}
