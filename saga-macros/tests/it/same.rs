//! The body of a saga is Rust: as a saga it computes what it computes as a plain function.

use std::collections::BTreeMap;

use saga::flow::when;
use saga::{Outcome, StepError, step};
use serde::{Deserialize, Serialize};
use tokio::try_join;

use crate::run::run;
use crate::sagas::add;

#[step(no_effect)]
pub async fn length(text: &str) -> saga::Result<u64> {
    Ok(text.len() as u64)
}

#[step(no_effect)]
pub async fn length_of_owned(text: String) -> saga::Result<u64> {
    Ok(text.len() as u64)
}

pub mod steps {
    /// A step that is named like a word of the language is called by its path.
    #[saga::step(no_effect)]
    pub async fn sleep(n: u64) -> saga::Result<u64> {
        Ok(n * 1000)
    }
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Parts {
    name: String,
    kind: String,
    ports: Vec<u64>,
    map: BTreeMap<String, u64>,
    r#type: Option<u64>,
    pair: (u64, u64),
}

fn parse(text: &str) -> Result<Result<u64, String>, StepError> {
    Ok(text.parse().map_err(|_| text.to_owned()))
}

/// One body, read twice.
macro_rules! same {
    ($(#[doc = $doc:literal] fn $name:ident($input:ident) $body:block)*) => {
        mod as_a_saga {
            use super::*;
            $(#[doc = $doc] #[saga::saga(version = 1)] pub async fn $name($input: Parts) -> saga::Result<Vec<u64>> $body)*
        }
        // A saga has no `let` that takes a value apart.
        #[allow(clippy::match_single_binding)]
        mod as_it_is {
            use super::*;
            $(#[doc = $doc] pub async fn $name($input: Parts) -> saga::Result<Vec<u64>> $body)*
        }
        $(
            #[tokio::test]
            async fn $name() {
                for parts in examples() {
                    let expected = Outcome::Completed(as_it_is::$name(parts.clone()).await.unwrap());
                    let definition = as_a_saga::$name::definition();
                    assert_eq!(run(definition, as_a_saga::$name(parts)).await, expected);
                }
            }
        )*
    };
}

fn examples() -> Vec<Parts> {
    let parts = |kind: &str, ports: &[u64], r#type, pair| Parts {
        name: format!("{kind}'s"),
        kind: kind.to_owned(),
        ports: ports.to_vec(),
        map: BTreeMap::from([("k".to_owned(), 4)]),
        r#type,
        pair,
    };
    vec![
        parts("copper", &[1, 2, 3], Some(2), (3, 4)),
        parts("a", &[9], None, (6, 4)),
        parts("b", &[], Some(1), (0, 0)),
        parts("12", &[0, 0], Some(0), (7, 7)),
    ]
}

same! {
    /// Strings, slices, ranges, `ref`, `@`, raw names, a struct that is taken apart by value.
    fn patterns_bind_what_they_bind_in_rust(parts) {
        let a = match parts.kind.as_str() {
            "a" => add(1, 1).await?,
            kind @ ("b" | "c") => length(kind).await?,
            other => {
                let n = length(other).await?;
                if other.len() > 3 { add(n, other.len() as u64).await? } else { n }
            }
        };
        let b = match parts.ports.as_slice() {
            [] => 0,
            [only] => add(*only, 0).await?,
            [first, .., last] => add(*first, *last).await?,
        };
        let c = match &parts.r#type {
            Some(r#type) => add(*r#type, 1).await?,
            None => 7,
        };
        let d = match parts.pair {
            (x @ 0..=5, ref y) => {
                let sum = add(x, *y).await?;
                add(sum, x).await?
            }
            (x, y) => add(x - 1, y).await?,
        };
        let e = match parts {
            Parts { name, ports, .. } => {
                let x = length(&name).await?;
                let more = [add(ports.len() as u64, x).await?];
                x + length_of_owned(name).await? + more.iter().sum::<u64>()
            }
        };
        let sum = add(
            match a { 2 => add(a, b).await?, n => n },
            match c { 0 => 0, c => add(c, c).await? },
        ).await?;
        let slept = steps::sleep(sum).await?;
        Ok(vec![a, b, c, d, e, sum, slept])
    }

    /// Names that hide each other, arms in branches and branches in arms, `if let` chained by `else`.
    fn names_hide_each_other_as_in_rust(parts) {
        let customer = Some(Some(3));
        let a = match customer {
            Some(customer) => match customer {
                Some(customer) => {
                    let x = add(customer, 1).await?;
                    let customer = add(customer, x).await?;
                    when(customer > 1, add(customer, x)).await?.unwrap_or_default()
                }
                None => 1,
            },
            None => 2,
        };
        let (b, c) = try_join!(
            async {
                Ok(match &parts.r#type {
                    Some(n) if *n > 0 => match n {
                        1 => 1,
                        m => add(*m, *n).await?,
                    },
                    _ => 0,
                })
            },
            add(a, 1),
        )?;
        let d = if let Some(n) = parts.r#type {
            add(n, 1).await?
        } else if let [x, ..] = parts.ports.as_slice() {
            let (y, _) = try_join!(add(*x, 1), add(*x, 2))?;
            y
        } else {
            0
        };
        let e = match parts.map.get("k") {
            Some(v) => add(*v, 1).await?,
            None => length("none").await?,
        };
        let f = match parse(&parts.kind)? {
            Ok(n) => add(n, 1).await?,
            Err(text) => {
                let n = length_of_owned(text.clone()).await?;
                n + length_of_owned(format!("{text}{n}")).await?
            }
        };
        if let Ok(n) = parse(&parts.name)? {
            add(n, 1).await?;
        }
        Ok(vec![a, b, c, d, e, f])
    }
}
