//! What a step carries, and how it runs.

use std::time::Duration;

use saga::step::{Arguments, Data, TestContext};
use saga::{
    Backoff, Class, Effect, IfUnknown, IntoStepError, Jitter, Json, Retry, RetryPolicy, Signature, Step,
    StepContext, StepError, TransactionalStep, Tx, step,
};
use serde::{Deserialize, Serialize};

use crate::isp::*;

fn request() -> Request {
    Request {
        email: "j@x".into(),
        customer_id: None,
        onu_serial: "ALCL1".into(),
        cpe_mac: None,
        allocate_ip: true,
    }
}

/// What an attempt of a step makes of journaled arguments.
async fn run<S: Step<Isp>>(arguments: &str) -> saga::Result<(String, bool)> {
    let json = Json::parse(arguments)?;
    let made = S::run(&Isp::default(), &StepContext::test(), &Arguments::of(S::META.name, &json)?).await?;
    Ok((made.output.as_str().to_owned(), made.adopted))
}

/// Undoes a step with the given record.
async fn undo<S: Step<Isp>>(arguments: &str, output: Option<&str>, cx: &StepContext) -> saga::Result<()> {
    let json = Json::parse(arguments)?;
    let output = output.map(Json::parse).transpose()?;
    S::compensate(&Isp::default(), cx, &Arguments::of(S::META.name, &json)?, output.as_ref()).await
}

#[tokio::test]
async fn a_step_stays_a_plain_function() {
    let subscriber = Subscriber { id: "sub".into() };
    assert_eq!(allocate_ip(&NetBox, &subscriber).await.unwrap().text, "10.0.0.3");
    let onu = activate_onu(&Voltha, &StepContext::test(), "ALCL1", &subscriber).await.unwrap();
    assert_eq!(onu.id, "onu_ALCL1");
}

