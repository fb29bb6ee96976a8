//! The numbers of expressions: a change that forgets the version is told from a change of form.

use std::time::Duration;

use saga::{saga, step};

#[step(no_effect)]
pub async fn look(n: u64) -> saga::Result<u64> {
    Ok(n)
}

/// The same saga with other expressions in it.
macro_rules! saga_of {
    ($module:ident($n:ident, $more:ident, $named:ident, $last:ident): $argument:expr, $value:expr, $length:expr, $key:expr, $items:expr, $output:expr) => {
        mod $module {
            use super::*;

            #[saga(version = 1)]
            pub async fn looking($n: u64) -> saga::Result<u64> {
                let $more = $value;
                let first = look($argument).await?;
                sleep($length).await;
                wait_for_event::<()>("seen", $key).await?;
                let all = for_each($items, |item| look(*item)).await?;
                let $last = if first > 1 { look($more).await? } else { 0 };
                let $named = match all.len() {
                    0 => look(first).await?,
                    n if n > 4 => $last,
                    _ => first,
                };
                Ok($output)
            }
        }
    };
}

saga_of!(one(n, more, named, last): n + 1, n * 2, Duration::from_secs(n), &n, &[n, more], named + last);
saga_of!(same(n, more, named, last): n+1, n*2, Duration::from_secs(n,), &n, &[ n, more, ], named+last);
saga_of!(argument(n, more, named, last): n + 2, n * 2, Duration::from_secs(n), &n, &[n, more], named + last);
saga_of!(value(n, more, named, last): n + 1, n * 3, Duration::from_secs(n), &n, &[n, more], named + last);
saga_of!(length(n, more, named, last): n + 1, n * 2, Duration::from_secs(n + 1), &n, &[n, more], named + last);
saga_of!(key(n, more, named, last): n + 1, n * 2, Duration::from_secs(n), &(n + 1), &[n, more], named + last);
saga_of!(items(n, more, named, last): n + 1, n * 2, Duration::from_secs(n), &n, &[more, n], named + last);
saga_of!(output(n, more, named, last): n + 1, n * 2, Duration::from_secs(n), &n, &[n, more], named - last);

/// The names of the expressions whose numbers differ.
fn changed(other: &saga::Definition<()>) -> Vec<String> {
    let lines = |text: String| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let one = lines(one::looking::definition::<()>().plan().text());
    let differs = lines(other.plan().text()).into_iter().filter(|line| !one.contains(line));
    differs.map(|line| line.rsplit(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn every_closure_has_a_number() {
    let text = one::looking::definition::<()>().plan().text();
    let numbered = text.lines().filter_map(|line| line.strip_prefix("expression: ")?.split_once(' '));
    let mut numbered: Vec<_> = numbered.map(|(_, name)| name).collect();
    numbered.sort_unstable();
    let places = ["look.all", "look.first", "look.last", "look.named", "more", "output", "seen", "sleep"];
    assert_eq!(numbered, [&["all.len()", "first > 1", "last"], &places[..]].concat());
}

#[test]
fn another_expression_is_another_number_there_and_nowhere_else() {
    assert_eq!(changed(&argument::looking::definition()), ["look.first"]);
    assert_eq!(changed(&value::looking::definition()), ["more"]);
    assert_eq!(changed(&key::looking::definition()).len(), 1);
    assert_eq!(changed(&length::looking::definition()).len(), 1);
    assert_eq!(changed(&items::looking::definition()), ["look.all"]);
    assert_eq!(changed(&output::looking::definition()), ["output"]);
}

#[test]
fn a_change_of_form_is_none() {
    assert_eq!(changed(&same::looking::definition()), [""; 0]);
}
