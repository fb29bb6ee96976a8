//! The plans that bodies become.

use std::fs;
use std::path::Path;
use std::time::Duration;

use saga::{Class, Signature, StepError, saga, step};
use serde::{Deserialize, Serialize};

use crate::isp::*;

#[derive(Serialize, Deserialize)]
pub struct Provisioned {
    customer: String,
    ip: Option<String>,
    cpe: Option<String>,
    service: u64,
}

/// The product's workflow.
#[saga(name = "provision_subscriber", version = 3, deadline = "1h")]
pub async fn provision(request: Request) -> saga::Result<Provisioned> {
    check(&request)?;
    let customer = create_customer(&request).await?;
    let subscriber = create_subscriber(&request, &customer).await?;
    let (_, ip) = try_join!(
        create_radius(&request.email, Some(&customer.id)),
        when(request.allocate_ip, allocate_ip(&subscriber)),
    )?;
    let onu = when(!request.onu_serial.is_empty(), activate_onu(&request.onu_serial, &subscriber)).await?;
    let cpe = if wants_cpe(&request) && onu.is_some() {
        configure_cpe(request.cpe_mac.as_deref().unwrap_or_default(), ip.as_ref()).await.ok()
    } else {
        None
    };
    let service = create_service(&subscriber, "premium").await?;
    send_welcome(&customer).await?;
    Ok(Provisioned { customer: customer.id, ip: ip.map(|ip| ip.text), cpe: cpe.map(|c| c.id), service })
}

fn check(request: &Request) -> saga::Result<()> {
    if request.email.is_empty() { Err(StepError::permanent("no e-mail")) } else { Ok(()) }
}

fn wants_cpe(request: &Request) -> bool {
    request.cpe_mac.is_some()
}

fn plan<R>(definition: &saga::Definition<R>) -> String {
    definition.plan().describe()
}

/// The plan is that of the file. After a change: `BLESS=1 cargo test -p saga-macros --test it`, and read the
/// difference.
fn same_plan<R>(definition: &saga::Definition<R>, name: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(name);
    let text = format!("{}\n", plan(definition));
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, &text).unwrap();
    }
    assert_eq!(text, fs::read_to_string(&file).unwrap(), "{} is out of date", file.display());
}

#[test]
fn the_products_saga_is_a_plan() {
    same_plan(&provision::definition::<Isp>(), "provision.plan");
}

#[test]
fn calling_a_saga_makes_a_start_request() {
    let start: saga::Start<provision> = provision(Request {
        email: String::new(),
        customer_id: None,
        onu_serial: String::new(),
        cpe_mac: None,
        allocate_ip: false,
    });
    drop(start);
    assert_eq!((provision::META.name, provision::META.class), ("provision_subscriber", Class::Pivot));
    assert_eq!(provision::definition::<Isp>().plan().deadline(), Some(Duration::from_secs(3600)));
}

#[step(no_effect)]
pub async fn add(a: u64, b: u64) -> saga::Result<u64> {
    Ok(a + b)
}

/// Every form that a body may have.
#[saga(version = 1, resources = Isp, on_failure = park)]
pub async fn forms(n: u64) -> saga::Result<Vec<String>> {
    // nested calls, in the order in which they run
    let a = add(add(n, 1).await?, add(n, 2).await?).await?;
    // else-if, several steps in an arm, shadowing, an arm without a step
    let kind = if a > 100 {
        "huge".to_string()
    } else if add(a, 0).await? > 10 {
        let b = add(a, 1).await?;
        let b = add(b, 1).await?;
        format!("big{b}")
    } else {
        "small".to_string()
    };
    // a branch with a sequence, a plain one, a conditional one
    let (x, _, z) = try_join!(
        async {
            let p = add(n, 10).await?;
            let q = add(p, 10).await?;
            Ok((p, q))
        },
        add(n, 20),
        when(n > 1000, add(n, 30)),
    )?;
    // a join as one value, and for its effect
    let both = try_join!(add(n, 40), add(n, 41))?;
    try_join!(add(n, 42), async { Ok(add(n, 43).await?) })?;
    // `if`, `when` and a block as statements
    if n > 3 {
        add(n, 99).await?;
    } else if n > 2 {
        Err(StepError::permanent(format!("no {n}")))?;
    }
    when(n == 7, add(n, 7)).await?;
    {
        let _inner = add(n, 8).await?;
    }
    let t = std::time::SystemTime::now();
    let same: u64 = a;
    let tolerated = add(n, t.elapsed()?.as_secs()).await.ok();
    add(n + 1, same).await.ok().unwrap_or_default();
    let _ = Some(add(n, n).await?);
    Ok(vec![kind, format!("{x:?} {z:?} {tolerated:?} {both:?}")])
}

