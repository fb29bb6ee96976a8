//! The database is lost, and a replica that had not heard of everything takes its place.

use std::time::Duration;

use crate::database::Stop;
use crate::stage::Stage;

/// Finding 34: the journal has forgotten what the worker remembers. Whoever went on with that would decide by facts that
/// are not there, under a name that the new history may give to somebody else.
#[test]
fn guarantee_09_after_a_fail_over_to_a_replica_that_lagged_a_worker_is_a_new_one_and_goes_by_the_journal() {
    let mut stage = Stage::new(Duration::from_secs(3));
    let mut replica = stage.server.replica(stage.home.path().join("replica"));
    for name in ["reserve", "assign", "pay", "ship"] {
        stage.pace("do", name, 200);
    }
    let mut worker = stage.worker("only");
    worker.tell("orders 0 20");
    worker.hears("did orders");
    let written = stage.server.ask("SELECT pg_current_wal_lsn()");
    let followed = format!("SELECT count(*) FROM pg_stat_replication WHERE flush_lsn >= '{written}'");
    stage.wait_until("the replica has followed", || stage.server.ask(&followed) == "1");
    replica.stop(Stop::Fast);
    // From here on it hears of nothing.
    let rows = |stage: &Stage| stage.server.ask("SELECT count(*) FROM book_writes").parse::<u32>().unwrap();
    let before = rows(&stage);
    worker.tell("orders 20 30");
    worker.hears("did orders");
    stage.wait_until("there is something to forget", || rows(&stage) >= before + 20);
    stage.server.stop(Stop::Immediate);
    replica.start();
    replica.promote();
    std::mem::swap(&mut stage.server, &mut replica);
    let known = "SELECT count(*) FROM orchestration_workflows WHERE workflow_id = 'w29'";
    assert_eq!(stage.server.ask(known), "0", "it was acknowledged, and is lost");
    let promoted = stage.server.ask("SELECT clock_timestamp()");
    stage.proxy.lead_to(stage.server.port);
    let births = "SELECT count(*) FROM book_births WHERE process = 'only'";
    stage.wait_until("it comes back", || stage.server.ask(births) == "2");
    // As somebody does who asks what has become of an order.
    worker.tell("orders 20 30");
    worker.hears("did orders");
    stage.wait_until("all have ended", || stage.live() == 0);
    stage.orders_are_done(30);
    stage.fence_held();
    let old = format!(
        "SELECT count(*) FROM book_writes WHERE at > '{promoted}'
          AND worker = (SELECT min(worker) FROM book_births WHERE process = 'only')"
    );
    assert_eq!(stage.server.ask(&old), "0", "writes of a worker of the history before");
}
