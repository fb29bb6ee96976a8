//! Sweeps: over sagas that are right, and over sagas with the mistakes that people make.

use std::time::Duration;

use saga::store::Status;
use saga::testing::{Act, CallKind, Keys, Sweep, Swept, Way, World, sweep};
use saga::{StepContext, StepError, saga, step};

#[step(compensate = remove(world, cx), timeout = "2s")]
async fn flight(#[inject] world: &World, cx: &StepContext, to: &str) -> saga::Result<String> {
    world.create(cx, "flight", to).await?;
    Ok(format!("flight to {to}"))
}
#[step(compensate = remove(world, cx), if_unknown = found(world, cx), timeout = "2s", settle_after = "5s")]
async fn hotel(#[inject] world: &World, cx: &StepContext, to: &str) -> saga::Result<()> {
    world.create(cx, "hotel", to).await
}
#[step(compensate = remove(world, cx), retry(max_attempts = 1))]
async fn car(#[inject] world: &World, cx: &StepContext, to: &str) -> saga::Result<()> {
    world.create(cx, "car", to).await
}
#[step(compensate = remove(world, cx), if_unknown = park)]
async fn guide(#[inject] world: &World, cx: &StepContext, to: &str) -> saga::Result<()> {
    world.create(cx, "guide", to).await
}
#[step(compensate = remove(world, cx), if_unknown = rerun)]
async fn map(#[inject] world: &World, cx: &StepContext, to: &str) -> saga::Result<()> {
    world.create(cx, "map", to).await
}
#[step(pivot)]
async fn pay(#[inject] world: &World, cx: &StepContext, to: &str) -> saga::Result<()> {
    world.create(cx, "payment", to).await
}
#[step(retriable)]
async fn receipt(#[inject] world: &World, cx: &StepContext, to: &str) -> saga::Result<()> {
    world.create(cx, "receipt", to).await
}
#[step(no_effect)]
async fn weather(to: &str) -> saga::Result<usize> {
    Ok(to.len())
}

/// The system has the name of the step.
async fn remove(world: &World, cx: &StepContext) -> saga::Result<()> {
    let systems = ["flight", "hotel", "car", "guide", "map"];
    let mut parts = cx.node().split('.');
    let system = parts.find(|part| systems.contains(part)).unwrap_or_default();
    world.remove(cx, system).await
}
async fn found(world: &World, cx: &StepContext) -> saga::Result<Option<()>> {
    Ok(world.find(cx, "hotel").await?.map(|_| ()))
}

fn swept_of<S>(sweep: Sweep<S, World>) -> impl Future<Output = Swept>
where
    S: saga::Signature + saga::Callable<World>,
{
    sweep.observe(World::there).run()
}

#[saga(version = 1)]
async fn plain(to: String) -> saga::Result<()> {
    flight(&to).await?;
    hotel(&to).await?;
    car(&to).await?;
    Ok(())
}

#[tokio::test]
async fn a_saga_that_is_right_survives_everything() {
    let swept = swept_of(sweep(plain("Lisbon".to_owned())).resources(World::new).most(400)).await;
    assert!(swept.histories > 450 && swept.deaths > 200, "{swept}");
    assert!(swept.completed > 50 && swept.rolled_back > 200 && swept.failed > 20, "{swept}");
}

#[saga(version = 1)]
async fn stay(to: String) -> saga::Result<()> {
    hotel(&to).await?;
    car(&to).await?;
    Ok(())
}

#[saga(version = 1)]
async fn every_form(to: String) -> saga::Result<usize> {
    let (flight, _) = try_join!(flight(&to), async {
        guide(&to).await?;
        map(&to).await?;
        Ok(())
    })?;
    let days = weather(&to).await?;
    sleep(Duration::from_secs(60 * 60)).await;
    for_each(0..2, |n| car(&format!("{flight} {n}"))).max_parallel(2).await?;
    let room = wait_for_event::<String>("room", &to).timeout("2d").await?;
    match room.as_str() {
        "suite" => {
            stay(to.clone()).await.ok();
        }
        _ => {
            hotel(&to).await?;
        }
    }
    let maybe = hotel(&room).await;
    when(maybe.is_err(), weather(&to)).await?;
    pay(&to).await?;
    receipt(&to).await?;
    Ok(days)
}

#[tokio::test]
async fn a_saga_with_every_form_survives_everything() {
    for room in ["suite", "garret"] {
        let sweep = sweep(every_form("Lisbon".to_owned())).resources(World::new);
        let sweep = sweep.event_after(Duration::from_secs(24 * 60 * 60), "room", "Lisbon", room);
        let swept = swept_of(sweep.most(100)).await;
        assert!(swept.completed > 50 && swept.rolled_back > 50 && swept.failed > 20, "{swept}");
    }
}

#[tokio::test]
async fn a_check_is_asked_of_every_history() {
    let sweep = sweep(plain("Lisbon".to_owned())).resources(World::new).most(50);
    let swept = sweep.check(|report| {
        let world = report.resources();
        assert_eq!(world.doubled(), [""; 0]);
        match report.status() {
            Status::Completed => assert_eq!(world.there().len(), 3),
            Status::RolledBack => assert!(world.is_clean(), "{:?}", world.there()),
            _ => assert!(!report.debts().is_empty()),
        }
    });
    assert!(swept.run().await.failed > 10);
}

/// What the sweep says of a saga that is wrong.
pub(crate) async fn wrong(run: impl Future<Output = Swept> + Send + 'static) -> String {
    match tokio::spawn(run).await {
        Ok(swept) => panic!("it should find something: {swept}"),
        Err(found) => *found.into_panic().downcast::<String>().unwrap(),
    }
}

