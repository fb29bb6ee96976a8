//! The rows of the business, inside transactions as the engine lends them.

use isp_provisioning::adapters::database::{
    Credentials, Database, customer_exists, migrate, subscriber, take_credentials,
};
use isp_provisioning::ports::{
    Business, Customer, ErrorClass, NewCustomer, NewService, NewSubscriber, PortError, PortResult, Tx,
};
use sqlx::{Connection, SqliteConnection};

/// A database in memory, with everything in one transaction that is never committed.
struct Rows(SqliteConnection);

impl Rows {
    async fn new() -> Self {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        migrate(&mut connection).await.unwrap();
        Self(connection)
    }
    async fn customer(&mut self, reference: &str, new: &NewCustomer) -> PortResult<Customer> {
        Database::new().create_customer(&mut Tx(&mut self.0), reference, new).await
    }
    async fn no_customer(&mut self, reference: &str) -> PortResult<()> {
        Database::new().delete_customer(&mut Tx(&mut self.0), reference).await
    }
    async fn subscriber(&mut self, reference: &str, new: &NewSubscriber) -> PortResult<String> {
        Database::new().create_subscriber(&mut Tx(&mut self.0), reference, new).await
    }
    async fn no_subscriber(&mut self, reference: &str) -> PortResult<()> {
        Database::new().delete_subscriber(&mut Tx(&mut self.0), reference).await
    }
    async fn service(&mut self, reference: &str, new: &NewService) -> PortResult<String> {
        Database::new().create_service(&mut Tx(&mut self.0), reference, new).await
    }
    async fn no_service(&mut self, reference: &str) -> PortResult<()> {
        Database::new().delete_service(&mut Tx(&mut self.0), reference).await
    }
    async fn count(&mut self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&mut self.0).await.unwrap()
    }
    async fn status(&mut self, id: &str) -> String {
        subscriber(&mut self.0, "default", id).await.unwrap().unwrap().status
    }
    /// A customer and a pending subscriber of workflow `wf`.
    async fn line(&mut self, wf: &str) -> (String, String) {
        let customer = self.customer(&format!("{wf}/0"), &john()).await.unwrap().customer_id;
        let id = self.subscriber(&format!("{wf}/1"), &line_of(&customer)).await.unwrap();
        (customer, id)
    }
}

fn john() -> NewCustomer {
    NewCustomer {
        tenant: "default".into(),
        first_name: Some("John".into()),
        last_name: Some("Doe".into()),
        email: Some("john.doe@example.com".into()),
        ..NewCustomer::default()
    }
}

fn line_of(customer: &str) -> NewSubscriber {
    NewSubscriber {
        tenant: "default".into(),
        customer_id: customer.into(),
        username: Some("john.doe@example.com".into()),
        service_plan_id: "plan_basic_100".into(),
        connection_type: "ftth".into(),
        ..NewSubscriber::default()
    }
}

fn service_of(subscriber: &str, activate: bool) -> NewService {
    NewService {
        tenant: "default".into(),
        subscriber_id: subscriber.into(),
        service_plan_id: "plan_basic_100".into(),
        bandwidth_mbps: Some(100),
        activate,
    }
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: PortResult<T>, message: &str) {
    assert_eq!(result.unwrap_err(), PortError::permanent(message));
}

#[tokio::test]
async fn a_repeated_creation_makes_the_same_row() {
    let mut rows = Rows::new().await;
    let first = rows.customer("wf_1/0", &john()).await.unwrap();
    assert!(first.customer_id.starts_with("cust_") && first.customer_id.len() == 37 && !first.adopted);
    assert_eq!(rows.customer("wf_1/0", &john()).await.unwrap(), first);
    let nameless = NewCustomer { tenant: "default".into(), ..NewCustomer::default() };
    let second = rows.customer("wf_2/0", &nameless).await.unwrap();
    assert_eq!(rows.customer("wf_2/0", &nameless).await.unwrap(), second);
    let line = rows.subscriber("wf_1/1", &line_of(&first.customer_id)).await.unwrap();
    assert_eq!(rows.subscriber("wf_1/1", &line_of(&first.customer_id)).await.unwrap(), line);
    let service = rows.service("wf_1/6", &service_of(&line, true)).await.unwrap();
    assert_eq!(rows.service("wf_1/6", &service_of(&line, true)).await.unwrap(), service);
    assert!(line.starts_with("sub_") && service.starts_with("svc_"));
    let all = "SELECT (SELECT COUNT(*) FROM customers) * 100 + (SELECT COUNT(*) FROM subscribers) * 10 \
               + (SELECT COUNT(*) FROM services)";
    assert_eq!(rows.count(all).await, 211);
}

