//! What every store has to do, one case each.
//!
//! Implement [`Subject`] for your store and write `saga::conformance!(MySubject);` in a test file: each case gets
//! a `#[test]` of its own name. The numbers in the cases' docs are findings: ways in which a simpler storage
//! protocol failed.

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;

use crate::error::StepError;
use crate::id::WorkflowId;
use crate::step::Tx;
use crate::store::{Status, Store};

mod kit;

pub mod decisions;
pub mod events;
pub mod waits;
pub mod facts;
pub mod history;
pub mod limits;
pub mod ownership;
pub mod reading;
pub mod schedules;
pub mod sharing;
pub mod signals;
pub mod starts;
pub mod transactions;
pub mod triggers;

/// What not every store can do. Each subject says it, and a case holds the store against it: what is not there is left
/// out because of that, never in silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Several processes may share it; a silent worker is declared dead after its lease.
    pub leased: bool,
    /// It lends transactions.
    pub lends: bool,
    /// It keeps schedules.
    pub schedules: bool,
    /// It keeps which events start workflows.
    pub triggers: bool,
}

/// How the suite gets at a store and at what surrounds it.
#[async_trait]
pub trait Subject: Send + Sync + 'static {
    /// What its stores can do.
    fn capabilities(&self) -> Capabilities;

    /// A store with nothing in it.
    async fn fresh(&self) -> Arc<dyn Store>;

    /// Ends the store as its process's death would, and opens it again.
    async fn reopen(&self, store: Arc<dyn Store>) -> Arc<dyn Store>;

    /// What an operator does with SQL: `UPDATE … SET status = …`. False if that is not possible here.
    async fn set_status_by_hand(&self, store: &Arc<dyn Store>, id: &WorkflowId, status: Status) -> bool;

    /// Writes a row of the user's own inside a lent transaction.
    async fn put(&self, tx: &mut Tx<'_>, key: &str, value: &str) -> Result<(), StepError>;

    /// Reads it, outside.
    async fn get(&self, store: &Arc<dyn Store>, key: &str) -> Option<String>;
}

/// Runs one case; [`conformance!`](crate::conformance) writes the calls.
pub fn run<F: Future<Output = ()>>(subject: impl Subject, case: impl FnOnce(Arc<dyn Subject>) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime for the test").block_on(case(Arc::new(subject)));
}

