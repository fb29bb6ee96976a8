//! What is awaited: steps, and the words of the language.

use quote::ToTokens;
use syn::{Expr, ExprCall, ExprClosure, ExprPath, GenericArgument, Ident, PathArguments, Type};

use super::{Reader, Statements};
use crate::saga::advice;
use crate::saga::forms::{self, Awaited, NotAwaited, What};
use crate::saga::mistake::Mistake;
use crate::saga::model::{Call, Condition, Each, Flow, IfFailed, Sleep, Wait, When};
use crate::saga::names;
use crate::saga::spelling::spell;
use crate::saga::validate;

impl Reader<'_> {
    /// What stands before `.await`.
    pub(super) fn awaited(
        &mut self,
        base: &Expr,
        if_failed: IfFailed,
        into: &mut Statements,
    ) -> Option<Flow> {
        let awaited = match forms::awaited(base) {
            Ok(awaited) => awaited,
            Err(not) => {
                self.errors.at(base, why_not(not, base));
                return None;
            }
        };
        if let (What::Sleep(word), IfFailed::Fail | IfFailed::GoOn) = (awaited.what, if_failed) {
            self.errors.at(word, Mistake::SleepFails(word));
            return None;
        }
        self.word(&awaited, if_failed, into)
    }

    /// `.await`, neither followed by `?` nor by `.ok()`, nor bound.
    pub(super) fn awaited_without_mark(
        &mut self,
        whole: &Expr,
        base: &Expr,
        into: &mut Statements,
    ) -> Option<Flow> {
        match forms::awaited(base) {
            Ok(Awaited { what: What::Sleep(_), .. }) => self.awaited(base, IfFailed::Decide, into),
            Ok(Awaited { what: What::Step(step), .. }) if forms::is_of_a_runtime(step) => {
                self.errors.at(step, Mistake::OfARuntime(&step.path));
                None
            }
            Ok(_) => {
                self.errors.at(whole, Mistake::BareAwait);
                None
            }
            Err(not) => {
                self.errors.at(whole, why_not(not, base));
                None
            }
        }
    }

    /// A call, or a word, with its options.
    pub(super) fn word(
        &mut self,
        awaited: &Awaited<'_>,
        if_failed: IfFailed,
        into: &mut Statements,
    ) -> Option<Flow> {
        let Awaited { what, call, .. } = *awaited;
        Some(match what {
            What::Step(step) => {
                let mut call = call.clone();
                let mut good = true;
                for argument in &mut call.args {
                    match self.pure(argument, into) {
                        Some(without_steps) => *argument = without_steps,
                        None => good = false,
                    }
                }
                let policy = self.policy(awaited);
                let step = self.callee(step)?;
                Flow::Call(Box::new(Call { step, call: good.then_some(call)?, if_failed, policy }))
            }
            What::When(keyword) => {
                self.refuse_options(awaited, &[]);
                Flow::When(Box::new(self.when(keyword, call, if_failed, into)?))
            }
            What::ForEach(keyword) => {
                let max_parallel = self.max_parallel(awaited);
                let (items, closure, mut call) = self.for_each(keyword, call, into)?;
                call.if_failed = if_failed;
                let keyword = keyword.clone();
                Flow::Each(Box::new(Each { keyword, items, closure, call, max_parallel }))
            }
            What::Sleep(keyword) => {
                self.refuse_options(awaited, &[]);
                let Some(time) = call.args.first().filter(|_| call.args.len() == 1) else {
                    self.errors.at(call, Mistake::SleepForm(keyword));
                    return None;
                };
                Flow::Sleep(Sleep { keyword: keyword.clone(), time: self.pure(time, into)? })
            }
            What::Wait(keyword, path) => {
                let timeout = self.timeout(awaited);
                let ty = self.event_type(keyword, path)?;
                let mut arguments = call.args.iter();
                let (Some(event), Some(key), None) = (arguments.next(), arguments.next(), arguments.next())
                else {
                    self.errors.at(call, Mistake::WaitForm);
                    return None;
                };
                if !forms::is_constant(event) {
                    self.errors.at(event, Mistake::EventName);
                    return None;
                }
                let (keyword, event, key) = (keyword.clone(), event.clone(), self.pure(key, into)?);
                Flow::Wait(Box::new(Wait { keyword, ty, event, key, timeout, if_failed }))
            }
        })
    }

    fn callee(&mut self, step: &ExprPath) -> Option<ExprPath> {
        if forms::is_of_a_runtime(step) {
            self.errors.at(step, Mistake::OfARuntime(&step.path));
            return None;
        }
        let mut segments = step.path.segments.iter();
        let own = segments.next_back().is_some_and(|last| last.ident == *self.saga);
        if own && segments.all(|before| before.ident == "self") {
            self.errors.at(step, Mistake::CallsItself);
            return None;
        }
        Some(step.clone())
    }

    pub(super) fn when(
        &mut self,
        keyword: &Ident,
        call: &ExprCall,
        if_failed: IfFailed,
        into: &mut Statements,
    ) -> Option<When> {
        let mut arguments = call.args.iter();
        let (Some(condition), Some(step), None) = (arguments.next(), arguments.next(), arguments.next())
        else {
            self.errors.at(call, Mistake::WhenForm);
            return None;
        };
        let Ok(Awaited { what: What::Step(_), .. }) = forms::awaited(step) else {
            self.errors.at(step, Mistake::WhenForm);
            return None;
        };
        let condition = self.condition(condition, into);
        let mut call = self.plain_call(step)?;
        call.if_failed = if_failed;
        Some(When { keyword: keyword.clone(), condition: condition?, call })
    }

    fn for_each(
        &mut self,
        keyword: &Ident,
        call: &ExprCall,
        into: &mut Statements,
    ) -> Option<(Expr, ExprClosure, Call)> {
        let mut arguments = call.args.iter();
        let (Some(items), Some(Expr::Closure(closure)), None) =
            (arguments.next(), arguments.next().map(forms::bare), arguments.next())
        else {
            self.errors.at(call, Mistake::EachForm);
            return None;
        };
        if closure.inputs.len() != 1 {
            let place = if closure.inputs.is_empty() {
                keyword.to_token_stream()
            } else {
                closure.inputs.to_token_stream()
            };
            self.errors.at(place, Mistake::EachForm);
            return None;
        }
        let items = self.pure(items, into);
        let body = only_expression(&closure.body);
        let step = match forms::awaited(body) {
            Ok(Awaited { what: What::Step(_), .. }) => self.plain_call(body),
            _ if matches!(body, Expr::Await(_) | Expr::Try(_)) || forms::tolerated(body).is_some() => {
                self.errors.at(body, Mistake::EachAwaited);
                None
            }
            _ => {
                self.errors.at(body, Mistake::EachBody);
                None
            }
        };
        Some((items?, closure.clone(), step?))
    }

    /// A call whose arguments may not hold steps.
    pub(super) fn plain_call(&mut self, expression: &Expr) -> Option<Call> {
        let Ok(awaited @ Awaited { what: What::Step(step), call, .. }) = forms::awaited(expression) else {
            return None;
        };
        let mut good = true;
        for argument in &call.args {
            if forms::has_steps(argument) {
                self.errors.at(argument, Mistake::ConditionalArgument);
                good = false;
            } else {
                validate::pure(argument, self.errors);
            }
        }
        let policy = self.policy(&awaited);
        let step = self.callee(step)?;
        good.then(|| Call { step, call: call.clone(), if_failed: IfFailed::Fail, policy })
    }

    /// What an event brings: `T` of `wait_for_event::<T>`.
    fn event_type(&mut self, word: &Ident, path: &ExprPath) -> Option<Type> {
        let given = match path.path.segments.last().map(|last| &last.arguments) {
            Some(PathArguments::AngleBracketed(given)) => {
                given.args.first().filter(|_| given.args.len() == 1)
            }
            _ => None,
        };
        let Some(GenericArgument::Type(ty)) = given else {
            self.errors.at(word, Mistake::WaitType);
            return None;
        };
        Some(ty.clone())
    }

    pub(super) fn condition(&mut self, condition: &Expr, into: &mut Statements) -> Option<Condition> {
        let expression = self.pure(condition, into)?;
        Some(Condition { text: spell(condition), expression })
    }
}

