//! What every store has to do, one case each.
//!
//! Implement [`Subject`] for your store, and name what it can do beyond what every store can: each case gets a `#[test]`
//! of its own name in the module where you write it.
//!
//! ```
//! use std::sync::{Arc, Mutex};
//!
//! use saga::store::{MemoryStore, Store};
//! use saga::testing::conformance::Subject;
//!
//! #[derive(Default)]
//! struct Mine(Mutex<MemoryStore>);
//!
//! #[async_trait::async_trait]
//! impl Subject for Mine {
//!     async fn fresh(&self) -> Arc<dyn Store> {
//!         let store = MemoryStore::new();
//!         *self.0.lock().unwrap() = store.clone();
//!         Arc::new(store)
//!     }
//!     async fn reopen(&self, _: Arc<dyn Store>) -> Arc<dyn Store> {
//!         Arc::new(self.0.lock().unwrap().clone())
//!     }
//! }
//!
//! saga::conformance!(Mine::default(), one_process, schedules, triggers, retention);
//! # fn main() {}
//! ```
//!
//! | capability | for stores that |
//! |---|---|
//! | `one_process` | belong to one process: a successor fences its predecessor at once |
//! | `leases` | are shared by processes: who is silent for longer than its lease is declared dead |
//! | `hints` | besides `leases`: tell a worker at once what others have done ([`Store::hint`]) |
//! | `transactions` | lend transactions ([`Store::transactions`]); the subject writes and reads rows ([`Subject::put`], [`Subject::get`]) |
//! | `schedules` | keep schedules ([`Store::schedules`]) |
//! | `triggers` | remember which events start workflows ([`Store::triggers`]) |
//! | `retention` | forget what has ended ([`Store::removals`]) |
//! | `by_hand` | people can change beside the engine, with SQL for example ([`Subject::set_status_by_hand`]) |
//!
//! Cases of what is not named are not written, so no test passes without looking; and the case
//! [`capabilities_are_as_declared`](sharing::capabilities_are_as_declared) fails if the store has what was not named, or
//! has not what was. A store has `one_process` or `leases`.
//!
//! Cases begin at a fixed time of their own; only leases pass in real time. The example `own_store` is a store of one's
//! own with its subject. The numbers in the cases' docs are findings: ways in which a simpler storage protocol failed.

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;

use crate::error::StepError;
use crate::id::WorkflowId;
use crate::step::Tx;
use crate::store::{Status, Store};

mod kit;

pub mod decisions;
pub mod definitions;
pub mod events;
pub mod waits;
pub mod facts;
pub mod history;
pub mod limits;
pub mod ownership;
pub mod reading;
pub mod retention;
pub mod schedules;
pub mod sharing;
pub mod signals;
pub mod starts;
pub mod transactions;
pub mod triggers;

/// How the suite gets at a store and at what surrounds it.
#[async_trait]
pub trait Subject: Send + Sync + 'static {
    /// A store with nothing in it.
    async fn fresh(&self) -> Arc<dyn Store>;

    /// Ends the store as its process's death would, and opens it again.
    async fn reopen(&self, store: Arc<dyn Store>) -> Arc<dyn Store>;

    /// For `by_hand`: what an operator does with SQL, `UPDATE … SET status = …`, and nothing else. What belongs to it is
    /// the store's to write (a trigger's, in a database): the header's `rev` is one higher, so that no decision
    /// overtakes it, and a `failed` one says [`FailureReason::Operator`](crate::store::FailureReason::Operator).
    async fn set_status_by_hand(&self, _: &Arc<dyn Store>, _: &WorkflowId, _: Status) {
        panic!("a subject that names `by_hand` implements `set_status_by_hand`");
    }

    /// For `transactions`: writes a row of the user's own inside a lent one.
    async fn put(&self, _: &mut Tx<'_>, _: &str, _: &str) -> Result<(), StepError> {
        panic!("a subject that names `transactions` implements `put`");
    }

    /// For `transactions`: reads it, outside.
    async fn get(&self, _: &Arc<dyn Store>, _: &str) -> Option<String> {
        panic!("a subject that names `transactions` implements `get`");
    }
}

/// Runs one case; [`conformance!`](crate::conformance) writes the calls.
pub fn run<F: Future<Output = ()>>(subject: impl Subject, case: impl FnOnce(Arc<dyn Subject>) -> F) {
    // Two threads, so that what a case does beside another thing happens at the same time as that.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime for the test").block_on(case(Arc::new(subject)));
}

