//! Everything at once.

use std::time::Duration;

use crate::clocks::ahead;
use crate::database::Stop;
use crate::stage::{Stage, Worker};

/// In the storm that every change has to pass. `SAGA_ORDERS` asks for a longer one.
const ORDERS: u32 = 500;
const LEASE: Duration = Duration::from_secs(3);

/// What can happen to whoever runs workflows.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Blow {
    Kill,
    /// For longer than its lease.
    Pause,
    RestartFast,
    RestartImmediate,
    /// All wires at once.
    Cut,
}

fn orders() -> u32 {
    std::env::var("SAGA_ORDERS").map_or(ORDERS, |orders| orders.parse().unwrap())
}

#[test]
fn guarantees_05_09_and_10_hold_while_workers_the_database_and_the_wires_are_struck() {
    let orders = orders();
    let mut stage = Stage::new(LEASE);
    let mut standby = stage.server.standby(stage.home.path().join("standby"));
    for name in ["reserve", "assign", "pay", "ship"] {
        stage.pace("do", name, 400);
    }
    let each = [
        Blow::Kill,
        Blow::Kill,
        Blow::Pause,
        Blow::Pause,
        Blow::RestartFast,
        Blow::RestartImmediate,
        Blow::Cut,
    ];
    let mut blows = each.repeat(usize::try_from(orders.div_ceil(ORDERS)).unwrap());
    stage.random.shuffle(&mut blows);
    // One more wave meets the promotion.
    let wave = orders.div_ceil(u32::try_from(blows.len()).unwrap() + 1);
    let (mut names, mut begun) = (0, 0);
    let mut new = |stage: &Stage, place: usize, upto: u32| -> Worker {
        names += 1;
        let name = format!("w{place}_{names}");
        let mut worker = stage.spawn(&name, |command| {
            // No workflow is to blame for these deaths.
            command.env("SAGA_POISON_AFTER", "100");
            // The clock of one of them is an hour ahead.
            if place == 0 {
                ahead(command);
            }
        });
        start(&mut worker, place, 0, upto);
        worker
    };
    let mut workers = [0, 1, 2].map(|place| new(&stage, place, 0));
    let clocks = workers.each_mut().map(|worker| worker.hears("clock").parse::<i64>().unwrap());
    assert!(clocks[0] - clocks[1] > 3000, "its clock is an hour ahead: {clocks:?}");
    stage.proxy.cut_one_in(150);
    let mut next_wave = |stage: &Stage, workers: &mut [Worker; 3]| -> u32 {
        let from = begun;
        begun = orders.min(from + wave);
        for (place, worker) in workers.iter_mut().enumerate() {
            start(worker, place, from, begun);
        }
        let last = format!(
            "SELECT count(*) FROM orchestration_workflows WHERE workflow_id IN ('w{from}', 'w{}')",
            begun - 1
        );
        stage.wait_until("there is work to strike", || stage.live() >= 10 || stage.server.ask(&last) == "2");
        begun
    };
    for blow in blows {
        let upto = next_wave(&stage, &mut workers);
        let place = stage.random.usize(..workers.len());
        println!("{blow:?} {place}, {} live", stage.live());
        match blow {
            Blow::Kill => {
                let next = new(&stage, place, upto);
                std::mem::replace(&mut workers[place], next).kill();
            }
            Blow::Pause => {
                workers[place].pause();
                std::thread::sleep(LEASE + Duration::from_secs(1));
                workers[place].wake();
            }
            Blow::RestartFast | Blow::RestartImmediate => {
                stage.server.stop(if blow == Blow::RestartFast { Stop::Fast } else { Stop::Immediate });
                std::thread::sleep(Duration::from_millis(stage.random.u64(0..500)));
                stage.server.start();
            }
            Blow::Cut => stage.proxy.cut_all(),
        }
        std::thread::sleep(Duration::from_millis(stage.random.u64(500..1500)));
    }
    assert_eq!(next_wave(&stage, &mut workers), orders);
    // The first server is lost, and the one that has followed it takes its place.
    println!("promotion, {} live", stage.live());
    stage.server.stop(Stop::Immediate);
    standby.promote();
    stage.proxy.lead_to(standby.port);
    std::mem::swap(&mut stage.server, &mut standby);
    stage.proxy.cut_one_in(0);
    stage.wait_until("every start is durable", || {
        stage.server.ask("SELECT count(*) FROM orchestration_workflows") == orders.to_string()
    });
    stage.wait_until("all have ended", || stage.live() == 0);
    let statuses = stage.orders_are_done(orders);
    let (writes, workers, deaths) = stage.fence_held();
    // Whoever was refused is dead, or of the history before the promotion, and comes to its lease's end.
    let refused = stage.refused();
    let alive =
        "SELECT worker FROM orchestration_workers WHERE state = 'live' AND lease_until > clock_timestamp()";
    stage.wait_until("nobody who lives was refused", || {
        stage.server.ask(alive).lines().all(|worker| !refused.contains_key(&worker.parse().unwrap()))
    });
    let refused: u32 = refused.values().sum();
    let (cuts, commits) = stage.proxy.cuts();
    println!(
        "{statuses:?}; {writes} writes of {workers} workers; {deaths} were declared dead, {refused} batches refused; \
         {cuts} wires cut, {commits} of them in a COMMIT"
    );
    assert!(
        deaths >= 2 && cuts >= 5 && commits >= 1,
        "SAGA_SEED={}: the storm was too weak: {deaths} deaths, {cuts} cuts, {commits} in a COMMIT",
        stage.seed
    );
}

/// Every worker starts every order, as a client does that has had no answer: a name that is known is a repetition. Each
/// begins elsewhere, so that each has some of its own.
fn start(worker: &mut Worker, place: usize, from: u32, upto: u32) {
    let middle = from + (upto - from) * u32::try_from(place).unwrap() / 3;
    worker.tell(&format!("orders {middle} {upto}"));
    worker.tell(&format!("orders {from} {middle}"));
}