pub(super) fn why_not(not: NotAwaited, base: &Expr) -> Mistake<'_> {
    match forms::bare(base) {
        Expr::MethodCall(call) if forms::WORDS.iter().any(|word| call.method == word) => {
            Mistake::WordAsMethod(&call.method)
        }
        Expr::MethodCall(call) if forms::awaited(&call.receiver).is_ok() => {
            match advice::option(&call.method) {
                Some(meant) => Mistake::OptionMisspelt(&call.method, meant),
                None => Mistake::AwaitsMethod,
            }
        }
        Expr::Call(call) => match forms::bare(&call.func) {
            Expr::Path(path) if path.path.segments.iter().all(names::is_lower) => {
                match path.path.segments.last() {
                    Some(last) if !last.arguments.is_none() => Mistake::StepWithTypes(&last.ident),
                    _ => Mistake::AwaitsMethod,
                }
            }
            _ if matches!(not, NotAwaited::Method) => Mistake::AwaitsMethod,
            _ => Mistake::AwaitsOther,
        },
        Expr::Async(_) => Mistake::Async,
        Expr::Try(_) => Mistake::TryBeforeAwait,
        Expr::Path(path) => path.path.get_ident().map_or(Mistake::AwaitsOther, Mistake::AwaitsValue),
        _ if matches!(not, NotAwaited::Method) => Mistake::AwaitsMethod,
        _ => Mistake::AwaitsOther,
    }
}

/// `{ expression }` -> `expression`
fn only_expression(expression: &Expr) -> &Expr {
    match forms::bare(expression) {
        Expr::Block(block) if block.label.is_none() => match block.block.stmts.as_slice() {
            [syn::Stmt::Expr(only, None)] => only_expression(only),
            _ => expression,
        },
        expression => expression,
    }
}