#[test]
fn arguments_are_an_object_by_parameter_name() {
    let json =
        create_subscriber::args(&request(), &Customer { id: "c \"1\"".into() }).unwrap().json().clone();
    assert_eq!(
        json.as_str(),
        r#"{"request":{"email":"j@x","customer_id":null,"onu_serial":"ALCL1","cpe_mac":null,"allocate_ip":true},"customer":{"id":"c \"1\""}}"#
    );
    assert_eq!(create_radius::args("a", None).unwrap().json().as_str(), r#"{"email":"a","id":null}"#);
    assert_eq!(nothing::args().unwrap().json().as_str(), "{}");
}

#[test]
fn an_argument_without_a_json_form_is_named() {
    let map = std::collections::BTreeMap::from([((1, 2), 3)]);
    let error = mapped::args(&map).err().unwrap();
    assert!(error.message().starts_with("argument `map` of `mapped` cannot be written as JSON"), "{error}");
}

#[step(compensate = close, if_unknown = rerun)]
async fn port(port: &str, r#type: u8) -> saga::Result<String> {
    Ok(format!("{port} of {type}", r#type = r#type))
}
async fn close(port: &str, kind: u8, output: &str) -> saga::Result<()> {
    match output == format!("{port} of {kind}") {
        true => Ok(()),
        false => Err(StepError::permanent(output.to_owned())),
    }
}

#[step(compensate = seat)]
async fn book(seat: u8) -> saga::Result<u8> {
    Ok(seat)
}
async fn seat(seat: u8, made: Option<&u8>) -> saga::Result<()> {
    match made == Some(&seat) {
        true => Ok(()),
        false => Err(StepError::permanent("another seat")),
    }
}

#[tokio::test]
async fn a_step_or_its_undo_may_be_called_like_one_of_the_parameters() {
    undo::<book>(r#"{"seat":4}"#, Some("4"), &StepContext::test()).await.unwrap();
    let arguments = r#"{"port":"eth0","type":7}"#;
    assert_eq!(run::<port>(arguments).await.unwrap().0, r#""eth0 of 7""#);
    undo::<port>(arguments, Some(r#""eth0 of 7""#), &StepContext::test()).await.unwrap();
}

#[step(no_effect)]
async fn nothing() -> saga::Result<()> {
    Ok(())
}

#[step(no_effect)]
async fn mapped(map: &std::collections::BTreeMap<(u8, u8), u8>) -> saga::Result<usize> {
    Ok(map.len())
}

#[test]
fn the_options_are_in_the_meta_data() {
    let meta = allocate_ip::META;
    assert_eq!((meta.name, meta.class, meta.system), ("allocate_ip", Class::Compensatable, Some("netbox")));
    assert_eq!((meta.params, meta.if_unknown), (&["subscriber"] as &[_], IfUnknown::LookUp));
    let policy = meta.policy;
    let (ms, s) = (Duration::from_millis, Duration::from_secs);
    assert_eq!(
        policy.retry,
        RetryPolicy {
            max_attempts: 5,
            backoff: Backoff::Exponential { first: ms(200), max: s(30) },
            jitter: Jitter::None,
            deadline: Some(s(600)),
        }
    );
    assert_eq!(policy.undo_retry, RetryPolicy { backoff: Backoff::Fixed(s(1)), ..RetryPolicy::UNDO });
    assert_eq!(
        (policy.timeout, policy.undo_timeout, policy.settle_after),
        (Some(s(10)), Some(s(20)), Some(s(5)))
    );
}

#[test]
fn what_is_not_said_keeps_its_default() {
    assert_eq!(
        check_line::META,
        &saga::Meta { params: &["serial"], ..saga::Meta::new("check_line", Class::NoEffect) }
    );
    let welcome = send_welcome::META.policy;
    let linear = Backoff::Linear { first: Duration::from_secs(1), max: Duration::from_secs(10) };
    assert_eq!(welcome.retry, RetryPolicy { backoff: linear, ..RetryPolicy::FOREVER });
    assert_eq!(
        (create_radius::META.late_safe, create_customer::META.transactional, create_service::META.if_unknown),
        (true, true, IfUnknown::Rerun)
    );
    assert_eq!((renamed::META.name, renamed::META.is_pivot()), ("other-name", true));
}

#[step(pivot, name = "other-name")]
async fn renamed() -> saga::Result<()> {
    Ok(())
}

#[tokio::test]
async fn an_attempt_decodes_lends_calls_and_encodes() {
    let made = run::<create_subscriber>(
        r#"{"request":{"email":"","customer_id":null,"onu_serial":"","cpe_mac":null,"allocate_ip":false},"customer":{"id":"7"}}"#,
    );
    assert_eq!(made.await.unwrap(), (r#"{"id":"sub_7"}"#.to_owned(), false));
    let error = run::<create_subscriber>("{}").await.unwrap_err();
    assert!(error.message().contains("argument `request` of `create_subscriber`"), "{error}");
}

#[tokio::test]
async fn arguments_are_kept_owned_and_lent_as_declared() {
    assert_eq!(
        run::<lent>(r#"{"a":"A","b":"B","list":[1,2],"d":4,"r#type":0,"type":5,"e":[6]}"#).await.unwrap().0,
        r#""A Some(\"B\") [1, 2] None 4 5 Some([6])""#
    );
}

#[allow(clippy::ref_option_ref)]
#[step(no_effect)]
async fn lent(
    a: &str,
    b: Option<&str>,
    list: &[u64],
    c: Option<&Customer>,
    d: u8,
    r#type: &u8,
    e: Option<&[u8]>,
) -> saga::Result<String> {
    Ok(format!("{a} {b:?} {list:?} {c:?} {d} {} {e:?}", r#type))
}

#[tokio::test]
async fn what_was_adopted_is_marked() {
    let (mut connection, cx, isp) = (0_u32, StepContext::test(), Isp::default());
    let json = create_customer::args(&Request { customer_id: Some("c9".into()), ..request() }).unwrap();
    let arguments = Arguments::of("create_customer", json.json()).unwrap();
    let mut tx = Tx::new(&mut connection);
    let made =
        <create_customer as TransactionalStep<Isp>>::run(&isp, &mut tx, &cx, &arguments).await.unwrap();
    assert_eq!((made.output.as_str(), made.adopted), (r#"{"id":"c9"}"#, true));
}

#[tokio::test]
async fn a_compensation_sees_what_it_mentions() {
    let recorded = TestContext::default().cause("bad weather").recorded(Json::parse("[1]").unwrap()).build();
    undo::<seen>(r#"{"n":1}"#, Some("2"), &recorded).await.unwrap();
    let error = undo::<seen>(r#"{"n":1}"#, None, &StepContext::test()).await.unwrap_err();
    assert_eq!(error.message(), "1 None  None 1");
}

#[step(compensate = unseen(n, output, cause, recorded, cx.attempt()))]
async fn seen(n: u32) -> saga::Result<u32> {
    Ok(n)
}
async fn unseen(
    n: u32,
    output: Option<&u32>,
    cause: &str,
    recorded: Option<&Vec<u8>>,
    attempt: u32,
) -> saga::Result<()> {
    if output.is_some() {
        assert_eq!((n, output, cause, recorded), (1, Some(&2), "bad weather", Some(&vec![1])));
        return Ok(());
    }
    Err(StepError::permanent(format!("{n} {output:?} {cause} {recorded:?} {attempt}")))
}

#[tokio::test]
async fn an_output_that_must_be_known_is_asked_for() {
    let error =
        undo::<allocate_ip>(r#"{"subscriber":{"id":""}}"#, None, &StepContext::test()).await.unwrap_err();
    assert_eq!(error.message(), "`allocate_ip` cannot be undone without its output, which is lost");
}

#[tokio::test]
async fn a_look_up_gives_the_output() {
    let json = found::args(3).unwrap();
    let arguments = Arguments::of("found", json.json()).unwrap();
    let made =
        <found as Step<Isp>>::look_up(&Isp::default(), &StepContext::test(), &arguments).await.unwrap();
    assert_eq!(made.unwrap().as_str(), "30");
}

#[step(pivot, if_unknown = Finder.find(n))]
async fn found(n: u32) -> saga::Result<u32> {
    Ok(n)
}
struct Finder;
impl Finder {
    async fn find(&self, n: u32) -> Result<Option<u32>, Busy> {
        if n == 0 { Err(Busy) } else { Ok(Some(n * 10)) }
    }
}

#[tokio::test]
async fn errors_of_its_own_classify_themselves() {
    let error = run::<busy>("{}").await.unwrap_err();
    assert_eq!((error.retry(), error.effect()), (Retry::Yes, Effect::None));
}

#[step(no_effect)]
async fn busy() -> Result<(), Busy> {
    Err(Busy)
}
#[derive(Debug)]
struct Busy;
impl IntoStepError for Busy {
    fn into_step_error(self) -> StepError {
        StepError::transient("busy")
    }
}

#[test]
fn outputs_are_the_steps_types() {
    #[derive(Serialize, Deserialize)]
    struct Own;
    fn is<T: Data>(_: std::marker::PhantomData<T>) {}
    is::<Own>(std::marker::PhantomData);
    is::<Customer>(std::marker::PhantomData::<<create_customer as Signature>::Output>);
}
