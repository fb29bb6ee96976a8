//! Whatever the macros write, a person can write: one saga twice, and the plans are the same.

use saga::step::{Arguments, Callee, ErasedStep, Success};
use saga::{
    Args, Callable, Class, Definition, Json, Meta, PlanError, SagaBuilder, Signature, Step, StepContext,
    saga, step,
};

/// By macro: a step …
#[step(compensate = erase(text))]
async fn write(text: &str) -> saga::Result<usize> {
    Ok(text.len())
}
async fn erase(text: &str) -> saga::Result<()> {
    let _ = text;
    Ok(())
}

/// … and a saga.
#[saga(name = "note", version = 1)]
async fn by_macro(text: String) -> saga::Result<usize> {
    let length = write(&text).await?;
    Ok(length)
}

/// By hand: a step is a type with a name, an output and two functions over JSON …
enum Write {}

impl Signature for Write {
    type Output = usize;
    const META: &'static Meta = &Meta { params: &["text"], ..Meta::new("write", Class::Compensatable) };
}

impl<R: Sync> Step<R> for Write {
    async fn run(_: &R, _: &StepContext, args: &Arguments<'_>) -> saga::Result<Success> {
        let text: String = args.get("text")?;
        Ok(Success { output: Json::encode(&text.len())?, adopted: false })
    }
    async fn compensate(_: &R, _: &StepContext, args: &Arguments<'_>, _: Option<&Json>) -> saga::Result<()> {
        let _: String = args.get("text")?;
        Ok(())
    }
}

impl<R: Sync + 'static> Callable<R> for Write {
    fn erased() -> Callee<R> {
        ErasedStep::plain::<Self>().into()
    }
}

/// … and a saga is calls of a builder.
fn by_hand() -> Result<Definition<()>, PlanError> {
    let mut saga = SagaBuilder::<(), String>::new("note", 1);
    let text = saga.input();
    let length = saga.named("length").call((text,), |(text,)| {
        Ok(Args::<Write>::new(Json::encode(&std::collections::BTreeMap::from([("text", text)]))?))
    });
    saga.finish((length,), |(length,)| Ok(length))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (one, other): (Definition<()>, _) = (by_macro::definition(), by_hand()?);
    println!("{}\n", one.plan().describe());
    println!("by macro {}\nby hand  {}", one.id(), other.id());
    if one.id() != other.id() {
        return Err("the plans differ".into());
    }
    println!("the plans are the same");
    Ok(())
}