/// Gives each case of the suite a `#[test]` of its own, over the [`Subject`] that the expression makes.
#[macro_export]
macro_rules! conformance {
    ($subject:expr) => {
        $crate::conformance! { @ $subject,
            starts: a_start_is_loaded_back_in_every_field,
            starts: a_start_sent_twice_is_one_workflow,
            starts: the_same_key_and_input_is_the_same_workflow,
            starts: the_same_key_and_another_input_is_a_conflict,
            starts: a_callers_own_id_is_judged_like_a_key,
            starts: one_key_in_two_tenants_is_two_workflows,
            starts: an_excluded_start_names_the_holder_and_keeps_no_key,
            starts: a_replay_does_not_meet_its_own_exclusion,
            starts: a_start_without_a_worker_can_be_claimed,
            starts: create_and_finish_fit_into_one_commit,
            starts: a_batch_of_a_thousand_starts_lands_in_order,
            facts: a_fact_is_loaded_back_in_every_field,
            facts: a_higher_rev_replaces_and_a_lower_one_does_not,
            facts: the_first_record_wins,
            facts: items_and_runs_are_rows_of_their_own,
            facts: facts_of_a_refused_decision_stay,
            facts: facts_sent_twice_count_once,
            facts: facts_land_only_from_the_owner,
            facts: a_commit_without_a_workflow_is_unstorable,
            decisions: a_decision_is_loaded_back_in_every_field,
            decisions: every_status_and_reason_can_be_kept,
            decisions: a_stale_decision_is_refused_and_says_what_is,
            decisions: a_decision_sent_twice_is_taken_once,
            decisions: a_released_workflow_recognises_its_release,
            decisions: operators_decide_only_on_what_nobody_owns,
            decisions: exclusion_is_kept_by_failed_and_freed_by_an_end,
            decisions: a_second_run_takes_its_exclusion_again_or_not_at_all,
            decisions: the_second_click_on_retry_is_refused,
            decisions: a_refused_operator_leaves_nothing_behind,
            decisions: audit_is_appended_once_and_in_order,
            ownership: a_predecessor_is_fenced_by_the_next,
            ownership: a_restart_waits_for_no_lease,
            ownership: a_takeover_is_unclean_until_its_owner_decides,
            ownership: a_workflow_parked_for_its_definition_stays_unclean,
            ownership: a_workflow_stopped_from_outside_is_unclean,
            ownership: a_claim_whose_answer_was_lost_is_told_again,
            ownership: takeovers_count_until_something_gets_done,
            ownership: leaving_gives_everything_away_unclean,
            ownership: a_clean_release_stays_clean,
            ownership: claims_go_by_priority_then_age_and_stop_at_the_limit,
            ownership: a_claim_takes_only_what_is_due,
            ownership: a_claim_leaves_unknown_definitions_alone,
            ownership: what_no_worker_knows_is_told_by_definition,
            ownership: only_what_no_live_worker_knows_is_handed_out_to_be_parked,
            ownership: a_known_version_with_another_plan_is_handed_out_to_be_parked,
            ownership: acknowledged_means_there_after_a_restart,
            sharing: capabilities_are_as_declared,
            sharing: workers_live_side_by_side,
            sharing: two_claimers_never_get_one_workflow,
            sharing: a_silent_worker_is_taken_over_within_its_lease,
            sharing: a_heartbeat_keeps_a_worker_alive,
            sharing: a_zombie_claims_nothing_and_fences_nobody,
            sharing: what_only_a_dead_worker_knew_is_told,
            sharing: of_two_excluding_starts_one_wins,
            sharing: of_two_starts_with_one_key_both_get_one_workflow,
            signals: a_signal_refuses_a_decision_that_has_not_seen_it,
            signals: the_answer_to_a_copy_hides_no_signal,
            signals: a_signal_stays_until_a_commit_names_it,
            signals: a_signal_wakes_what_nobody_owns,
            signals: ended_and_unknown_workflows_take_no_signals,
            signals: a_manual_update_sticks_and_is_told,
            signals: what_was_ended_by_hand_under_a_dead_worker_is_unclean,
            events: the_first_event_since_then_is_read_back,
            events: events_do_not_reach_others,
            events: events_are_kept_for_their_time,
            waits: an_event_is_told_to_those_that_wait_for_it,
            waits: a_registration_replaces_the_one_before,
            waits: a_refused_commit_registers_nothing,
            waits: an_event_wakes_what_nobody_owns,
            waits: what_has_ended_waits_for_nothing,
            reading: lists_are_newest_first_and_paged,
            reading: lists_filter,
            reading: audit_trails_are_read_in_parts,
            reading: statistics_count_every_change_once,
            reading: statistics_are_per_tenant,
            reading: plans_are_kept,
            limits: poison_is_refused_alone,
            limits: what_is_allowed_is_kept_as_it_is,
            transactions: what_the_body_wrote_and_its_fact_commit_together,
            transactions: an_error_a_panic_and_a_long_body_roll_back,
            transactions: a_known_fact_rolls_the_second_attempt_back,
            transactions: a_refused_decision_keeps_fact_and_data,
            transactions: a_fenced_worker_gets_nothing_through_the_door,
            transactions: a_start_inside_lives_and_dies_with_the_transaction,
            schedules: a_schedule_is_read_back_in_every_field,
            schedules: a_schedule_is_changed_only_by_who_has_seen_its_last_state,
            schedules: schedules_are_due_by_their_time,
            triggers: an_event_waits_for_each_of_its_triggers,
            triggers: the_id_of_what_was_triggered_is_never_used_again,
            triggers: what_was_triggered_goes_with_its_trigger_or_its_time,
            history: random_histories_agree_with_the_memory_store,
        }
    };
    (@ $subject:expr, $($module:ident : $case:ident,)+) => {
        $(#[test]
        fn $case() {
            $crate::testing::conformance::run($subject, $crate::testing::conformance::$module::$case);
        })+
    };
}
