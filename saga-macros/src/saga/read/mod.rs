//! Reads a body: from syntax to the model. What does not belong into a saga is reported, and reading goes on.

mod binding;
mod choice;
mod join;
mod options;
mod words;

use quote::ToTokens;
use syn::{Expr, Ident, ItemFn, Local, Pat, Stmt};

use super::forms;
use super::mistake::Mistake;
use super::model::{Block, Body, Flow, IfFailed, Statement};
use super::validate;
use crate::diagnostics::Errors;

/// The body of a saga, if nothing is wrong with it.
pub(super) fn body(function: &ItemFn, errors: &mut Errors) -> Option<Body> {
    let mut reader = Reader { saga: &function.sig.ident, errors, hoisted: 0 };
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
        reader.errors.at(place, Mistake::EndMissing);
        return None;
    };
    if forms::has_steps(tail) && ok_value(tail).is_none() {
        let is_choice = matches!(tail, Expr::If(_) | Expr::Match(_) | Expr::Block(_));
        let mistake = if is_choice { Mistake::EndWithChoice } else { Mistake::EndWithOk };
        reader.errors.at(tail, mistake);
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
    /// Its name.
    saga: &'e Ident,
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
                Stmt::Macro(found) => self.errors.at(found, Mistake::StatementMacro(&found.mac)),
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
        if let Some(attribute) = local.attrs.first() {
            self.errors.at(attribute, Mistake::Attribute(attribute));
        }
        if let Some((_, otherwise)) = &init.diverge {
            let found = self.let_else(&local.pat, &init.expr, otherwise, into)?;
            into.push(Statement::LetElse(Box::new(found)));
            return Some(());
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
                let value = self.bound(&init.expr, into)?;
                into.push(Statement::Let { name: name.ident.clone(), ty, value });
            }
            Pat::Wild(_) => {
                let value = self.bound(&init.expr, into)?;
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

    /// What `let` binds: the one place where a call may be awaited without a mark.
    fn bound(&mut self, expression: &Expr, into: &mut Statements) -> Option<Flow> {
        match forms::bare(expression) {
            Expr::Await(awaited) => self.awaited(&awaited.base, IfFailed::Decide, into),
            _ => self.flow(expression, Wanted::Value, into),
        }
    }

    /// Any expression. The steps that it holds inside are put before it.
    pub(super) fn flow(&mut self, expression: &Expr, wanted: Wanted, into: &mut Statements) -> Option<Flow> {
        if !forms::has_steps(expression) {
            let value = self.pure(expression, into)?;
            if wanted == Wanted::Value
                && let Some(mistake) = validate::kept(&value)
            {
                self.errors.at(expression, mistake);
                return None;
            }
            return Some(Flow::Value(value));
        }
        for attribute in &forms::attributes(expression) {
            self.errors.at(attribute, Mistake::Attribute(attribute));
        }
        if let Some(awaited) = forms::tolerated(expression) {
            return self.awaited(&awaited.base, IfFailed::GoOn, into);
        }
        if let Some((keyword, found)) = forms::tried_join(expression) {
            return self.join(keyword, found).map(Flow::Join);
        }
        match expression {
            Expr::Paren(inner) => self.flow(&inner.expr, wanted, into),
            Expr::Group(inner) => self.flow(&inner.expr, wanted, into),
            Expr::Try(tried) => match &*tried.expr {
                Expr::Await(awaited) => self.awaited(&awaited.base, IfFailed::Fail, into),
                _ => self.pure(expression, into).map(Flow::Value),
            },
            Expr::Await(awaited) => self.awaited_without_mark(expression, &awaited.base, into),
            Expr::Macro(found) if forms::join_keyword(&found.mac).is_some() => {
                self.errors.at(expression, Mistake::MacroWithoutMark);
                None
            }
            Expr::If(choice) => self.choice(choice, wanted, into),
            Expr::Match(found) => self.matched(found, wanted, into),
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

    /// An expression as a block of its own.
    fn arm(&mut self, expression: &Expr, wanted: Wanted) -> Option<Block> {
        let mut statements = vec![];
        match expression {
            Expr::Block(block) if block.label.is_none() => self.block(&block.block, wanted),
            Expr::Tuple(unit) if unit.elems.is_empty() && wanted == Wanted::Effect => {
                Some(Block { statements, value: None })
            }
            _ if wanted == Wanted::Effect => {
                self.effect(expression, &mut statements);
                Some(Block { statements, value: None })
            }
            _ => {
                let flow = self.flow(expression, wanted, &mut statements)?;
                Some(Block { statements, value: Some(flow) })
            }
        }
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
