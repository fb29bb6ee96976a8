//! Reads a body: from syntax to the model. What does not belong into a saga is reported, and reading goes on.

use quote::ToTokens;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Expr, ExprCall, ExprIf, ExprPath, Ident, ItemFn, Local, Macro, Pat, Stmt, Token};

use super::forms::{self, Awaited};
use super::model::{Block, Body, Call, Condition, Flow, If, Join, Statement, When};
use super::spelling::spell;
use super::validate::{self, Mistake};
use crate::diagnostics::Errors;

/// The body of a saga, if nothing is wrong with it.
pub(super) fn body(function: &ItemFn, errors: &mut Errors) -> Option<Body> {
    let mut reader = Reader { errors, hoisted: 0 };
    let (head, tail) = match function.block.stmts.split_last() {
        Some((Stmt::Expr(tail, None), head)) => (head, Some(tail)),
        _ => (function.block.stmts.as_slice(), None),
    };
    let mut statements = vec![];
    reader.statements(head, &mut statements);
    let Some(tail) = tail else {
        let place = function
            .block
            .stmts
            .last()
            .map_or_else(|| function.sig.ident.to_token_stream(), ToTokens::to_token_stream);
        reader.errors.at(place, Mistake::EndWithOk);
        return None;
    };
    if forms::has_steps(tail) && ok_value(tail).is_none() {
        reader.errors.at(tail, Mistake::EndWithOk);
        return None;
    }
    let result = reader.pure(tail, &mut statements)?;
    Some(Body { statements, result })
}

/// `Ok(value)` -> `value`
fn ok_value(expression: &Expr) -> Option<&Expr> {
    match expression {
        Expr::Call(call) if call.args.len() == 1 => match &*call.func {
            Expr::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == "Ok") => {
                call.args.first()
            }
            _ => None,
        },
        _ => None,
    }
}

pub(super) struct Reader<'e> {
    pub(super) errors: &'e mut Errors,
    pub(super) hoisted: usize,
}

pub(super) type Statements = Vec<Statement>;

