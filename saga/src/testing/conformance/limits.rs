//! What nobody can hold, and what everybody must.

use std::sync::Arc;

use super::Subject;
use super::kit::*;
use crate::store::limits::{MAX_DEPTH, MAX_KEY, MAX_VALUE};
use crate::store::*;

/// Finding 20: one bad value does not fail the batch it is in.
pub async fn poison_is_refused_alone(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "a").await;
    let output = |text: &str| StepRow { output: Some(json(text)), ..row(0, 1) };
    let deep = format!("{}{}", "[".repeat(MAX_DEPTH + 1), "]".repeat(MAX_DEPTH + 1));
    let long = format!("\"{}\"", "x".repeat(MAX_VALUE));
    let mut poison = vec![];
    for text in [r#""\u0000""#, r#"{"a":"\ud800"}"#, &deep, &long] {
        poison.push(facts(2, "a", vec![output(text)]));
    }
    let said = StepRow { error_message: Some("it said \0".into()), ..row(0, 1) };
    poison.push(facts(2, "a", vec![said]));
    let key = "k".repeat(MAX_KEY + 1);
    let b = || header("b", Some(w.worker));
    poison.push(create(2, Header { idempotency_key: Some(key.as_str().into()), ..b() }));
    poison.push(create(2, Header { exclusion: vec![key.clone()], ..b() }));
    poison.push(create(2, Header { search_keys: vec![key], ..b() }));
    for (n, poison) in (10..).zip(poison) {
        let first = create(2 * n, header(&format!("x{n}"), Some(w.worker)));
        let last = create(2 * n + 1, header(&format!("y{n}"), Some(w.worker)));
        let outcomes = w.store.commit(Some(w.worker), vec![first, poison, last]).await.unwrap();
        assert_eq!(outcomes[0], CommitOutcome::Applied { rev: 0 });
        let CommitOutcome::Unstorable { reason } = &outcomes[1] else { panic!("{:?}", outcomes[1]) };
        assert!(!reason.is_empty());
        assert_eq!(outcomes[2], CommitOutcome::Applied { rev: 0 });
    }
    assert_eq!(w.load("a").await.steps, []);
    assert_eq!(w.store.load(&id("b")).await, Ok(None));
}

/// What a database may mangle: long, deep, odd characters, numbers beyond 64 bits, times to the microsecond.
pub async fn what_is_allowed_is_kept_as_it_is(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "a").await;
    let texts = [
        format!("{}1{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH)),
        format!("\"{}\"", "x".repeat(MAX_VALUE - 2)),
        r#"{"b":1,"a":2,"b":3}"#.to_owned(),
        "123456789012345678901234567890.10e-7".to_owned(),
        r#""\ud83d\ude00 \\u0000 ü \u2028 ' \" \\ ""#.to_owned(),
        r#" [ 1 , 2 ] "#.trim().to_owned(),
    ];
    for (order, text) in (0..).zip(texts) {
        let rows = vec![StepRow {
            output: Some(json(&text)),
            started_at: Some(crate::Timestamp::from_micros(1_760_529_600_123_457)),
            failed_at: Some(crate::Timestamp::from_micros(-1)),
            ..row(order, 1 << 61)
        }];
        w.write(facts(2 + i64::from(order), "a", rows.clone())).await;
        assert_eq!(w.load("a").await.steps.last(), rows.last());
    }
    let keyed = Header { idempotency_key: Some("k".repeat(MAX_KEY).into()), ..header("b", None) };
    assert_eq!(w.write_as(None, create(90, keyed)).await, CommitOutcome::Applied { rev: 0 });
}