#[tokio::test]
async fn a_customer_with_the_same_email_is_adopted_unchanged_and_never_deleted() {
    let mut rows = Rows::new().await;
    let first = rows.customer("wf_1/0", &john()).await.unwrap();
    let jane = NewCustomer { first_name: Some("Jane".into()), phone: Some("+1".into()), ..john() };
    let second = rows.customer("wf_2/0", &jane).await.unwrap();
    assert_eq!(second, Customer { customer_id: first.customer_id.clone(), adopted: true });
    assert_eq!(
        rows.count("SELECT COUNT(*) FROM customers WHERE first_name = 'John' AND phone IS NULL").await,
        1
    );
    rows.no_customer("wf_2/0").await.unwrap();
    assert!(customer_exists(&mut rows.0, "default", &first.customer_id).await.unwrap());
}

#[tokio::test]
async fn another_tenants_customer_is_not_seen() {
    let mut rows = Rows::new().await;
    let first = rows.customer("wf_1/0", &john()).await.unwrap();
    let elsewhere = NewCustomer { tenant: "other".into(), ..john() };
    assert!(!rows.customer("wf_2/0", &elsewhere).await.unwrap().adopted);
    let named = NewCustomer { customer_id: Some(first.customer_id.clone()), ..elsewhere };
    refused(rows.customer("wf_3/0", &named).await, &format!("unknown customer: {}", first.customer_id));
    assert!(!customer_exists(&mut rows.0, "other", &first.customer_id).await.unwrap());
}

#[tokio::test]
async fn a_customer_is_adopted_by_its_id_and_an_unknown_id_is_refused() {
    let mut rows = Rows::new().await;
    let first = rows.customer("wf_1/0", &john()).await.unwrap();
    let named = |id: &str| NewCustomer {
        tenant: "default".into(),
        customer_id: Some(id.into()),
        ..NewCustomer::default()
    };
    let adopted = rows.customer("wf_2/0", &named(&first.customer_id)).await.unwrap();
    assert_eq!(adopted, Customer { adopted: true, ..first });
    refused(rows.customer("wf_3/0", &named("cust_1")).await, "unknown customer: cust_1");
}

#[tokio::test]
async fn only_what_the_reference_created_is_deleted_and_nothing_is_no_error() {
    let mut rows = Rows::new().await;
    let (customer, line) = rows.line("wf_1").await;
    rows.no_service("wf_9/6").await.unwrap();
    rows.no_subscriber("wf_9/1").await.unwrap();
    rows.no_customer("wf_9/0").await.unwrap();
    assert!(subscriber(&mut rows.0, "default", &line).await.unwrap().is_some());
    for _ in 0..2 {
        rows.no_subscriber("wf_1/1").await.unwrap();
        rows.no_customer("wf_1/0").await.unwrap();
    }
    assert!(subscriber(&mut rows.0, "default", &line).await.unwrap().is_none());
    assert!(!customer_exists(&mut rows.0, "default", &customer).await.unwrap());
}

#[tokio::test]
async fn a_customer_that_is_used_is_not_deleted() {
    let mut rows = Rows::new().await;
    let (customer, _) = rows.line("wf_1").await;
    let wished = NewSubscriber { subscriber_id: Some("sub_2".into()), ..line_of(&customer) };
    rows.subscriber("wf_2/1", &wished).await.unwrap();
    rows.no_subscriber("wf_1/1").await.unwrap();
    let message = format!("customer {customer} is still used by subscriber sub_2");
    refused(rows.no_customer("wf_1/0").await, &message);
    assert!(customer_exists(&mut rows.0, "default", &customer).await.unwrap());
}

