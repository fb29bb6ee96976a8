//! What can be wrong in the body of a saga, and the words in which it is told: the thing, the cause, the cure.

use std::fmt;

use syn::{Attribute, Ident, Macro, Path};

use super::advice;
use super::forms::What;

/// What can be wrong in a body.
#[derive(Clone, Copy)]
pub(super) enum Mistake<'a> {
    BareAwait,
    AwaitsMethod,
    AwaitsOther,
    AwaitsValue(&'a Ident),
    TryBeforeAwait,
    AfterAwait(&'a Ident),
    OptionMisspelt(&'a Ident, &'static str),
    WordAsMethod(&'a Ident),
    StepWithTypes(&'a Ident),
    OfARuntime(&'a Path),
    CallsItself,
    OptionOf(&'a Ident, What<'a>),
    WordNotAwaited(&'a Ident),
    WithTwice,
    For,
    Loop,
    GuardWithStep,
    Attribute(&'a Attribute),
    Closure,
    KeepsClosure,
    KeepsText,
    KeepsBorrow,
    Async,
    ShortCircuit,
    Macro,
    StatementMacro(&'a Macro),
    MacroWithoutMark,
    Return,
    Mut,
    ElseWithStep,
    ChainComputes,
    NoInitializer,
    Destructuring,
    Assignment,
    Item,
    Label,
    IfWithoutElse,
    BlockWithoutValue,
    WhenForm,
    EachForm,
    EachBody,
    EachAwaited,
    MaxParallel,
    SleepForm(&'a Ident),
    SleepFails(&'a Ident),
    WaitForm,
    WaitType,
    EventName,
    ConditionalArgument,
    BranchAwaited,
    BranchForm,
    BranchSleeps,
    BranchEnd,
    JoinWord,
    JoinCount { branches: usize, names: usize },
    EndWithOk,
    EndWithChoice,
    EndMissing,
}

impl fmt::Display for Mistake<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::JoinCount { branches, names } => {
                write!(f, "`try_join!` has {branches} branches here, and there are {names} names for them")
            }
            Self::WordNotAwaited(word) => {
                let mark = if word.to_string().starts_with("sleep") { "" } else { "?" };
                write!(f, "`{word}` does nothing until it is awaited: write `.await{mark}` after it")
            }
            Self::SleepForm(word) => {
                let time = if *word == "sleep" { "length" } else { "time" };
                write!(f, "write `{word}({time}).await;`: it takes one argument, and gives nothing")
            }
            Self::SleepFails(word) => {
                write!(f, "`{word}` cannot fail: write `{word}(..).await`, without a mark after it")
            }
            Self::OptionOf(option, what) => {
                let (subject, cure) = match what {
                    What::Step(_) if *option == "max_parallel" => (
                        "one item",
                        "it stands after the list, `for_each(&items, |item| step(item)).max_parallel(10)`",
                    ),
                    what => options_of(*what),
                };
                write!(f, "`.{option}(..)` says nothing about {subject}: {cure}")
            }
            Self::AwaitsValue(name) => {
                write!(
                    f,
                    "`{name}` is a value, and a saga awaits calls of steps: write the call itself before \
                           `.await`, like `create_customer(&request).await?`"
                )
            }
            Self::AfterAwait(method) => f.write_str(&advice::after_await(method)),
            Self::OptionMisspelt(option, meant) => {
                write!(f, "a call has no option `.{option}(..)`: did you mean `{meant}`?")
            }
            Self::WordAsMethod(word) => {
                write!(
                    f,
                    "`{word}` is no method in a saga, but a word of its own: write `{}`",
                    advice::form(word)
                )
            }
            Self::StepWithTypes(name) => f.write_str(&advice::with_types(name)),
            Self::OfARuntime(path) => f.write_str(&advice::of_a_runtime(path)),
            Self::Attribute(attribute) => f.write_str(advice::attribute(attribute)),
            Self::StatementMacro(found) => f.write_str(&advice::statement_macro(found)),
            _ => f.write_str(self.words()),
        }
    }
}

/// What an option was given to, and which options there are.
fn options_of(what: What<'_>) -> (&'static str, &'static str) {
    match what {
        What::Step(_) => (
            "the call of a step",
            "how patiently it is tried is `.with(timeout(\"5s\"), retry(max_attempts = 5))`",
        ),
        What::When(_) => ("`when`", "write it after the step inside, `when(condition, step(..).with(..))`"),
        What::ForEach(_) => (
            "`for_each`",
            "its option is `.max_parallel(10)`; those of the step stand after the step's call, \
             `for_each(&items, |item| step(item).with(..))`",
        ),
        What::Sleep(_) => ("a sleep", "it has no options"),
        What::Wait(..) => ("waiting for an event", "its option is `.timeout(\"30m\")`"),
    }
}

impl Mistake<'_> {
    #[rustfmt::skip]
    fn words(&self) -> &'static str {
        match self {
            Self::BareAwait => "what if this fails? `.await?` rolls the saga back, `.await.ok()` goes on with `None`, and `let result = step(..).await;` goes on with a `Result` to decide on",
            Self::AwaitsMethod => "a saga awaits steps, not methods: declare a `#[step]` function and call it by its path",
            Self::AwaitsOther => "a saga awaits calls of steps, like `create_customer(&request).await?`",
            Self::CallsItself => "a saga cannot call itself: its plan is complete before it runs, and this one would never end. To repeat it, start another workflow from a step",
            Self::WithTwice => "`with` is given twice: write all of it in one, `.with(timeout(\"5s\"), retry(max_attempts = 5))`",
            Self::For => "a loop cannot call steps, because the plan is fixed before the saga starts: write `for_each(&items, |item| step(item)).await?`",
            Self::Loop => "a loop cannot call steps, because the plan is fixed before the saga starts: for each of several items write `for_each(&items, |item| step(item)).await?`; to try again until something holds, let a step fail, and give it `retry(..)`",
            Self::GuardWithStep => "a guard cannot call steps: bind the result with `let` before the `match`",
            Self::TryBeforeAwait => "the mark stands after `.await`: write `step(..).await?`",
            Self::KeepsClosure => "a closure cannot be kept in the journal: keep what it computes, or write it as a function outside of the saga",
            Self::KeepsText => "a value of a saga is kept in the journal, so it owns its text: add `.to_owned()`, or write the text where it is used",
            Self::KeepsBorrow => "a value of a saga is kept in the journal, so it cannot borrow: write this where it is used, or keep a copy (`.clone()`, `.to_owned()`)",
            Self::EndWithChoice => "bind the value before the end: `let value = if .. { step(..).await? } else { .. };`, and then `Ok(value)`; a `match` likewise",
            Self::EndMissing => "a saga ends with `Ok(value)`: add a last line, `Ok(())` if it gives nothing",
            Self::Closure => "a closure cannot call steps: call them in the saga itself, and for each of several items write `for_each(&items, |item| step(item)).await?`",
            Self::Async => "an `async` block is only for a branch of `try_join!`",
            Self::ShortCircuit => "`&&` and `||` cannot call steps: bind the result with `let`, or use `if`/`else`",
            Self::Macro => "a macro cannot call steps: bind the result of the step with `let` first",
            Self::MacroWithoutMark => "write `try_join!(..)?`: a failing branch rolls the saga back",
            Self::Return => "a saga cannot `return` early: use `if`/`else`, or fail with `Err(StepError::permanent(..))?`",
            Self::Mut => "a value of a saga cannot be `mut`: it is journaled once. Bind a new name instead",
            Self::ElseWithStep => "the `else` of a `let` only fails: write `else { return Err(StepError::permanent(..)) };`, and call steps in a `match` with an arm for this case",
            Self::ChainComputes => "this is computed only if what stands before it holds, and is needed again where its names are used: bind it with `let` first, or nest the `if`s",
            Self::NoInitializer => "a value of a saga is bound once: give it its value here",
            Self::Destructuring => "bind a value of a saga to one name, and take it apart where it is used (only `try_join!` is unpacked here)",
            Self::Assignment => "a value of a saga is journaled once and cannot be changed: bind a new name with `let`",
            Self::Item => "declare this outside of the saga",
            Self::Label => "a block of a saga cannot be left early: remove the label",
            Self::IfWithoutElse => "this `if` has no value when its condition does not hold: add an `else`, or use `when(condition, step(..)).await?`",
            Self::BlockWithoutValue => "this block gives no value: end it with an expression",
            Self::WhenForm => "write `when(condition, step(..)).await?`: a condition and the call of a step. For anything else use `if`",
            Self::EachForm => "write `for_each(&items, |item| step(item)).await?`: the items, and a closure of one item that calls a step",
            Self::EachBody => "the closure of `for_each` is the call of one step, and nothing else: `|item| step(item)`. For several steps, start a saga for each item",
            Self::EachAwaited => "the step of `for_each` is awaited for you: write `|item| step(item)`, and `.await?` after the `for_each`",
            Self::MaxParallel => "write `.max_parallel(10)`: a number from 1, or a constant, because it is part of the plan",
            Self::WaitForm => "write `wait_for_event::<T>(\"event\", &key).await?`: what must happen, and to what; `T` is what the event brings",
            Self::WaitType => "say what the event brings: `wait_for_event::<T>(\"event\", &key).await?`, and `()` if it only happens",
            Self::EventName => "the name of an event is part of the plan: write it as a literal, like `\"onu_online\"`, or a constant. To what it must happen is the second argument",
            Self::ConditionalArgument => "it is not clear when this inner step would run: bind its result with `let` first",
            Self::BranchAwaited => "a branch of `try_join!` is not awaited: write `step(..)`, without `.await?`",
            Self::BranchForm => "a branch of `try_join!` is `step(..)`, `when(condition, step(..))`, `for_each(..)`, `wait_for_event::<T>(..)` or `async { ..; Ok(value) }`",
            Self::BranchSleeps => "a branch of `try_join!` may fail, and a sleep cannot: write `async { sleep(length).await; Ok(()) }`",
            Self::BranchEnd => "end this branch with `Ok(value)`",
            Self::JoinWord => "write `try_join!`: a failing branch rolls the saga back, so there is nothing else to wait for",
            Self::EndWithOk => "a saga ends with `Ok(value)`: write `Ok(step(..).await?)`",
            Self::AwaitsValue(_) | Self::AfterAwait(_) | Self::OptionMisspelt(..) | Self::WordAsMethod(_) | Self::StepWithTypes(_)
            | Self::OfARuntime(_) | Self::Attribute(_) | Self::StatementMacro(_) => "",
            Self::OptionOf(..) | Self::WordNotAwaited(_) | Self::SleepForm(_) | Self::SleepFails(_) | Self::JoinCount { .. } => "",
        }
    }
}
