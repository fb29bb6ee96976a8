//! The lines of a plan's text in words: what people read where two plans differ. Of the plan that is not here there is
//! nothing but its text.

use super::plan::IfFailed;
use super::words;
use crate::step::{Class, IfUnknown};

/// The line in words. One that is not understood, of another version of this library, stays as it is.
pub(super) fn retold(line: &str) -> String {
    let tokens = tokens(line);
    let said = match tokens.as_slice() {
        [name, "[", "saga", rest @ ..] => sub_saga(name, rest),
        [name, "[", rest @ ..] => node(name, rest),
        ["output", rest @ ..] => output(rest),
        [name, version] => head(name, version, "undone"),
        [name, version, "on_failure", "Park"] => head(name, version, "stopped"),
        _ => None,
    };
    said.unwrap_or_else(|| line.to_owned())
}

fn head(name: &str, version: &str, then: &str) -> Option<String> {
    let version = version.strip_prefix('v')?;
    Some(format!("{name} version {version}: {then} when one of its steps fails"))
}

fn output(rest: &[&str]) -> Option<String> {
    let (of, rest) = list(rest)?;
    Some(format!("what it gives: made of {}{}", words::list_of(of), secret(rest)?))
}

fn sub_saga(name: &str, rest: &[&str]) -> Option<String> {
    let (saga, rest) = rest.split_first()?;
    let (tolerance, rest) = tolerance(rest);
    let ["]", first, "to", last] = rest else { return None };
    Some(format!("{name}: saga {saga}, from {first} to {last}{tolerance}"))
}

fn node(name: &str, rest: &[&str]) -> Option<String> {
    let (what, rest) = what(rest)?;
    let (after, rest) = list(rest.strip_prefix(&["]", "after"])?)?;
    let (data, rest) = list(rest.strip_prefix(&["data"])?)?;
    let (guards, rest) = list(rest.strip_prefix(&["guards"])?)?;
    let mut said = format!("{name}: {what}");
    for guard in guards {
        let (condition, value) = guard.split_at_checked(name_end(guard))?;
        said.push_str(&format!(", where {condition}: {}", words::arm(value.strip_prefix('=')?)));
    }
    for (word, of) in [("after", after), ("made of", data)] {
        if !of.is_empty() {
            said.push_str(&format!(", {word} {}", words::list_of(of)));
        }
    }
    said.push_str(secret(rest)?);
    Some(said)
}

fn what<'t, 'l>(rest: &'t [&'l str]) -> Option<(String, &'t [&'l str])> {
    let said = |words: &str, rest| Some((words.to_owned(), rest));
    match rest {
        ["input", rest @ ..] => said("what it is started with", rest),
        ["value", rest @ ..] => said("compute", rest),
        ["condition", rest @ ..] => said("decide", rest),
        ["sleep", rest @ ..] => said("time passes", rest),
        ["wait", "for", event, rest @ ..] => {
            let (tolerance, rest) = tolerance(rest);
            Some((format!("wait for {event}{tolerance}"), rest))
        }
        ["select", condition, rest @ ..] => {
            let (arms, rest) = list(rest)?;
            let arm = |pair: &[&str]| match pair {
                [value, node] => Some(format!("{}: {node}", words::arm(value.strip_suffix(':')?))),
                _ => None,
            };
            let arms: Vec<String> = arms.chunks(2).map(arm).collect::<Option<_>>()?;
            Some((format!("by {condition}, {}", arms.join(", ")), rest))
        }
        ["step", name, class, "if_unknown", if_unknown, rest @ ..] => {
            let class = words::class(class_of(class)?, if_unknown_of(if_unknown)?);
            let (flags, rest) = flags(rest)?;
            Some((format!("step {name}, {class}{flags}"), rest))
        }
        _ => None,
    }
}

/// What else a step's line says.
fn flags<'t, 'l>(rest: &'t [&'l str]) -> Option<(String, &'t [&'l str])> {
    let (tolerance, mut rest) = tolerance(rest);
    let mut said = String::new();
    loop {
        let (words, after) = match rest {
            ["for", "each", after @ ..] => ("for each item".to_owned(), after),
            ["transactional", after @ ..] => ("in a transaction of the engine's database".to_owned(), after),
            ["evaluated", after @ ..] => ("its arguments computed".to_owned(), after),
            ["sealed", after @ ..] => ("its arguments secret".to_owned(), after),
            ["secrets", after @ ..] => {
                let (names, after) = list(after)?;
                (format!("{} secret", words::list_of(names)), after)
            }
            _ => return Some((said + &tolerance, rest)),
        };
        said.push_str(", ");
        said.push_str(&words);
        rest = after;
    }
}

fn tolerance<'t, 'l>(rest: &'t [&'l str]) -> (String, &'t [&'l str]) {
    let (if_failed, rest) = match rest {
        ["tolerated", rest @ ..] => (IfFailed::GoOn, rest),
        ["decided", rest @ ..] => (IfFailed::Decide, rest),
        _ => (IfFailed::Fail, rest),
    };
    let words = words::tolerance(if_failed);
    (words.map(|words| format!("; {words}")).unwrap_or_default(), rest)
}

fn secret(rest: &[&str]) -> Option<&'static str> {
    match rest {
        [] => Some(""),
        ["secret"] => Some(", secret"),
        _ => None,
    }
}

/// What stands between two brackets, and what follows.
fn list<'t, 'l>(rest: &'t [&'l str]) -> Option<(&'t [&'l str], &'t [&'l str])> {
    let rest = rest.strip_prefix(&["("])?;
    let (inside, after) = rest.split_at_checked(rest.iter().position(|token| *token == ")")?)?;
    Some((inside, after.get(1..)?))
}

