//! What becomes of the workflows of a worker that is not there any more, or seems not to be.

use std::time::{Duration, Instant};

use crate::proxy::Cut;
use crate::stage::{PATIENCE, Stage};

const LEASE: Duration = Duration::from_secs(3);

/// From the last moment at which it lived to the first row that somebody else wrote. Time is the guarantee here; when the
/// machine itself stands still for that long, another look is taken.
#[test]
fn guarantee_10_a_dead_worker_s_workflows_go_on_within_the_lease_and_a_second() {
    let mut measured = vec![];
    while measured.len() < 3 {
        let stage = Stage::new(LEASE);
        let mut lost = stage.worker_with("lost", lost_in_thought);
        lost.tell("slow 0 20");
        lost.hears("did slow");
        let others = ["second", "third"].map(|name| stage.worker(name));
        let died = stage.server.ask("SELECT clock_timestamp()");
        lost.kill();
        stage.wait_until("all have ended", || stage.live() == 0);
        let took = stage.server.ask(&format!(
            "SELECT max(first) FROM (SELECT extract(epoch FROM min(at) - '{died}'::timestamptz) AS first FROM book_writes
              WHERE process IN ('second', 'third') GROUP BY workflow_id) AS w"
        ));
        let took = Duration::from_secs_f64(took.parse().unwrap());
        let all = "SELECT count(*) FROM orchestration_workflows WHERE status = 'completed'";
        assert_eq!(stage.server.ask(all), "20");
        stage.fence_held();
        drop(others);
        println!("the last of 20 went on after {took:?}");
        measured.push(took);
        if took <= LEASE + Duration::from_secs(1) {
            return;
        }
    }
    panic!("takeovers took {measured:?}, and the lease is {LEASE:?}");
}

/// It has heard from the world before it was paused, and wants to write that down when it wakes.
#[test]
fn guarantee_09_a_worker_that_was_paused_past_its_lease_writes_nothing_and_comes_back_as_a_new_one() {
    let stage = Stage::new(LEASE);
    stage.pace("do", "reserve", 500);
    let mut paused = stage.worker("paused");
    let first = "SELECT count(*) FROM book_births WHERE process = 'paused'";
    assert_eq!(stage.server.ask(first), "1");
    paused.tell("orders 0 40");
    stage.wait_until("it works", || stage.live() >= 4);
    paused.pause();
    let _other = stage.worker("other");
    let deaths = "SELECT count(*) FROM book_deaths AS d JOIN book_births AS b ON b.worker = d.worker WHERE b.process = 'paused'";
    stage.wait_until("it is declared dead", || stage.server.ask(deaths) == "1");
    let taken = "SELECT count(*) FROM orchestration_workflows WHERE takeovers > 0 OR status = 'completed'";
    stage.wait_until("its workflows are taken over", || stage.server.ask(taken) != "0");
    paused.wake();
    stage.wait_until("it comes back", || stage.server.ask(first) == "2");
    // What it had not started yet it starts now, as a new worker.
    paused.hears("did orders");
    stage.wait_until("all have ended", || stage.live() == 0);
    stage.orders_are_done(40);
    let (writes, ..) = stage.fence_held();
    assert!(writes > 0);
    let since = "SELECT count(*) FROM book_writes AS w WHERE w.worker = (SELECT max(worker) FROM book_births WHERE process = 'paused')";
    assert_ne!(stage.server.ask(since), "0", "the new worker of the old process has work");
}

/// It is stopped between two statements of a transaction, as a machine is that is suspended: the server has done the one,
/// and waits for the next. Nobody waits for the sleeper for long, and when it goes on its transaction is over.
#[test]
fn guarantee_09_a_worker_that_is_stopped_between_two_statements_of_a_transaction_commits_nothing_when_it_goes_on()
 {
    let stage = Stage::new(LEASE);
    let (mut held_the_fence, mut request) = (0, 0);
    for n in 3.. {
        let (name, id) = (format!("victim{n}"), format!("w{n}"));
        let mut victim = stage.worker(&name);
        stage.proxy.freeze("INSERT INTO bookings", request, Cut::Before);
        victim.tell(&format!("orders {n} {}", n + 1));
        stage.wait_until("it is at that statement", || stage.proxy.is_frozen());
        victim.pause();
        stage.proxy.go_on();
        let booked = format!("SELECT count(*) FROM bookings WHERE id LIKE '{id}/%'");
        stage.wait_until("the server has done it", || stage.proxy.is_answered());
        if stage.server.ask(&booked) == "1" {
            // That was the COMMIT.
            victim.kill();
            break;
        }
        let locks =
            "SELECT count(*) FROM pgrowlocks('orchestration_workers') WHERE 'For Key Share' = ANY(modes)";
        held_the_fence += u32::from(stage.server.ask(locks) == "1");
        let other = stage.worker(&format!("other{n}"));
        let deaths = format!(
            "SELECT count(*) FROM book_deaths AS d JOIN book_births AS b ON b.worker = d.worker WHERE b.process = '{name}'"
        );
        stage.wait_until("it is declared dead", || stage.server.ask(&deaths) == "1");
        stage.wait_until("the other one has done it", || stage.server.ask(&booked) == "1");
        victim.wake();
        let births = format!("SELECT count(*) FROM book_births WHERE process = '{name}'");
        stage.wait_until("it comes back", || stage.server.ask(&births) == "2");
        stage.wait_until("all have ended", || stage.live() == 0);
        let end = format!(
            "SELECT status || (SELECT count(*) FROM bookings WHERE id LIKE '{id}/%') FROM orchestration_workflows WHERE workflow_id = '{id}'"
        );
        assert_eq!(stage.server.ask(&end), "completed1", "request {request}");
        victim.kill();
        other.kill();
        request += 2;
    }
    println!("{request} requests, and the fence was held at {held_the_fence}");
    assert!(
        request >= 6 && held_the_fence >= 1,
        "{request} requests, the fence was held at {held_the_fence}"
    );
    stage.fence_held();
}

