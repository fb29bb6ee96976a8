//! SIGKILL between any two statements: what belongs together is there as a whole, or not at all.

use std::time::{Duration, Instant};

use crate::proxy::Cut;
use crate::stage::{PATIENCE, Stage};

/// So long that nobody is declared dead while processes die one after the other.
const LEASE: Duration = Duration::from_secs(60);

/// Kills a process at every request that it sends after its first half, before the server sees it and after the server has
/// done it, until there is none left at which it could die. How often it died.
fn kill_at_every_statement(stage: &Stage, what: &str) -> u32 {
    let mut deaths = 0;
    for at in [Cut::Before, Cut::After] {
        for request in 0.. {
            let id = format!("{what}-{at:?}-{request}");
            let mut victim = stage.worker(&id);
            stage.proxy.freeze("first half", request, at);
            victim.tell(&format!("{what} {id}"));
            let begun = Instant::now();
            let ended = format!(
                "SELECT count(*) FROM orchestration_workflows WHERE workflow_id = '{id}' AND status = 'completed'"
            );
            while !stage.proxy.is_frozen() && stage.server.ask(&ended) == "0" {
                assert!(begun.elapsed() < PATIENCE, "{id} is stuck");
                std::thread::sleep(Duration::from_millis(5));
            }
            let died = stage.proxy.is_frozen();
            victim.kill();
            stage.proxy.thaw();
            if !died {
                break;
            }
            deaths += 1;
        }
    }
    deaths
}

/// Whoever is left goes on with everything.
fn go_on(stage: &Stage) {
    stage.server.ask("UPDATE orchestration_workers SET lease_until = now() - interval '1 second'");
    let _last = stage.worker("last");
    stage.wait_until("all have ended", || stage.live() == 0);
    let others = "SELECT count(*) FROM orchestration_workflows WHERE status <> 'completed'";
    assert_eq!(stage.server.ask(others), "0");
    let halves = "SELECT count(*) FROM orchestration_workflows AS w
      WHERE (SELECT count(*) FROM halves AS h WHERE h.id = w.workflow_id) <> 2";
    assert_eq!(stage.server.ask(halves), "0", "not both halves, once each");
    stage.fence_held();
}

#[test]
fn sigkill_between_any_two_statements_of_a_transactional_step_leaves_both_halves_or_none_and_then_both() {
    let stage = Stage::new(LEASE);
    let deaths = kill_at_every_statement(&stage, "whole");
    println!("{deaths} deaths in a transactional step");
    // Its two halves, the fence, the fact, and the COMMIT, at least.
    assert!(deaths >= 10, "only {deaths} places to die");
    let torn = "SELECT count(*) FROM (SELECT id FROM halves GROUP BY id HAVING count(*) = 1) AS h";
    assert_eq!(stage.server.ask(torn), "0");
    go_on(&stage);
}

#[test]
fn sigkill_between_any_two_statements_of_a_start_in_the_user_s_transaction_leaves_both_or_none() {
    let stage = Stage::new(LEASE);
    let deaths = kill_at_every_statement(&stage, "whole_in");
    println!("{deaths} deaths in a start in the user's transaction");
    assert!(deaths >= 8, "only {deaths} places to die");
    let torn =
        "SELECT count(*) FROM outbox AS o FULL JOIN orchestration_workflows AS w ON w.workflow_id = o.id
      WHERE o.id IS NULL OR w.workflow_id IS NULL";
    assert_eq!(stage.server.ask(torn), "0", "a row without its workflow, or the other way round");
    go_on(&stage);
}
