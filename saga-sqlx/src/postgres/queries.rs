//! The statements by name. Each is a file; a test prepares them all.

macro_rules! queries {
    ($($name:ident = $file:literal,)+) => {
        $(pub(super) const $name: &str = include_str!(concat!("../../queries/postgres/", $file));)+
        /// All of them, for tests.
        #[cfg(all(test, feature = "real-systems"))]
        pub(super) const ALL: &[(&str, &str)] = &[$(($file, $name)),+];
    };
}

queries! {
    STANDING = "standing.sql",
    KNOWN_KEYS = "known_keys.sql",
    HELD_LOCKS = "held_locks.sql",
    KNOWN_FACTS = "known_facts.sql",
    CREATE = "create.sql",
    TAKE_LOCKS = "take_locks.sql",
    ADD_KEYS = "add_keys.sql",
    FACTS = "facts.sql",
    RESET_TAKEOVERS = "reset_takeovers.sql",
    DECIDE = "decide.sql",
    FREE_LOCKS = "free_locks.sql",
    ADD_EVENTS = "add_events.sql",
    REMOVE_SIGNALS = "remove_signals.sql",
    ADD_STATISTICS = "add_statistics.sql",
    FOLD_STATISTICS = "fold_statistics.sql",
    JOIN = "join.sql",
    HEARTBEAT = "heartbeat.sql",
    AILING = "ailing.sql",
    FENCE = "fence.sql",
    END = "end.sql",
    ORPHAN = "orphan.sql",
    BURY = "bury.sql",
    ADD_PLAN = "add_plan.sql",
    ALIVE = "alive.sql",
    LIVES = "lives.sql",
    HELD = "held.sql",
    DUE_COUNT = "due_count.sql",
    DUE = "due.sql",
    DUE_IN_LANES = "due_in_lanes.sql",
    KNOWN_DEFINITIONS = "known_definitions.sql",
    STRANDED = "stranded.sql",
    WATCHED = "watched.sql",
    WATCH_ALONE = "watch_alone.sql",
    ADD_WATCHED = "add_watched.sql",
    FORGET_WATCHED = "forget_watched.sql",
    FORGET_KNOWN = "forget_known.sql",
    CLAIM = "claim.sql",
    HEADERS = "headers.sql",
    STEPS = "steps.sql",
    RECEIVER = "receiver.sql",
    SEND = "send.sql",
    MAIL = "mail.sql",
    LOST = "lost.sql",
    HISTORY = "history.sql",
    HISTORY_COUNT = "history_count.sql",
    STATISTICS = "statistics.sql",
    OPEN_DEBTS = "open_debts.sql",
    PLAN = "plan.sql",
    PUBLISH = "publish.sql",
    FORGET_PUBLISHED = "forget_published.sql",
    PUBLISHED = "published.sql",
    WAITERS = "waiters.sql",
    FORGET_WAITS = "forget_waits.sql",
    ADD_WAITS = "add_waits.sql",
    RETAIN_ALONE = "retain_alone.sql",
    RESTING = "resting.sql",
    REMOVE_STEPS = "remove_steps.sql",
    REMOVE_EVENTS = "remove_events.sql",
    REMOVE_INBOXES = "remove_inboxes.sql",
    REMOVE_KEYS = "remove_keys.sql",
    REMOVE_WORKFLOWS = "remove_workflows.sql",
    ADD_SCHEDULE = "add_schedule.sql",
    CHANGE_SCHEDULE = "change_schedule.sql",
    REMOVE_SCHEDULE = "remove_schedule.sql",
    SCHEDULES = "schedules.sql",
    DUE_SCHEDULES = "due_schedules.sql",
    ADD_TRIGGERS = "add_triggers.sql",
    REMOVE_TRIGGER = "remove_trigger.sql",
    TRIGGER = "trigger.sql",
    TRIGGERED = "triggered.sql",
    SETTLE_TRIGGERED = "settle_triggered.sql",
    FORGET_TRIGGERED = "forget_triggered.sql",
    SETTLED = "settled.sql",
    TIMELINE = "timeline.sql",
    IDENTITY = "identity.sql",
    HINT = "hint.sql",
    BATCH_FACTS = "batch_facts.sql",
    BATCH_DECISIONS = "batch_decisions.sql",
    BATCH_ALL = "batch_all.sql",
}

#[cfg(feature = "real-systems")]
#[cfg(test)]
mod size;
#[cfg(feature = "real-systems")]
#[cfg(test)]
mod tests;
