//! Every rule of `#[saga]`, and the words in which it is told: the thing, the cause, the cure.

use std::fmt;

use proc_macro2::TokenStream;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Error, Expr, ExprCall, ExprClosure, ExprReturn, FnArg, Ident, Item, ItemFn, Lit, LitStr,
    Macro, Meta, Pat, Path, Type,
};

use super::advice;
use super::forms::{self, What};
use super::model::{Lock, Saga};
use super::parse::Options;
use super::read;
use crate::attributes;
use crate::diagnostics::Errors;
use crate::krate::Crate;
use crate::mentions;
use crate::signature;
use crate::step;

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
                let (subject, cure) = options_of(*what);
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

/// An expression that is computed in one go must not leave the saga, and holds no words of the language.
pub(super) fn pure(expression: &Expr, errors: &mut Errors) {
    struct Find<'a>(&'a mut Errors);
    impl<'a> Visit<'a> for Find<'_> {
        fn visit_expr_return(&mut self, found: &'a ExprReturn) {
            self.0.at(found, Mistake::Return);
            visit::visit_expr_return(self, found);
        }
        fn visit_expr_call(&mut self, found: &'a ExprCall) {
            if let Expr::Path(path) = &*found.func
                && let Some((word, _)) = forms::word(path)
            {
                self.0.at(found, Mistake::WordNotAwaited(word));
            }
            visit::visit_expr_call(self, found);
        }
        // Inside of it a name may mean something else.
        fn visit_expr_closure(&mut self, _: &'a ExprClosure) {}
        fn visit_item(&mut self, _: &'a Item) {}
    }
    Find(errors).visit_expr(expression);
}

/// Steps in a place that knows no order of running.
pub(super) fn misplaced(expression: &Expr) -> Option<Mistake<'_>> {
    Some(match expression {
        Expr::ForLoop(_) => Mistake::For,
        Expr::While(_) | Expr::Loop(_) => Mistake::Loop,
        Expr::Closure(_) => Mistake::Closure,
        Expr::Async(_) => Mistake::Async,
        Expr::Binary(b) if matches!(b.op, syn::BinOp::And(_) | syn::BinOp::Or(_)) => Mistake::ShortCircuit,
        Expr::Macro(m) if forms::join_keyword(&m.mac).is_none() => Mistake::Macro,
        Expr::MethodCall(call) if matches!(forms::bare(&call.receiver), Expr::Await(_)) => {
            match call.method {
                _ if forms::tolerated(expression).is_some() => return None,
                _ => Mistake::AfterAwait(&call.method),
            }
        }
        _ => return None,
    })
}

/// What cannot be kept as a value of the saga, as far as it is seen without its type.
pub(super) fn kept(value: &Expr) -> Option<Mistake<'static>> {
    const LENDS: [&str; 7] = ["as_bytes", "as_deref", "as_ref", "as_slice", "as_str", "iter", "trim"];
    match forms::bare(value) {
        Expr::Paren(inner) => kept(&inner.expr),
        Expr::Closure(_) => Some(Mistake::KeepsClosure),
        Expr::Lit(text) if matches!(text.lit, Lit::Str(_)) => Some(Mistake::KeepsText),
        Expr::Reference(_) => Some(Mistake::KeepsBorrow),
        Expr::MethodCall(call) if LENDS.iter().any(|lends| call.method == lends) => {
            Some(Mistake::KeepsBorrow)
        }
        _ => None,
    }
}

pub(super) fn not_a_function(item: &TokenStream, error: &Error) -> Error {
    match syn::parse2::<Item>(item.clone()) {
        Ok(item) => Error::new(item.span(), "`#[saga]` stands on an `async fn`"),
        Err(_) => error.clone(),
    }
}

