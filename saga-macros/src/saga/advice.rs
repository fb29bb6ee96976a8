//! What somebody probably meant: words for mistakes that have several cures.

use syn::{Attribute, Ident, Macro, Path};

use super::forms::WORDS;
use crate::mentions;
use crate::options::closest;

/// Why this attribute cannot stand in a body.
pub(super) fn attribute(attribute: &Attribute) -> &'static str {
    let is = |name| attribute.path().is_ident(name);
    if is("doc") {
        "a doc comment has nothing to document here: write `//`"
    } else if is("cfg") || is("cfg_attr") {
        "the plan is the same in every build, or running workflows would not find their place in it: write `#[cfg]` on \
         the saga, or `if cfg!(..)` with an `else`, so that the plan has both"
    } else {
        "this attribute would be lost in the plan: write it on the saga, or on a step"
    }
}

/// What a macro that stands alone was to do.
pub(super) fn statement_macro(found: &Macro) -> String {
    let name = found.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
    match name.as_str() {
        "assert" | "assert_eq" | "assert_ne" | "bail" | "debug_assert" | "ensure" | "panic" | "todo"
        | "unimplemented" | "unreachable" => format!(
            "a saga does not panic: it fails, and is rolled back. Instead of `{name}!` write \
             `if bad {{ Err(StepError::permanent(\"why\"))? }}`"
        ),
        "select" => {
            "a saga cannot race its steps, because each of them has an effect: run them side by side with \
                     `try_join!(..)?`, and for an event or a time, whichever is first, write \
                     `wait_for_event::<T>(\"event\", &key).timeout(\"30m\")`"
                .to_owned()
        }
        _ => format!(
            "a saga describes what runs later, so `{name}!` would run at the wrong time: put it in a step, or in the \
             value of a `let`"
        ),
    }
}

/// What was called on the `Result` of a step.
pub(super) fn after_await(method: &Ident) -> String {
    match method.to_string().as_str() {
        "with" | "timeout" | "max_parallel" => {
            format!("`.{method}(..)` says how the call is made: write it before `.await`")
        }
        "unwrap" | "expect" => format!(
            "a step may fail, and `.{method}()` is not an answer to it: `.await?` rolls the saga back, `.await.ok()` \
             goes on with `None`"
        ),
        _ => format!(
            "bind the `Result` before you ask it: `let result = step(..).await;`, and then `result.{method}(..)`; or \
             write `.await?`, which rolls the saga back when the step fails"
        ),
    }
}

/// The option that was probably meant by a method between a call and its `.await`.
pub(super) fn option(method: &Ident) -> Option<&'static str> {
    match method.to_string().as_str() {
        "retry" | "retries" | "max_attempts" | "attempts" => Some(".with(retry(max_attempts = 5))"),
        "undo_retry" => Some(".with(undo_retry(max_attempts = 5))"),
        "undo_timeout" => Some(".with(undo_timeout(\"10s\"))"),
        "settle_after" => Some(".with(settle_after(\"1m\"))"),
        "parallel" | "concurrent" | "max_concurrent" | "concurrency" | "limit" => Some(".max_parallel(10)"),
        other => {
            closest(other, ["with", "timeout", "max_parallel"].into_iter(), |word| word).map(
                |word| match word {
                    "with" => ".with(timeout(\"5s\"))",
                    "timeout" => ".timeout(\"30m\")",
                    _ => ".max_parallel(10)",
                },
            )
        }
    }
}

/// How a word is written.
pub(super) fn form(word: &Ident) -> &'static str {
    match word.to_string().as_str() {
        "when" => "when(condition, step(..)).await?",
        "for_each" => "for_each(&items, |item| step(item)).await?",
        "sleep" => "sleep(length).await",
        "sleep_until" => "sleep_until(time).await",
        _ => "wait_for_event::<T>(\"event\", &key).await?",
    }
}

/// A step was called with types, as only generic functions are.
pub(super) fn with_types(name: &Ident) -> String {
    match closest(&name.to_string(), WORDS.into_iter(), |word| word) {
        Some(word) => format!("there is no word `{name}`: did you mean `{word}`?"),
        None if name == "wait_for" || name == "wait" => {
            format!("there is no word `{name}`: did you mean `wait_for_event::<T>(\"event\", &key)`?")
        }
        None => format!("a step is not generic: write `{name}(..)`, without `::<..>`"),
    }
}

/// Something of an async runtime is awaited, which knows nothing of journals.
pub(super) fn of_a_runtime(path: &Path) -> String {
    let name = mentions::path(path);
    match path.segments.last().map(|last| last.ident.to_string()).as_deref() {
        Some("sleep" | "sleep_until" | "delay_for") => format!(
            "`{name}` would be forgotten when the process ends: write `sleep(length).await`, which is journaled"
        ),
        Some("timeout") => format!(
            "`{name}` does not know steps: write `step(..).with(timeout(\"5s\")).await?`, or a `timeout` on the step"
        ),
        _ => format!("`{name}` is no step, and a saga awaits nothing else: call it in a `#[step]` function"),
    }
}