/// Gives each case of the suite a `#[test]` of its own, over the [`Subject`] that the expression makes: those for every
/// store, and those for the [capabilities](mod@crate::testing::conformance) that are named after it.
#[macro_export]
macro_rules! conformance {
    ($subject:expr $(, $capability:ident)* $(,)?) => {
        $crate::conformance! { @every $subject }
        $($crate::conformance! { @$capability $subject })*

        #[test]
        fn capabilities_are_as_declared() {
            $crate::testing::conformance::run($subject, |subject| {
                let declared = [$(stringify!($capability)),*];
                $crate::testing::conformance::sharing::capabilities_are_as_declared(subject, declared.to_vec())
            });
        }
    };
    (@every $subject:expr) => {
        $crate::conformance! { @cases $subject,
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
            facts: the_last_heartbeat_wins_until_the_step_is_done,
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
            ownership: an_incarnation_is_never_used_twice,
            ownership: a_predecessor_is_fenced_by_the_next,
            ownership: a_start_beside_the_fence_lands_before_it_or_never,
            ownership: a_takeover_is_unclean_until_its_owner_decides,
            ownership: a_workflow_parked_for_its_definition_stays_unclean,
            ownership: a_workflow_stopped_from_outside_is_unclean,
            ownership: a_claim_whose_answer_was_lost_is_told_again,
            ownership: takeovers_count_until_something_gets_done,
            ownership: leaving_gives_everything_away_unclean,
            ownership: a_clean_release_stays_clean,
            ownership: claims_go_by_priority_then_age_and_stop_at_the_limit,
            ownership: tenants_take_turns_however_much_one_of_them_has,
            ownership: a_turn_goes_on_after_the_tenant_that_had_the_last_one,
            ownership: a_claim_takes_only_what_is_due,
            definitions: a_claim_leaves_unknown_definitions_alone,
            definitions: what_no_worker_knows_is_told_by_definition,
            definitions: only_what_no_live_worker_knows_is_handed_out_to_be_parked,
            definitions: how_long_a_definition_was_watched_outlives_the_workers,
            definitions: a_known_version_with_another_plan_is_handed_out_to_be_parked,
            ownership: acknowledged_means_there_after_a_restart,
            signals: a_signal_refuses_a_decision_that_has_not_seen_it,
            signals: the_answer_to_a_copy_hides_no_signal,
            signals: a_signal_stays_until_a_commit_names_it,
            signals: a_signal_wakes_what_nobody_owns,
            signals: mail_outlives_its_reader_and_a_stop,
            signals: ended_and_unknown_workflows_take_no_signals,
            events: the_first_event_since_then_is_read_back,
            events: events_of_one_time_are_had_one_after_the_other,
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
            history: random_histories_agree_with_the_memory_store,
        }
    };
    (@one_process $subject:expr) => {
        $crate::conformance! { @cases $subject,
            ownership: a_restart_waits_for_no_lease,
        }
    };
    (@leases $subject:expr) => {
        $crate::conformance! { @cases $subject,
            sharing: workers_live_side_by_side,
            sharing: mail_goes_to_the_owner_alone,
            sharing: two_claimers_never_get_one_workflow,
            sharing: a_silent_worker_is_taken_over_within_its_lease,
            sharing: a_heartbeat_keeps_a_worker_alive,
            sharing: a_zombie_claims_nothing_and_fences_nobody,
            sharing: what_only_a_dead_worker_knew_is_told,
            sharing: of_two_excluding_starts_one_wins,
            sharing: of_two_starts_with_one_key_both_get_one_workflow,
        }
    };
    (@hints $subject:expr) => {
        $crate::conformance! { @cases $subject,
            sharing: workers_are_hinted_at_what_others_do,
        }
    };
    (@retention $subject:expr) => {
        $crate::conformance! { @cases $subject,
            retention: what_has_rested_is_gone_with_all_that_was_kept_for_it,
            retention: what_is_removed_is_not_counted_any_more,
            retention: what_somebody_still_needs_stays,
            retention: what_has_to_stay_counts_among_what_is_left,
            retention: the_longest_rested_go_first_and_so_many_stay,
        }
    };
    (@transactions $subject:expr) => {
        $crate::conformance! { @cases $subject,
            transactions: what_the_body_wrote_and_its_fact_commit_together,
            transactions: an_error_a_panic_and_a_long_body_roll_back,
            transactions: a_known_fact_rolls_the_second_attempt_back,
            transactions: a_refused_decision_keeps_fact_and_data,
            transactions: a_fenced_worker_gets_nothing_through_the_door,
            transactions: a_worker_fenced_during_its_body_gets_nothing_through_the_door,
            transactions: what_is_refused_as_a_whole_takes_its_data_back,
            transactions: a_start_inside_lives_and_dies_with_the_transaction,
        }
    };
    (@schedules $subject:expr) => {
        $crate::conformance! { @cases $subject,
            schedules: a_schedule_is_read_back_in_every_field,
            schedules: a_schedule_is_changed_only_by_who_has_seen_its_last_state,
            schedules: removing_a_schedule_leaves_other_tenants_theirs,
            schedules: schedules_are_due_by_their_time,
        }
    };
    (@triggers $subject:expr) => {
        $crate::conformance! { @cases $subject,
            triggers: an_event_waits_for_each_of_its_triggers,
            triggers: a_trigger_hears_of_every_tenant,
            triggers: the_id_of_what_was_triggered_is_never_used_again,
            triggers: what_was_triggered_goes_with_its_trigger_or_its_time,
        }
    };
    (@by_hand $subject:expr) => {
        $crate::conformance! { @cases $subject,
            signals: a_manual_update_sticks_and_is_told,
            signals: what_was_ended_by_hand_under_a_dead_worker_is_unclean,
        }
    };
    (@cases $subject:expr, $($module:ident : $case:ident,)+) => {
        $(#[test]
        fn $case() {
            $crate::testing::conformance::run($subject, $crate::testing::conformance::$module::$case);
        })+
    };
    (@$unknown:ident $subject:expr) => {
        compile_error!(concat!(
            "`", stringify!($unknown), "` is no capability; there are `one_process`, `leases`, `hints`, \
             `transactions`, `schedules`, `triggers`, `retention` and `by_hand`"
        ));
    };
}
