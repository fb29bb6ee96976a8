//! The sagas that are simulated: between them every form of the language that has an effect.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use saga::definition::Plan;
use saga::{Adoptable, Created, Definition, DefinitionId, StepContext, StepError, saga, step};

use crate::world::{Port, System};

/// Between two attempts: fixed, so that too early can be told from early.
pub(crate) const PAUSE: Duration = Duration::from_millis(100);

thread_local! {
    static EVALUATED: Cell<u32> = const { Cell::new(0) };
}

/// Another number every time, like a clock or a UUID in a saga's body.
fn nonce() -> u32 {
    EVALUATED.set(EVALUATED.get() + 1);
    EVALUATED.get()
}

/// At the beginning of a seed.
pub(crate) fn begin() {
    EVALUATED.set(0);
}

macro_rules! steps {
    ($($step:ident $undo:ident $system:ident;)*) => { $(
        #[step(
            compensate = $undo(port, cx), system = "world", timeout = "400ms", settle_after = "600ms",
            retry(max_attempts = 3, backoff = fixed("100ms"), jitter = none),
            undo_retry(max_attempts = 4, backoff = fixed("100ms"), jitter = none)
        )]
        pub(crate) async fn $step(#[inject] port: &Port, cx: &StepContext, given: &str) -> saga::Result<Adoptable<String>> {
            port.run(System::$system, cx, given).await
        }
    )* };
}
steps! {
    keyed undo_keyed Keyed;
    named undo_named Named;
}
/// What it makes is secret.
#[step(
    compensate = undo_keyed(port, cx), secret_output, timeout = "400ms", settle_after = "600ms",
    retry(max_attempts = 3, backoff = fixed("100ms"), jitter = none),
    undo_retry(max_attempts = 4, backoff = fixed("100ms"), jitter = none)
)]
pub(crate) async fn whisper(
    #[inject] port: &Port,
    cx: &StepContext,
    given: &str,
) -> saga::Result<Adoptable<String>> {
    port.run(System::Keyed, cx, given).await
}
async fn undo_keyed(port: &Port, cx: &StepContext) -> saga::Result<()> {
    port.undo(System::Keyed, cx).await
}
async fn undo_named(port: &Port, cx: &StepContext) -> saga::Result<()> {
    port.undo(System::Named, cx).await
}

/// Undone by what it made, which is looked up when it was lost.
#[step(
    compensate = undo_found(port, cx, output), if_unknown = find(port, cx), timeout = "400ms", settle_after = "600ms",
    retry(max_attempts = 2, backoff = fixed("100ms"), jitter = none),
    undo_retry(max_attempts = 4, backoff = fixed("100ms"), jitter = none)
)]
pub(crate) async fn found(
    #[inject] port: &Port,
    cx: &StepContext,
    given: &str,
) -> saga::Result<Adoptable<String>> {
    port.run(System::Named, cx, given).await
}
async fn undo_found(port: &Port, cx: &StepContext, made: &str) -> saga::Result<()> {
    let _ = made;
    port.undo(System::Named, cx).await
}
async fn find(port: &Port, cx: &StepContext) -> saga::Result<Option<String>> {
    port.find(System::Named, cx).await
}

/// Undone by what it made; it is run once more to learn that.
#[step(
    compensate = undo_rerun(port, cx, output), if_unknown = rerun, timeout = "400ms", settle_after = "600ms",
    retry(max_attempts = 2, backoff = fixed("100ms"), jitter = none),
    undo_retry(max_attempts = 4, backoff = fixed("100ms"), jitter = none)
)]
pub(crate) async fn rerun(
    #[inject] port: &Port,
    cx: &StepContext,
    given: &str,
) -> saga::Result<Adoptable<String>> {
    port.run(System::Keyed, cx, given).await
}
async fn undo_rerun(port: &Port, cx: &StepContext, made: &str) -> saga::Result<()> {
    let _ = made;
    port.undo(System::Keyed, cx).await
}