fn class_of(word: &str) -> Option<Class> {
    let all = [Class::Compensatable, Class::NoEffect, Class::Pivot, Class::Retriable];
    all.into_iter().find(|class| format!("{class:?}") == word)
}

fn if_unknown_of(word: &str) -> Option<IfUnknown> {
    let all = [IfUnknown::Compensate, IfUnknown::LookUp, IfUnknown::Rerun, IfUnknown::Park];
    all.into_iter().find(|if_unknown| format!("{if_unknown:?}") == word)
}

/// Brackets, and what stands between them and blanks. A name that could be mistaken stands in quotes.
fn tokens(line: &str) -> Vec<&str> {
    let mut tokens = vec![];
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let (token, after) = rest.split_at(token_end(rest));
        tokens.push(token);
        rest = after.trim_start();
    }
    tokens
}

fn token_end(text: &str) -> usize {
    let mut quotes = Quotes::default();
    let ends = |(at, c): &(usize, char)| {
        let outside = !quotes.cover(*c);
        outside && (c.is_whitespace() || *at > 0 && matches!(c, '[' | ']' | '(' | ')'))
    };
    match text.chars().next() {
        Some(bracket @ ('[' | ']' | '(' | ')')) => bracket.len_utf8(),
        _ => text.char_indices().find(ends).map_or(text.len(), |(at, _)| at),
    }
}

/// Where the name before a `=` ends.
fn name_end(guard: &str) -> usize {
    let mut quotes = Quotes::default();
    guard.char_indices().find(|(_, c)| !quotes.cover(*c) && *c == '=').map_or(guard.len(), |(at, _)| at)
}

/// Is a character within quotes? Those of Rust and those of JSON know the same way out.
#[derive(Default)]
struct Quotes {
    open: bool,
    escaped: bool,
}

impl Quotes {
    fn cover(&mut self, c: char) -> bool {
        let was_open = self.open;
        match (c, self.escaped) {
            ('"', false) => self.open = !self.open,
            ('\\', false) if self.open => {
                self.escaped = true;
                return true;
            }
            _ => {}
        }
        self.escaped = false;
        was_open || self.open
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::definition::json::tests::load_whole;

    #[test]
    fn every_line_of_a_plan_is_retold_and_differs_from_the_others() {
        let hostile = "\"]\n end (;%% = `|\\ ü & #quot;";
        let definition = load_whole(&json!({"name": "all", "version": 3, "on_failure": "park", "steps": [
            {"id": "c", "step": "create_customer", "args": {"request": "$input"}},
            {"id": "ips", "each": "$c.tags", "as": "tag", "max_parallel": 2,
             "step": "allocate_ip", "args": {"customer": "$c.id", "site": "$tag"}},
            {"step": "ping", "when": {"equals": ["$input.kind", hostile]}, "if_failed": "go_on"},
            {"id": "kind", "match": "$input.kind", "arms": {(hostile): [{"step": "ping"}], "_": [{"step": "ping"}]}},
            {"id": "sub", "saga": "onboard", "input": "$input", "if_failed": "decide"},
            {"wait_for_event": hostile, "key": "$input"},
            {"sleep": "5m"},
            {"step": "bill", "args": {"customer": "$c"}},
            {"step": "welcome", "args": {"customer": "$c"}},
        ], "output": {"ips": "$ips"}}))
        .unwrap();
        let text = definition.plan().describe();
        let mut all = BTreeSet::new();
        for line in text.lines() {
            let said = retold(line);
            assert_ne!(said, line);
            assert!(all.insert(said.clone()), "{said}");
            assert!(!said.contains("if_unknown") && !said.contains("guards"), "{said}");
        }
        for said in [
            "all version 3: stopped when one of its steps fails",
            "allocate_ip.ips: step allocate_ip, can be undone, for each item, its arguments computed, after \
             create_customer.c, made of create_customer.c",
            "ping#3: step ping, only reads, where input.kind: else, after input.kind",
            "bill: step bill, the point of no return, after sleep, made of create_customer.c",
            "what it gives: made of allocate_ip.ips",
        ] {
            assert!(all.contains(said), "{said} in {all:#?}");
        }
    }

    #[test]
    fn what_else_a_line_may_say_is_said_in_words() {
        for (line, said) in [
            (
                "a [step b NoEffect if_unknown Compensate tolerated for each transactional evaluated] after (c d) \
                 data () guards ()",
                "a: step b, only reads, for each item, in a transaction of the engine's database, its arguments \
                 computed; may fail, after c and d",
            ),
            (
                "a [step b Pivot if_unknown LookUp sealed secrets (password pin)] after (c) data (c) guards () secret",
                "a: step b, the point of no return, looked up if its answer is lost, its arguments secret, password \
                 and pin secret, after c, made of c, secret",
            ),
            ("output (a) secret", "what it gives: made of a, secret"),
            ("output [value] after () data () guards ()", "output: compute"),
            ("saga v2", "saga version 2: undone when one of its steps fails"),
        ] {
            assert_eq!(retold(line), said);
        }
    }

    #[test]
    fn what_is_not_understood_stays_as_it_is() {
        for line in [
            "",
            "a",
            "a [",
            "a [step",
            "a [step a Compensatable if_unknown Compensate] after (b data () guards ()",
            "a [step a Reversible if_unknown Compensate] after () data () guards ()",
            "a [value] after () data () guards () tomorrow",
            "a [value] after () data () guards (\"b)",
            "output (a) tomorrow",
        ] {
            assert_eq!(retold(line), line);
        }
    }
}
