//! What stands between a call and its `.await`.

use quote::ToTokens;
use syn::{Expr, ExprMethodCall, LitInt};

use super::Reader;
use crate::options::Length;
use crate::saga::forms::{self, Awaited};
use crate::saga::mistake::Mistake;
use crate::step::{self, Policy};

impl Reader<'_> {
    /// `.with(..)`
    pub(super) fn policy(&mut self, awaited: &Awaited<'_>) -> Option<Policy> {
        let mut given = awaited.options.iter().filter(|option| option.method == "with");
        let with = given.next();
        if let Some(again) = given.next() {
            self.errors.at(&again.method, Mistake::WithTwice);
        }
        self.refuse_options(awaited, &["with"]);
        with.and_then(|with| step::policy(with.args.to_token_stream(), &with.method, self.errors))
    }

    /// `.max_parallel(10)`
    pub(super) fn max_parallel(&mut self, awaited: &Awaited<'_>) -> Option<Expr> {
        let given = self.only_option(awaited, "max_parallel")?;
        let is_nothing = |n: &Expr| {
            let n: Option<LitInt> = syn::parse2(n.to_token_stream()).ok();
            n.is_some_and(|n| n.base10_parse::<u32>().is_ok_and(|n| n == 0))
        };
        match given.args.first().filter(|n| given.args.len() == 1 && forms::is_constant(n)) {
            Some(n) if !is_nothing(n) => Some(n.clone()),
            _ => {
                self.errors.at(given.args.to_token_stream(), Mistake::MaxParallel);
                None
            }
        }
    }

    /// `.timeout("30m")`
    pub(super) fn timeout(&mut self, awaited: &Awaited<'_>) -> Option<Length> {
        let given = self.only_option(awaited, "timeout")?;
        let length: Option<Length> = self.errors.ok(syn::parse2(given.args.to_token_stream()));
        length.and_then(|length| step::more_than_nothing("timeout", length, self.errors))
    }

    fn only_option<'a>(&mut self, awaited: &Awaited<'a>, name: &str) -> Option<&'a ExprMethodCall> {
        self.refuse_options(awaited, &[name]);
        let mut given = awaited.options.iter().filter(|option| option.method == name);
        let first = given.next();
        if let Some(again) = given.next() {
            self.errors.at(&again.method, format!("`{name}` is given twice"));
        }
        first.copied()
    }

    /// Options that belong to other words.
    pub(super) fn refuse_options(&mut self, awaited: &Awaited<'_>, known: &[&str]) {
        for option in &awaited.options {
            if !known.iter().any(|name| option.method == name) {
                self.errors.at(&option.method, Mistake::OptionOf(&option.method, awaited.what));
            }
        }
    }
}
