//! The statements by name. Each is a file; a test prepares them all.

macro_rules! queries {
    ($($name:ident = $file:literal,)+) => {
        $(pub(super) const $name: &str = include_str!(concat!("../../queries/sqlite/", $file));)+
        /// All of them, for tests.
        #[cfg(test)]
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
    JOIN = "join.sql",
    FENCE = "fence.sql",
    ORPHAN = "orphan.sql",
    ADD_PLAN = "add_plan.sql",
    ALIVE = "alive.sql",
    DUE = "due.sql",
    CLAIM = "claim.sql",
    HEADERS = "headers.sql",
    STEPS = "steps.sql",
    RECEIVER = "receiver.sql",
    RAISE = "raise.sql",
    SEND = "send.sql",
    MAIL = "mail.sql",
    LOST = "lost.sql",
    HISTORY = "history.sql",
    STATISTICS = "statistics.sql",
    OPEN_DEBTS = "open_debts.sql",
    PLAN = "plan.sql",
}