/// A batch is on its way when its worker is paused, and arrives when somebody else has the workflow, and has ended it.
#[test]
fn guarantee_09_a_batch_that_arrives_after_its_worker_s_death_is_refused_and_counted() {
    let stage = Stage::new(LEASE);
    let mut late = stage.worker("late");
    // The start itself, and then the next shape of a batch: it is prepared, and sent.
    stage.proxy.freeze("slow-mail", 2, Cut::Before);
    late.tell("nap slow-mail");
    stage.wait_until("its second batch is on its way", || stage.proxy.is_frozen());
    stage.proxy.freeze_no_more();
    late.pause();
    let dead: i64 =
        stage.server.ask("SELECT worker FROM book_births WHERE process = 'late'").parse().unwrap();
    let _other = stage.worker("other");
    stage.wait_until("the other one has ended it", || stage.live() == 0);
    let rows =
        "SELECT string_agg(s::text, E'\\n' ORDER BY step_order) FROM orchestration_workflow_steps AS s";
    let (before, writes) =
        (stage.server.ask(rows), "SELECT count(*) FROM book_writes WHERE process = 'late'");
    assert_eq!(stage.server.ask(writes), "0", "what it wrote was still on its way");
    stage.proxy.go_on();
    stage.wait_until("the server has seen the batch", || stage.proxy.is_answered());
    late.wake();
    stage.wait_until("it comes back", || {
        stage.server.ask("SELECT count(*) FROM book_births WHERE process = 'late'") == "2"
    });
    // Its next life does not wait for the last word of the one before.
    stage.wait_until("its batch was refused", || !stage.refused().is_empty());
    let refused = stage.refused();
    assert!(refused.keys().eq([&dead]), "of {dead} were refused: {refused:?}");
    assert_eq!((stage.server.ask(rows), &*stage.server.ask(writes)), (before, "0"));
    let ended = "SELECT status FROM orchestration_workflows WHERE workflow_id = 'slow-mail'";
    assert_eq!(stage.server.ask(ended), "completed");
    stage.fence_held();
}

/// One workflow takes down every process that runs it. These come back, as processes do, and it is taken up again.
#[test]
fn guarantee_10_a_workflow_that_kills_its_worker_is_parked_and_the_others_go_on() {
    let stage = Stage::new(Duration::from_secs(1));
    let mut workers = ["one", "two", "three"].map(|name| stage.worker(name));
    let mut others = stage.worker("starter");
    others.tell("poison p");
    for worker in &mut workers {
        worker.tell("orders 0 30");
    }
    others.tell("orders 0 30");
    let (mut deaths, begun) = (0, Instant::now());
    let ended =
        "SELECT count(*) FROM orchestration_workflows WHERE status IN ('completed', 'rolled_back', 'failed')";
    let mut starter = others;
    while stage.server.ask(ended) != "31" {
        assert!(begun.elapsed() < PATIENCE, "{deaths} deaths, {} live", stage.live());
        for worker in workers.iter_mut().chain([&mut starter]) {
            if worker.is_dead() {
                deaths += 1;
                let name = worker.name.clone();
                *worker = stage.spawn(&name, |_| {});
                worker.tell("orders 0 30");
            }
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let how =
        "SELECT workflow_id || ' ' || failure_reason FROM orchestration_workflows WHERE status = 'failed'";
    assert_eq!(stage.server.ask(how), "p poison");
    println!("{deaths} processes died of it");
    assert!((3..=6).contains(&deaths), "{deaths} deaths");
    stage.wait_until("what belonged to the last dead one is nobody's", || {
        stage.server.ask(
            "SELECT count(*) FROM orchestration_workflows WHERE worker IS NOT NULL AND status <> 'failed'",
        ) == "0"
    });
    // By now nobody dies any more.
    std::thread::sleep(Duration::from_secs(1));
    assert!(workers.iter_mut().chain([&mut starter]).all(|worker| !worker.is_dead()));
    stage.fence_held();
    stage.only_orders_are_done(30);
}

#[test]
fn two_thousand_workflows_of_a_dead_worker_go_on_within_five_seconds_of_its_death() {
    let mut measured = vec![];
    while measured.len() < 3 {
        let stage = Stage::new(LEASE);
        let mut lost = stage.worker_with("lost", lost_in_thought);
        lost.tell("slow 0 2000");
        lost.hears("did slow");
        let _other = stage.worker("other");
        lost.kill();
        let resumed = "SELECT count(DISTINCT workflow_id) FROM book_writes WHERE process = 'other'";
        stage.wait_until("all go on", || stage.server.ask(resumed) == "2000");
        let took = stage.server.ask(
            "SELECT extract(epoch FROM max(first) - (SELECT max(at) FROM book_deaths))
               FROM (SELECT min(at) AS first FROM book_writes GROUP BY workflow_id) AS w",
        );
        stage.wait_until("all have ended", || stage.live() == 0);
        stage.fence_held();
        println!("the last of 2000 went on {took} s after the takeover");
        measured.push(took.clone());
        if took.parse::<f64>().unwrap() <= 5.0 {
            return;
        }
    }
    panic!("2000 workflows took {measured:?} s to go on");
}

fn lost_in_thought(command: &mut std::process::Command) {
    command.env("SAGA_IS_LOST", "1");
}