/// The saga, if nothing is wrong with it.
pub(super) fn saga(options: Options, function: ItemFn, errors: &mut Errors) -> Option<Saga> {
    let ident = &function.sig.ident;
    // Whoever misspelt the version has given one.
    let told = !errors.is_empty();
    let returns = signature::check("saga", &function, errors);
    let version = options.version.or_else(|| {
        let words = "give the saga a version: `#[saga(version = 1)]`. Raise it when you change the plan; running \
                     workflows keep theirs";
        if !told {
            errors.at(ident, words);
        }
        None
    });
    if let Some(version) = version.as_ref().filter(|v| v.base10_parse::<u32>().is_err()) {
        errors.at(version, format!("a version is a number up to {}", u32::MAX));
    }
    let parks = options.on_failure.as_ref().is_some_and(|word| word == "park");
    if let Some(word) = options.on_failure.filter(|word| word != "park" && word != "backward") {
        errors.at(&word, format!("unknown `on_failure = {word}`: it is `backward` (roll back) or `park` (stop and wait for a person)"));
    }
    if let Some(deadline) = options.deadline.as_ref().filter(|d| d.time.is_zero()) {
        errors.at(&deadline.text, "a `deadline` of nothing leaves no time to work");
    }
    if let Some(name) = options.name.as_ref().filter(|n| !is_name(&n.value())) {
        errors.at(name, "a saga's name is made of letters, digits, `_` and `-`: it is a key in the journal");
    }
    for attribute in &function.attrs {
        if !["doc", "cfg", "allow", "warn", "deny", "forbid"]
            .iter()
            .any(|name| attribute.path().is_ident(name))
        {
            let words = format!(
                "`#[{}]` means nothing on a saga, which becomes a plan and not a function: put it on a step",
                mentions::path(attribute.path())
            );
            errors.at(attribute, words);
        }
    }
    let input = input(&function, errors);
    let body = returns.is_some().then(|| read::body(&function, errors)).flatten();
    let name = options.name.as_ref().map(LitStr::value);
    let Input { name: input, ty: input_type, secret: secret_input } = input?;
    Some(Saga {
        krate: Crate::of(options.krate.as_ref()),
        function: ident.clone(),
        vis: function.vis.clone(),
        docs: attributes::docs(&function.attrs, &format!("The saga `{ident}`.")),
        lints: attributes::lints(&function.attrs),
        name: name.unwrap_or_else(|| ident.to_string().trim_start_matches("r#").to_owned()),
        version: version?,
        resources: options.resources,
        parks,
        deadline: options.deadline,
        locks: options.locks.map(|locks| self::locks(locks, errors)).unwrap_or_default(),
        input,
        input_type,
        secret_input,
        returns: returns?,
        body: body?,
    })
}

fn locks(given: Vec<(Ident, Expr)>, errors: &mut Errors) -> Vec<Lock> {
    let mut locks: Vec<Lock> = vec![];
    for (name, value) in given {
        if locks.iter().any(|lock| lock.name == name) {
            errors.at(&name, format!("the lock `{name}` is given twice"));
        }
        if forms::has_steps(&value) {
            let words = "a lock is taken before the saga runs: compute it from the request alone";
            errors.at(&value, words);
        }
        locks.push(Lock { name, value });
    }
    locks
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// The request.
struct Input {
    name: Ident,
    ty: Type,
    secret: bool,
}

fn input(function: &ItemFn, errors: &mut Errors) -> Option<Input> {
    let inputs = &function.sig.inputs;
    let clients = "a saga has no clients: its steps take them (`#[inject] client: &Client`), and the call leaves them out";
    let is_client = |mark: &&Attribute| mark.path().is_ident("inject");
    let Some(FnArg::Typed(argument)) = inputs.first().filter(|_| inputs.len() == 1) else {
        let mut marks = inputs.iter().flat_map(|input| match input {
            FnArg::Typed(typed) => &typed.attrs,
            FnArg::Receiver(receiver) => &receiver.attrs,
        });
        match (marks.find(is_client), inputs.first()) {
            (Some(client), _) => errors.at(client, clients),
            (None, Some(receiver @ FnArg::Receiver(_))) => {
                errors.at(receiver, "a saga is a free function: take what it needs as its request");
            }
            (None, Some(_)) => {
                errors
                    .at(inputs, "a saga takes one argument, its request: put what it needs into one struct");
            }
            (None, None) => {
                let words = "a saga takes one argument, its request: add `request: Request`, or `_request: ()` if there is nothing to say";
                errors.at(&function.sig.ident, words);
            }
        }
        return None;
    };
    match &*argument.ty {
        ty @ Type::Reference(_) => {
            errors.at(ty, "a saga owns its request, which is kept in the journal: take it by value");
        }
        ty @ Type::ImplTrait(_) => {
            errors.at(ty, "name the type of the request: it is written to the journal and read back");
        }
        ty => {
            if let Some(inner) = step::borrowed_inside(ty) {
                let words = "a saga owns its request, with all its parts: write an owned type here, like `String` for `&str`";
                errors.at(inner, words);
            }
        }
    }
    let marks = attributes::take_marks(&mut argument.attrs.clone());
    for mark in &marks {
        if is_client(&mark) {
            errors.at(mark, clients);
        } else if !mark.path().is_ident("secret") {
            let words = format!(
                "unknown attribute `{}` on the request of a saga; there is `#[secret]` (sealed in the journal, \
                 with all that is computed from it)",
                mentions::path(mark.path())
            );
            errors.at(mark.path(), words);
        } else if !matches!(mark.meta, Meta::Path(_)) {
            errors.at(&mark.meta, "`#[secret]` takes no options: write `#[secret]`");
        }
    }
    match &*argument.pat {
        Pat::Ident(name) if name.mutability.is_some() => {
            errors.at(&argument.pat, Mistake::Mut);
            None
        }
        Pat::Ident(name) if name.subpat.is_none() => {
            let ty = (*argument.ty).clone();
            Some(Input { name: name.ident.clone(), ty, secret: !marks.is_empty() })
        }
        pattern => {
            errors.at(pattern, "give the request a plain name, and take it apart where it is used");
            None
        }
    }
}