#[step(compensate = complains(world, cx))]
async fn picky(#[inject] world: &World, cx: &StepContext) -> saga::Result<()> {
    world.create(cx, "picky", "p").await
}
/// Does not know that there may be nothing to undo.
async fn complains(world: &World, cx: &StepContext) -> saga::Result<()> {
    match world.find(cx, "picky").await? {
        Some(_) => world.remove(cx, "picky").await,
        None => Err(StepError::permanent("404")),
    }
}
#[saga(version = 1)]
async fn with_picky(to: String) -> saga::Result<()> {
    picky().await?;
    plain(to).await?;
    Ok(())
}

#[tokio::test]
async fn a_compensation_that_fails_when_there_is_nothing_to_undo_is_found() {
    let words = wrong(swept_of(sweep(with_picky("Lisbon".to_owned())).resources(World::new))).await;
    assert!(words.contains("its compensation of `picky` has failed, which nothing kept from it"), "{words}");
    assert!(words.contains(r#".replay("step picky loses its answer")"#), "{words}");
    assert!(words.contains("! 404"), "the whole story: {words}");
    let again =
        sweep(with_picky("Lisbon".to_owned())).resources(World::new).replay("step picky loses its answer");
    assert!(wrong(swept_of(again)).await.contains("1 of 2 histories went wrong"));
}

#[step(compensate = by_number(world, cx, output))]
async fn ticket(#[inject] world: &World, cx: &StepContext) -> saga::Result<u32> {
    world.create(cx, "ticket", "t").await?;
    Ok(1)
}
/// Forgets what it has no number of.
async fn by_number(world: &World, cx: &StepContext, number: Option<&u32>) -> saga::Result<()> {
    match number {
        Some(_) => world.remove(cx, "ticket").await,
        None => Ok(()),
    }
}
#[saga(version = 1)]
async fn with_ticket(to: String) -> saga::Result<()> {
    ticket().await?;
    flight(&to).await?;
    Ok(())
}

#[tokio::test]
async fn a_compensation_that_needs_an_answer_that_was_lost_is_found() {
    let words = wrong(swept_of(sweep(with_ticket("Lisbon".to_owned())).resources(World::new))).await;
    let left = "what is there is not what was there before\n  before: []\n  now:    [\"ticket t\"]";
    assert!(words.contains(left), "{words}");
    assert!(words.contains(r#".replay("step ticket loses its answer")"#), "{words}");
}

#[tokio::test]
async fn a_system_that_does_everything_twice_is_found() {
    let forgetful = || {
        let world = World::new();
        world.keys("flight", Keys::Ignored);
        world
    };
    let words = wrong(swept_of(sweep(plain("Lisbon".to_owned())).resources(forgetful))).await;
    assert!(words.contains(r#".replay("step flight loses its answer once")"#), "{words}");
    assert!(
        words.contains("now:  [\"car Lisbon\", \"flight Lisbon\", \"flight Lisbon\", \"hotel Lisbon\"]"),
        "{words}"
    );
}

#[tokio::test]
async fn what_goes_wrong_only_together_is_found_without_what_has_nothing_to_do_with_it() {
    let check = |report: &saga::testing::Report<plain, World>| {
        let runs = |call: &&&saga::testing::RecordedCall| call.kind == CallKind::Run;
        let flights = report.calls_of::<flight>().iter().filter(runs).count();
        let hotels = report.calls_of::<hotel>().iter().filter(runs).count();
        let bad = report.status() == Status::RolledBack && flights > 1 && hotels > 0;
        assert!(!bad, "a flight was booked twice, and a hotel, for nothing");
    };
    let found = sweep(plain("Lisbon".to_owned())).resources(World::new).check(check);
    let words = wrong(found.run()).await;
    assert!(
        words.contains("the check: panicked: a flight was booked twice, and a hotel, for nothing"),
        "{words}"
    );
    let script = words.lines().nth(2).expect("the script").trim();
    assert_eq!(script.split("; ").count(), 2, "{words}");
    let more = format!("step car is busy once; {script}; write 30 fails");
    let again = sweep(plain("Lisbon".to_owned())).resources(World::new).check(check).replay(&more);
    assert!(wrong(again.run()).await.contains(&format!(".replay(\"{script}\")")));
}

#[tokio::test]
async fn one_seed_is_one_sweep() {
    let run = |seed| swept_of(sweep(plain("Lisbon".to_owned())).resources(World::new).most(100).seed(seed));
    let (one, again, other) = (run(7).await, run(7).await, run(8).await);
    assert_eq!(one, again);
    assert_ne!(one, other);
}

#[tokio::test]
async fn an_event_that_nobody_publishes_is_missed() {
    let words = wrong(swept_of(sweep(every_form("Lisbon".to_owned())).resources(World::new))).await;
    assert!(words.starts_with("when nothing goes wrong the saga has to complete"), "{words}");
}

/// It would be content with everything.
#[tokio::test]
async fn a_question_that_sees_nothing_is_refused() {
    let blind =
        sweep(plain("Lisbon".to_owned())).resources(World::new).observe(|world| world.there().len() > 100);
    let words = wrong(blind.run()).await;
    assert!(words.starts_with("what is observed of `plain` is the same before it and after"), "{words}");
}

#[tokio::test]
async fn what_is_late_is_looked_after_whatever_else_goes_wrong() {
    let late = || {
        let world = World::new();
        world.next("hotel", Way::Do, [Act::DoesLate(Duration::from_secs(3))]);
        world.next("hotel", Way::Undo, [Act::DoesLate(Duration::from_secs(4))]);
        world
    };
    let swept = swept_of(sweep(plain("Lisbon".to_owned())).resources(late).most(100)).await;
    assert!(swept.rolled_back > 100, "{swept}");
}
