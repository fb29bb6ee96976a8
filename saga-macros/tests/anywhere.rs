//! Steps and sagas wherever people put them, under whatever names, in a crate of strict habits.
#![deny(warnings, missing_docs, unused_qualifications, clippy::all, clippy::pedantic, clippy::nursery)]
#![forbid(unsafe_code)]
#![allow(
    unreachable_pub,
    clippy::redundant_pub_crate,
    clippy::unnecessary_wraps,
    clippy::unused_async,
    clippy::use_self,
    reason = "a test is a crate of its own, and has steps that do nothing"
)]

use saga::{IntoStepError, StepError, saga, step};

/// A saga, and one of the same name in another module.
pub mod first {
    use saga::{saga, step};

    /// A step.
    ///
    /// # Errors
    /// Never.
    #[step(no_effect)]
    pub async fn look(n: u32) -> saga::Result<u32> {
        Ok(n)
    }

    /// The first.
    #[saga(version = 1)]
    pub async fn provision(n: u32) -> saga::Result<u32> {
        let seen = look(n).await?;
        Ok(seen)
    }
}

/// The other one.
pub mod second {
    use saga::saga;

    /// The second, which calls the first.
    #[saga(version = 1, name = "provision_too")]
    pub async fn provision(n: u32) -> saga::Result<u32> {
        let seen = super::first::provision(n).await?;
        Ok(seen)
    }
}

/// Raw names, and names that only neighbours see.
mod hidden {
    pub(crate) mod inner {
        #[saga::step(no_effect)]
        pub(in crate::hidden) async fn r#match(r#type: u32) -> saga::Result<u32> {
            Ok(r#type)
        }
    }

    #[saga::saga(version = 1)]
    pub(crate) async fn r#loop(r#type: u32) -> saga::Result<u32> {
        let r#fn = inner::r#match(r#type).await?;
        Ok(r#fn)
    }
}

macro_rules! make {
    ($step:ident, $saga:ident, $ty:ty) => {
        #[step(no_effect)]
        async fn $step(n: $ty) -> saga::Result<$ty> {
            Ok(n)
        }
        #[saga(version = 1)]
        async fn $saga(n: $ty) -> saga::Result<$ty> {
            let made = $step(n).await?;
            Ok(made)
        }
    };
}
make!(number, number_saga, u32);
make!(text, text_saga, String);

/// Names that the expansion uses too, for other things.
mod taken {
    #![allow(dead_code, reason = "they are only in the way")]
    struct Box;
    struct Ok;
    struct Option;
    struct Result;
    struct Some;
    struct String;

    #[saga::step(no_effect)]
    async fn add(builder: u32, fields: u32, context: u32, result: u32) -> saga::Result<u32> {
        core::result::Result::Ok(builder + fields + context + result)
    }

    #[saga::saga(version = 1)]
    pub(crate) async fn sum(builder: u32) -> saga::Result<u32> {
        let result = add(builder, 1, 2, 3).await?;
        let part_1 = add(result, 1, 2, 3).await?;
        let then = if part_1 == 1 { add(1, 1, 1, 1).await? } else { 0 };
        core::result::Result::Ok(builder + result + part_1 + then)
    }
}

/// An error of one's own.
#[derive(Debug)]
enum Refused {
    Always,
}
impl IntoStepError for Refused {
    fn into_step_error(self) -> StepError {
        match self {
            Refused::Always => StepError::permanent("refused"),
        }
    }
}

#[step(no_effect)]
async fn ask(n: u32) -> Result<u32, Refused> {
    if n == 0 { Err(Refused::Always) } else { Ok(n) }
}
type Answer<T> = Result<T, Refused>;

#[saga(version = 1)]
async fn asked(n: u32) -> Result<u32, Refused> {
    let answer = ask(n).await?;
    Ok(answer)
}

#[saga(version = 1)]
async fn asked_again(n: u32) -> Answer<u32> {
    let answer = ask(n).await?;
    if answer == 0 { Err(Refused::Always) } else { Ok(answer) }
}

#[step(compensate = put_back(name, list, output.cloned()), late_safe)]
async fn lend(
    name: Option<&str>,
    list: &[u8],
    more: Option<&[u32]>,
    shared: std::sync::Arc<str>,
) -> saga::Result<String> {
    Ok(format!("{name:?} {list:?} {more:?} {shared}"))
}
async fn put_back<T: Send>(_: Option<&str>, _: &[u8], made: Option<T>) -> saga::Result<()> {
    drop(made);
    Ok(())
}

#[saga(version = 1)]
async fn lent(name: String) -> saga::Result<String> {
    let text = lend(Some(&name), &[1, 2], None, "x".into()).await?;
    Ok(text)
}

#[test]
fn all_of_them_are_plans() {
    let names = [
        second::provision::definition::<()>().id().to_string(),
        hidden::r#loop::definition::<()>().id().to_string(),
        number_saga::definition::<()>().id().to_string(),
        text_saga::definition::<()>().id().to_string(),
        taken::sum::definition::<()>().id().to_string(),
        asked::definition::<()>().id().to_string(),
        asked_again::definition::<()>().id().to_string(),
        lent::definition::<()>().id().to_string(),
    ];
    let wanted = ["provision_too", "loop", "number_saga", "text_saga", "sum", "asked", "asked_again", "lent"];
    for (name, wanted) in names.iter().zip(wanted) {
        assert!(name.starts_with(wanted), "{name} and not {wanted}");
    }
}

#[test]
fn a_saga_in_a_function_is_one_too() {
    #[step(no_effect)]
    async fn local(n: u32) -> saga::Result<u32> {
        Ok(n)
    }
    #[saga(version = 1)]
    async fn around(n: u32) -> saga::Result<u32> {
        let seen = local(n).await?;
        Ok(seen)
    }
    assert_eq!(around::definition::<()>().plan().total_steps(), 1);
}