impl Reader<'_> {
    fn statements(&mut self, from: &[Stmt], into: &mut Statements) {
        for statement in from {
            match statement {
                Stmt::Local(local) => {
                    self.local(local, into);
                }
                Stmt::Expr(expression, _) => self.effect(expression, into),
                Stmt::Macro(found) if forms::join_keyword(&found.mac).is_some() => {
                    self.errors.at(found, Mistake::MacroWithoutMark);
                }
                Stmt::Macro(found) => self.errors.at(found, Mistake::StatementMacro),
                Stmt::Item(item) => self.errors.at(item, Mistake::Item),
            }
        }
    }

    /// A statement whose value does not matter.
    fn effect(&mut self, expression: &Expr, into: &mut Statements) {
        let is_assignment = match expression {
            Expr::Assign(_) => true,
            Expr::Binary(binary) => is_compound(&binary.op),
            _ => false,
        };
        if is_assignment {
            self.errors.at(expression, Mistake::Assignment);
            return;
        }
        if let Some(flow) = self.flow(expression, Wanted::Effect, into) {
            into.push(Statement::Do(flow));
        }
    }

    fn local(&mut self, local: &Local, into: &mut Statements) -> Option<()> {
        let Some(init) = &local.init else {
            self.errors.at(local, Mistake::NoInitializer);
            return None;
        };
        if init.diverge.is_some() {
            self.errors.at(local, Mistake::LetElse);
            return None;
        }
        let (pattern, ty) = match &local.pat {
            Pat::Type(typed) => (&*typed.pat, Some(typed.ty.clone())),
            pattern => (pattern, None),
        };
        match pattern {
            Pat::Ident(name) if name.mutability.is_some() => {
                self.errors.at(pattern, Mistake::Mut);
            }
            Pat::Ident(name) if name.subpat.is_none() && name.by_ref.is_none() => {
                let value = self.flow(&init.expr, Wanted::Value, into)?;
                into.push(Statement::Let { name: name.ident.clone(), ty, value });
            }
            Pat::Wild(_) => {
                let value = self.flow(&init.expr, Wanted::Value, into)?;
                into.push(Statement::Keep { name: None, value });
            }
            Pat::Tuple(tuple) => {
                let Some((keyword, found)) = forms::tried_join(&init.expr) else {
                    match &*init.expr {
                        Expr::Macro(found) if forms::join_keyword(&found.mac).is_some() => {
                            self.errors.at(found, Mistake::MacroWithoutMark);
                        }
                        _ => self.errors.at(pattern, Mistake::Destructuring),
                    }
                    return None;
                };
                let names = tuple.elems.iter().map(|p| self.unpacked(p)).collect::<Option<Vec<_>>>();
                let join = self.join(keyword, found)?;
                let names = names?;
                if names.len() != join.branches.len() {
                    let mistake = Mistake::JoinCount { branches: join.branches.len(), names: names.len() };
                    self.errors.at(pattern, mistake);
                    return None;
                }
                into.push(Statement::Unpack { names, join });
            }
            pattern => self.errors.at(pattern, Mistake::Destructuring),
        }
        Some(())
    }

    fn unpacked(&mut self, pattern: &Pat) -> Option<Option<Ident>> {
        match pattern {
            Pat::Wild(_) => return Some(None),
            Pat::Ident(name) if name.mutability.is_some() => self.errors.at(pattern, Mistake::Mut),
            Pat::Ident(name) if name.subpat.is_none() && name.by_ref.is_none() => {
                return Some(Some(name.ident.clone()));
            }
            _ => self.errors.at(pattern, Mistake::Destructuring),
        }
        None
    }

    /// Any expression. The steps that it holds inside are put before it.
    pub(super) fn flow(&mut self, expression: &Expr, wanted: Wanted, into: &mut Statements) -> Option<Flow> {
        if !forms::has_steps(expression) {
            return self.pure(expression, into).map(Flow::Value);
        }
        if let Some(awaited) = forms::tolerated(expression) {
            return self.awaited(&awaited.base, true, into);
        }
        if let Some((keyword, found)) = forms::tried_join(expression) {
            return self.join(keyword, found).map(Flow::Join);
        }
        match expression {
            Expr::Paren(inner) => self.flow(&inner.expr, wanted, into),
            Expr::Group(inner) => self.flow(&inner.expr, wanted, into),
            Expr::Try(tried) => match &*tried.expr {
                Expr::Await(awaited) => self.awaited(&awaited.base, false, into),
                _ => self.pure(expression, into).map(Flow::Value),
            },
            Expr::Await(awaited) => {
                let mistake = self.why_not_awaited(&awaited.base).unwrap_or(Mistake::BareAwait);
                self.errors.at(expression, mistake);
                None
            }
            Expr::Macro(found) if forms::join_keyword(&found.mac).is_some() => {
                self.errors.at(expression, Mistake::MacroWithoutMark);
                None
            }
            Expr::If(choice) => self.choice(choice, wanted, into),
            Expr::Block(block) if block.label.is_some() => {
                self.errors.at(&block.label, Mistake::Label);
                None
            }
            Expr::Block(block) => {
                let block = self.block(&block.block, wanted)?;
                Some(Flow::Block(Box::new(block)))
            }
            _ => self.pure(expression, into).map(Flow::Value),
        }
    }

    fn block(&mut self, block: &syn::Block, wanted: Wanted) -> Option<Block> {
        let mut statements = vec![];
        match (block.stmts.split_last(), wanted) {
            (Some((Stmt::Expr(value, None), head)), Wanted::Value) => {
                self.statements(head, &mut statements);
                let value = self.flow(value, wanted, &mut statements)?;
                Some(Block { statements, value: Some(value) })
            }
            (_, Wanted::Effect) => {
                self.statements(&block.stmts, &mut statements);
                Some(Block { statements, value: None })
            }
            (_, Wanted::Value) => {
                self.statements(&block.stmts, &mut statements);
                self.errors.at(block, Mistake::BlockWithoutValue);
                None
            }
        }
    }

    fn choice(&mut self, choice: &ExprIf, wanted: Wanted, into: &mut Statements) -> Option<Flow> {
        let condition = if forms::binds(&choice.cond) {
            self.errors.at(&choice.cond, Mistake::IfLet);
            None
        } else {
            self.condition(&choice.cond, into)
        };
        let then = self.block(&choice.then_branch, wanted);
        let otherwise = match &choice.else_branch {
            None if wanted == Wanted::Value => {
                self.errors.at(choice, Mistake::IfWithoutElse);
                return None;
            }
            None => None,
            Some((_, otherwise)) => match &**otherwise {
                Expr::Block(block) => Some(self.block(&block.block, wanted)?),
                chained => {
                    let mut statements = vec![];
                    let flow = self.flow(chained, wanted, &mut statements)?;
                    Some(match wanted {
                        Wanted::Value => Block { statements, value: Some(flow) },
                        Wanted::Effect => {
                            statements.push(Statement::Do(flow));
                            Block { statements, value: None }
                        }
                    })
                }
            },
        };
        Some(Flow::If(Box::new(If { condition: condition?, then: then?, otherwise })))
    }

    /// What stands before `.await`.
    fn awaited(&mut self, base: &Expr, tolerated: bool, into: &mut Statements) -> Option<Flow> {
        if let Some(mistake) = self.why_not_awaited(base) {
            self.errors.at(base, mistake);
            return None;
        }
        match forms::awaited(base) {
            Awaited::Step { step, call } => {
                let mut call = call.clone();
                for argument in &mut call.args {
                    *argument = self.pure(argument, into)?;
                }
                Some(Flow::Call(Call { step: step.clone(), call, tolerated }))
            }
            Awaited::When { keyword, call } => self.when(keyword, call, tolerated, into),
            Awaited::Later(_) | Awaited::Method | Awaited::Other => None,
        }
    }

    fn why_not_awaited<'a>(&self, base: &'a Expr) -> Option<Mistake<'a>> {
        match (forms::awaited(base), base) {
            (Awaited::Step { .. } | Awaited::When { .. }, _) => None,
            (Awaited::Later(word), _) => Some(Mistake::NotYet(word)),
            (Awaited::Method, _) | (Awaited::Other, Expr::MethodCall(_)) => Some(Mistake::AwaitsMethod),
            (Awaited::Other, Expr::Async(_)) => Some(Mistake::Async),
            (Awaited::Other, _) => Some(Mistake::AwaitsOther),
        }
    }

    fn when(
        &mut self,
        keyword: &Ident,
        call: &ExprCall,
        tolerated: bool,
        into: &mut Statements,
    ) -> Option<Flow> {
        let mut arguments = call.args.iter();
        let (Some(condition), Some(step), None) = (arguments.next(), arguments.next(), arguments.next())
        else {
            self.errors.at(call, Mistake::WhenForm);
            return None;
        };
        let Awaited::Step { step, call } = forms::awaited(step) else {
            self.errors.at(step, Mistake::WhenForm);
            return None;
        };
        let condition = self.condition(condition, into);
        let call = self.plain_call(step, call, tolerated)?;
        Some(Flow::When(Box::new(When { keyword: keyword.clone(), condition: condition?, call })))
    }

    /// A call whose arguments may not hold steps.
    fn plain_call(&mut self, step: &ExprPath, call: &ExprCall, tolerated: bool) -> Option<Call> {
        let mut good = true;
        for argument in &call.args {
            if forms::has_steps(argument) {
                self.errors.at(argument, Mistake::ConditionalArgument);
                good = false;
            } else {
                validate::pure(argument, self.errors);
            }
        }
        good.then(|| Call { step: step.clone(), call: call.clone(), tolerated })
    }

    fn join(&mut self, keyword: &Ident, found: &Macro) -> Option<Join> {
        if keyword != "try_join" {
            self.errors.at(keyword, Mistake::JoinWord);
            return None;
        }
        let branches = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(found.tokens.clone());
        let branches = self.errors.ok(branches)?;
        let branches: Vec<_> = branches.iter().map(|branch| self.branch(branch)).collect();
        let branches = branches.into_iter().collect::<Option<_>>()?;
        Some(Join { keyword: keyword.clone(), branches })
    }

    fn branch(&mut self, branch: &Expr) -> Option<Block> {
        if let Expr::Async(block) = branch {
            let mut statements = vec![];
            let Some((Stmt::Expr(end, None), head)) = block.block.stmts.split_last() else {
                self.errors.at(branch, Mistake::BranchEnd);
                return None;
            };
            self.statements(head, &mut statements);
            let Some(value) = ok_value(end) else {
                self.errors.at(end, Mistake::BranchEnd);
                return None;
            };
            let value = self.flow(value, Wanted::Value, &mut statements)?;
            return Some(Block { statements, value: Some(value) });
        }
        let value = match forms::awaited(branch) {
            Awaited::Step { step, call } => Flow::Call(self.plain_call(step, call, false)?),
            Awaited::When { keyword, call } => {
                let mut before = vec![];
                let value = self.when(keyword, call, false, &mut before)?;
                return Some(Block { statements: before, value: Some(value) });
            }
            Awaited::Later(word) => {
                self.errors.at(branch, Mistake::NotYet(word));
                return None;
            }
            Awaited::Method => {
                self.errors.at(branch, Mistake::AwaitsMethod);
                return None;
            }
            Awaited::Other => {
                let awaited =
                    matches!(branch, Expr::Await(_) | Expr::Try(_)) || forms::tolerated(branch).is_some();
                self.errors.at(branch, if awaited { Mistake::BranchAwaited } else { Mistake::BranchForm });
                return None;
            }
        };
        Some(Block { statements: vec![], value: Some(value) })
    }

    fn condition(&mut self, condition: &Expr, into: &mut Statements) -> Option<Condition> {
        let expression = self.pure(condition, into)?;
        Some(Condition { text: spell(condition), expression })
    }
}

/// Is the value of an expression used?
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Value,
    Effect,
}

fn is_compound(operator: &syn::BinOp) -> bool {
    let text = operator.to_token_stream().to_string();
    text.ends_with('=') && !matches!(text.as_str(), "==" | "!=" | "<=" | ">=")
}