/// When nobody knows, a person decides.
#[step(
    compensate = undo_asked(port, cx, output), if_unknown = park, timeout = "400ms", settle_after = "600ms",
    retry(max_attempts = 2, backoff = fixed("100ms"), jitter = none),
    undo_retry(max_attempts = 4, backoff = fixed("100ms"), jitter = none)
)]
pub(crate) async fn asked(
    #[inject] port: &Port,
    cx: &StepContext,
    given: &str,
) -> saga::Result<Adoptable<String>> {
    port.run(System::Keyed, cx, given).await
}
async fn undo_asked(port: &Port, cx: &StepContext, _made: Option<&String>) -> saga::Result<()> {
    port.undo(System::Keyed, cx).await
}

/// Tried once.
#[step(
    compensate = undo_named(port, cx), retry(max_attempts = 1), timeout = "400ms", settle_after = "600ms",
    undo_retry(max_attempts = 4, backoff = fixed("100ms"), jitter = none)
)]
pub(crate) async fn once(
    #[inject] port: &Port,
    cx: &StepContext,
    given: &str,
) -> saga::Result<Adoptable<String>> {
    port.run(System::Named, cx, given).await
}

/// Writes down what was there before.
#[step(
    compensate = restore(port, cx, recorded), timeout = "400ms", settle_after = "600ms",
    retry(max_attempts = 3, backoff = fixed("100ms"), jitter = none),
    undo_retry(max_attempts = 4, backoff = fixed("100ms"), jitter = none)
)]
pub(crate) async fn recorded(
    #[inject] port: &Port,
    cx: &StepContext,
    given: &str,
) -> saga::Result<Adoptable<String>> {
    port.records(cx).await?;
    port.run(System::Named, cx, given).await
}
async fn restore(port: &Port, cx: &StepContext, recorded: Option<&String>) -> saga::Result<()> {
    if recorded.is_none() && port.was_sent(cx) {
        return Err(StepError::permanent("there is no record of what was there before"));
    }
    port.undo(System::Named, cx).await
}

/// The point of no return.
#[step(pivot, timeout = "400ms", retry(max_attempts = 2, backoff = fixed("100ms"), jitter = none))]
pub(crate) async fn pivot(#[inject] port: &Port, cx: &StepContext, given: &str) -> saga::Result<String> {
    port.run(System::Keyed, cx, given).await.map(inner)
}

/// The point of no return, which can be looked up.
#[step(
    pivot, if_unknown = find(port, cx), timeout = "400ms", settle_after = "600ms",
    retry(max_attempts = 2, backoff = fixed("100ms"), jitter = none)
)]
pub(crate) async fn pivot_found(
    #[inject] port: &Port,
    cx: &StepContext,
    given: &str,
) -> saga::Result<String> {
    port.run(System::Named, cx, given).await.map(inner)
}

/// Tried until it succeeds.
#[step(retriable, timeout = "400ms", retry(backoff = fixed("100ms"), jitter = none))]
pub(crate) async fn welcome(#[inject] port: &Port, cx: &StepContext, given: &str) -> saga::Result<String> {
    port.run(System::Keyed, cx, given).await.map(inner)
}

fn inner(made: Adoptable<String>) -> String {
    let (Created(value) | saga::Adopted(value)) = made;
    value
}

/// A join, a computed argument, and an output that is looked up.
#[saga(version = 1)]
pub(crate) async fn plain(name: String) -> saga::Result<String> {
    let a = keyed(&name).await?;
    let (b, c) = try_join!(named(&a), keyed(&a))?;
    let d = found(&b).await?;
    let e = keyed(&format!("{c}.{}", nonce())).await?;
    let f = named(&d).await?;
    Ok(format!("{e} {f}"))
}

/// What came after it: not every worker knows it.
pub(crate) mod newer {
    use super::{found, keyed, named, saga};

    #[saga(version = 2)]
    pub(crate) async fn plain(name: String) -> saga::Result<String> {
        let a = named(&name).await?;
        let b = keyed(&a).await?;
        let (c, d) = try_join!(found(&b), keyed(&b))?;
        let e = named(&d).await?;
        Ok(format!("{c} {e}"))
    }
}

/// A tolerated step, a join, a pivot, and what comes after it.
#[saga(version = 1)]
pub(crate) async fn sale(name: String) -> saga::Result<String> {
    let a = named(&name).await?;
    let gift = keyed(&a).await.ok();
    let (b, c) = try_join!(rerun(&a), recorded(&a))?;
    let d = keyed(gift.as_deref().unwrap_or("nothing")).await?;
    let paid = pivot(&b).await?;
    let e = welcome(&paid).await?;
    Ok(format!("{c} {d} {e}"))
}