#[test]
fn every_form_is_lowered() {
    same_plan(&forms::definition(), "forms.plan");
}

macro_rules! many {
    ($($value:ident)*) => {
        /// More values than a tuple holds, and a body that another macro wrote.
        #[saga(version = 1)]
        pub async fn many(n: u64) -> saga::Result<u64> {
            $(let $value = add(n, 1).await?;)*
            Ok(0 $(+ $value)*)
        }
    };
}
many! { a b c d e f g h i j k l m o p q r s t u }

#[test]
fn more_values_than_a_tuple_holds() {
    let definition = many::definition::<Isp>();
    assert_eq!((definition.total_steps(), definition.plan().output().len()), (20, 20));
}

/// One pivot in each arm: at most one of them runs.
#[saga(version = 1)]
pub async fn pivots(request: Request) -> saga::Result<u64> {
    let subscriber = create_subscriber(&request, &Customer { id: "c".into() }).await?;
    let service = if request.allocate_ip {
        create_service(&subscriber, "a").await?
    } else {
        create_service(&subscriber, "b").await?
    };
    try_join!(send_welcome(&Customer { id: "c".into() }), async { Ok(check_line("x").await.ok()) })?;
    Ok(service)
}

#[test]
fn the_order_that_the_compiler_accepts_is_accepted_by_the_builder() {
    let mut s = saga::SagaBuilder::<Isp, ()>::new("by_hand", 1);
    let last = s.call((), |()| create_service::args(&Subscriber { id: String::new() }, ""));
    s.call((), |()| send_welcome::args(&Customer { id: String::new() }));
    assert!(s.finish((last,), |(last,)| Ok(last)).is_ok());
    assert_eq!(pivots::definition::<Isp>().total_steps(), 5);
}

#[test]
fn the_macro_writes_what_a_person_would() {
    #[saga(version = 1)]
    async fn written(request: Request) -> saga::Result<u64> {
        let line = check_line(&request.onu_serial).await?;
        let ip = when(line, add(1, 2)).await?;
        Ok(ip.unwrap_or_default())
    }
    let mut s = saga::SagaBuilder::<Isp, Request>::new("written", 1);
    let request = s.input();
    let line = s.named("line").call((request,), |(request,)| check_line::args(&request.onu_serial));
    let mut arms = s.begin_if("line", (line,), |(line,)| Ok(line));
    let then = s.named("ip").call((), |()| add::args(1, 2));
    s.begin_else(&mut arms);
    let ip = s.named("ip").end_when(arms, then);
    let by_hand = s.finish((ip,), |(ip,)| Ok(ip.unwrap_or_default())).unwrap();
    assert_eq!(plan(&by_hand), plan(&written::definition::<Isp>()));
    assert_eq!(by_hand.id().fingerprint, written::definition::<Isp>().id().fingerprint);
}

/// Lints are set where the body is.
#[saga(version = 1)]
#[allow(clippy::no_effect, clippy::unused_unit)]
pub async fn with_lints(_n: u64) -> saga::Result<()> {
    Ok(())
}

#[step(no_effect)]
async fn private(n: u64) -> saga::Result<u64> {
    Ok(n)
}

/// A saga may be more public than its steps, and a variable be named like anything.
#[saga(version = 1)]
pub async fn public(value_1: u64) -> saga::Result<u64> {
    let builder = private(private(value_1).await?).await?;
    let result = match builder {
        0 => None,
        max => Some(u64::max(max, value_1)),
    };
    Ok(result.unwrap_or_default() + value_1 + private(builder).await?)
}

macro_rules! calls {
    ($name:ident, $call:expr) => {
        /// Steps that another macro was given.
        #[saga(version = 1)]
        pub async fn $name(_n: u64) -> saga::Result<u64> {
            let first = $call.await?;
            let second = $call.await.ok();
            Ok(first + second.unwrap_or_default())
        }
    };
}
calls!(called, private(7));

#[test]
fn a_body_may_come_from_another_macro() {
    assert_eq!(called::definition::<Isp>().total_steps(), 2);
    assert_eq!(public::definition::<Isp>().total_steps(), 3);
}