#[tokio::test]
async fn a_subscriber_that_is_used_is_not_deleted() {
    let mut rows = Rows::new().await;
    let (_, line) = rows.line("wf_1").await;
    let service = rows.service("wf_2/6", &service_of(&line, false)).await.unwrap();
    let message = format!("subscriber {line} is still used by service {service}");
    refused(rows.no_subscriber("wf_1/1").await, &message);
}

#[tokio::test]
async fn a_wished_id_is_given_once() {
    let mut rows = Rows::new().await;
    let (customer, _) = rows.line("wf_1").await;
    let wished = NewSubscriber { subscriber_id: Some("SUB-7".into()), ..line_of(&customer) };
    assert_eq!(rows.subscriber("wf_2/1", &wished).await.unwrap(), "SUB-7");
    assert_eq!(rows.subscriber("wf_2/1", &wished).await.unwrap(), "SUB-7");
    refused(rows.subscriber("wf_3/1", &wished).await, "subscriber id taken: SUB-7");
}

#[tokio::test]
async fn a_subscriber_needs_its_customer_and_a_service_its_subscriber() {
    let mut rows = Rows::new().await;
    refused(rows.subscriber("wf_1/1", &line_of("cust_1")).await, "unknown customer: cust_1");
    refused(rows.service("wf_1/6", &service_of("sub_1", true)).await, "unknown subscriber: sub_1");
}

#[tokio::test]
async fn a_subscriber_is_active_as_long_as_a_service_says_so() {
    let mut rows = Rows::new().await;
    let (_, line) = rows.line("wf_1").await;
    rows.service("wf_1/6", &service_of(&line, false)).await.unwrap();
    assert_eq!(rows.status(&line).await, "pending");
    rows.service("wf_2/6", &service_of(&line, true)).await.unwrap();
    assert_eq!(rows.status(&line).await, "active");
    rows.no_service("wf_1/6").await.unwrap();
    assert_eq!(rows.status(&line).await, "active");
    rows.no_service("wf_2/6").await.unwrap();
    assert_eq!(rows.status(&line).await, "pending");
}

#[tokio::test]
async fn credentials_are_handed_out_once() {
    let mut rows = Rows::new().await;
    let (_, line) = rows.line("wf_1").await;
    assert_eq!(take_credentials(&mut rows.0, "other", &line).await.unwrap(), Credentials::NoSubscriber);
    assert_eq!(take_credentials(&mut rows.0, "default", &line).await.unwrap(), Credentials::Granted);
    assert_eq!(take_credentials(&mut rows.0, "default", &line).await.unwrap(), Credentials::Taken);
}

#[tokio::test]
async fn what_is_not_committed_did_not_happen() {
    let mut rows = Rows::new().await;
    let mut tx = rows.0.begin().await.unwrap();
    let connection: &mut SqliteConnection = &mut tx;
    let made = Database::new().create_customer(&mut Tx(connection), "wf_1/0", &john()).await.unwrap();
    tx.rollback().await.unwrap();
    assert!(!customer_exists(&mut rows.0, "default", &made.customer_id).await.unwrap());
}

#[tokio::test]
async fn a_transaction_of_another_kind_is_a_matter_of_configuration() {
    let mut other = String::from("a transaction of something else");
    let error = Database::new().delete_customer(&mut Tx(&mut other), "wf_1/0").await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Configuration);
}

#[tokio::test]
async fn without_its_tables_the_adapter_asks_for_a_person() {
    let mut bare = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    let error = Database::new().create_customer(&mut Tx(&mut bare), "wf_1/0", &john()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Configuration, "{error}");
}

#[tokio::test]
async fn migrating_twice_changes_nothing() {
    let mut rows = Rows::new().await;
    let (customer, _) = rows.line("wf_1").await;
    migrate(&mut rows.0).await.unwrap();
    assert!(customer_exists(&mut rows.0, "default", &customer).await.unwrap());
}