/// A sub-saga.
#[saga(version = 1)]
pub(crate) async fn leg(name: String) -> saga::Result<String> {
    let a = named(&name).await?;
    let b = keyed(&a).await?;
    Ok(b)
}

/// Conditions, a list, a sub-saga whose failure is tolerated, and time that passes.
#[saga(version = 1)]
pub(crate) async fn tour(name: String) -> saga::Result<String> {
    let a = keyed(&name).await?;
    let (b, c) = try_join!(named(&a), when(a.len() % 2 == 0, found(&a)))?;
    let detour = leg(b).await.ok();
    sleep(Duration::from_millis(300)).await;
    let all = for_each(&["x".to_owned(), "y".to_owned(), "z".to_owned()], |item| keyed(item))
        .max_parallel(2)
        .await?;
    let last = named(detour.as_deref().unwrap_or("nothing")).await?;
    Ok(format!("{c:?} {} {last}", all.len()))
}

/// Steps about which nobody may guess.
#[saga(version = 1)]
pub(crate) async fn careful(name: String) -> saga::Result<String> {
    let a = recorded(&name).await?;
    let (b, c) = try_join!(asked(&a), once(&a))?;
    let d = rerun(&b).await?;
    let done = pivot_found(&d).await?;
    let e = welcome(&done).await?;
    Ok(format!("{c} {e}"))
}

/// Waits for what happens outside, longer than it may stay in memory.
#[saga(version = 1)]
pub(crate) async fn patient(name: String) -> saga::Result<String> {
    let a = keyed(&name).await?;
    let b = named(&a).await?;
    let word = wait_for_event::<String>("word", &name).timeout("5s").await.ok();
    let (c, d) = try_join!(found(&b), keyed(word.as_deref().unwrap_or("nothing")))?;
    sleep(Duration::from_millis(1500)).await;
    let e = named(&c).await?;
    Ok(format!("{d} {e}"))
}

/// What it is asked for is secret, and something that it makes.
#[saga(version = 1)]
pub(crate) async fn private(#[secret] name: String) -> saga::Result<String> {
    let a = keyed(&name).await?;
    let b = whisper(&a).await?;
    let (c, d) = try_join!(whisper(&format!("{name}.{}", nonce())), named(&b))?;
    let e = found(&c).await?;
    Ok(format!("{name} {d} {e}"))
}

/// What an event starts.
#[saga(version = 1)]
pub(crate) async fn parcel(name: String) -> saga::Result<String> {
    let a = keyed(&name).await?;
    let b = found(&a).await?;
    Ok(b)
}

/// What a schedule starts, again and again.
#[saga(version = 1)]
pub(crate) async fn errand(name: String) -> saga::Result<String> {
    let a = keyed(&name).await?;
    sleep(Duration::from_millis(1900)).await;
    let b = named(&a).await?;
    Ok(b)
}

/// How many kinds of workflows people start.
pub(crate) const KINDS: usize = 7;

/// What happens when somebody orders something: it starts a workflow of two kinds that nobody starts else.
pub(crate) const ORDER: &str = "order";

pub(crate) fn all() -> [Definition<Port>; KINDS + 3] {
    [
        plain::definition(),
        sale::definition(),
        tour::definition(),
        careful::definition(),
        patient::definition(),
        private::definition(),
        newer::plain::definition(),
        leg::definition(),
        parcel::definition(),
        errand::definition(),
    ]
}

/// What a worker knows that was not deployed anew.
pub(crate) fn old() -> impl Iterator<Item = Definition<Port>> {
    all()
        .into_iter()
        .filter(|definition| definition.plan().id() != newer::plain::definition::<Port>().plan().id())
}

thread_local! {
    static PLANS: Vec<Arc<Plan>> = all().iter().map(|definition| Arc::clone(definition.plan())).collect();
}

pub(crate) fn plan(id: &DefinitionId) -> Option<Arc<Plan>> {
    PLANS.with(|plans| plans.iter().find(|plan| plan.id() == id).cloned())
}

pub(crate) fn plans() -> Vec<Arc<Plan>> {
    PLANS.with(Clone::clone)
}
