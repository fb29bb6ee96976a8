//! The words of a saga's body, beside Rust's own: `#[saga]` reads them, so they need no import there.

use std::fmt::Display;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::clock::Timestamp;

/// A step that runs only if the condition holds: `when(condition, step(..)).await?` gives an `Option`.
///
/// In a saga the condition is computed once and journaled. Outside of one, as in a test of plain step
/// functions, it does what it says:
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> saga::Result<()> {
/// # use saga::{flow::when, step};
/// #[step(no_effect)]
/// async fn half(n: u32) -> saga::Result<u32> {
///     Ok(n / 2)
/// }
/// assert_eq!(when(true, half(8)).await?, Some(4));
/// # Ok(()) }
/// ```
///
/// # Errors
/// The step's own.
pub async fn when<T, E>(condition: bool, step: impl Future<Output = Result<T, E>>) -> Result<Option<T>, E> {
    if condition { step.await.map(Some) } else { Ok(None) }
}

#[doc(hidden)]
#[macro_export]
macro_rules! __try_join {
    ($($branch:tt)*) => {
        ::core::compile_error!("`try_join!` of `saga` belongs into the body of a `#[saga]`")
    };
}

/// Steps that run side by side: `let (a, b) = try_join!(first(..), second(..))?;`
///
/// A branch is `step(..)`, `when(condition, step(..))`, or `async { ..; Ok(value) }` with statements of its
/// own. A failing branch rolls the saga back.
#[doc(inline)]
pub use crate::__try_join as try_join;

/// A step for each of several items: `for_each(&items, |item| step(item)).await?` gives a `Vec` in the order of
/// the items. The closure is the call of one step, and what it gives to the step is journaled for each item.
///
/// In a saga at most 16 of them run side by side, or as many as [`max_parallel`](ForEach::max_parallel) says. If
/// one fails the saga fails, and all that were done are undone. Outside of one, as in a test of plain step
/// functions, one runs after the other:
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> saga::Result<()> {
/// # use saga::{flow::for_each, step};
/// #[step(no_effect)]
/// async fn half(n: u32) -> saga::Result<u32> {
///     Ok(n / 2)
/// }
/// assert_eq!(for_each([8, 6], |n| half(n)).await?, [4, 3]);
/// # Ok(()) }
/// ```
pub fn for_each<'a, I, F, T, E>(items: I, mut step: impl FnMut(I::Item) -> F) -> ForEach<'a, T, E>
where
    I: IntoIterator,
    F: Future<Output = Result<T, E>> + Send + 'a,
{
    let steps = items.into_iter().map(|item| -> Step<'a, T, E> { Box::pin(step(item)) });
    ForEach { steps: steps.collect() }
}

type Step<'a, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

/// What [`for_each`] gives; awaiting it runs the steps.
#[must_use = "the steps run when it is awaited"]
pub struct ForEach<'a, T, E> {
    steps: Vec<Step<'a, T, E>>,
}

impl<T, E> ForEach<'_, T, E> {
    /// At most so many of the items run side by side. It is part of the plan, so it is a number or a constant.
    pub fn max_parallel(self, items: u32) -> Self {
        let _ = items;
        self
    }
}

impl<'a, T: Send + 'a, E: Send + 'a> IntoFuture for ForEach<'a, T, E> {
    type Output = Result<Vec<T>, E>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async {
            let mut outputs = vec![];
            for step in self.steps {
                outputs.push(step.await?);
            }
            Ok(outputs)
        })
    }
}

/// Lets time pass: `sleep(Duration::from_secs(60)).await;`
///
/// The time is counted from the moment at which the saga comes to this place. It is journaled, so a restart
/// neither shortens nor repeats it, and a workflow that sleeps costs no memory. It cannot fail, so there is no
/// mark after it. A step that must wait uses its runtime's timer; this one is for the body of a saga only:
///
/// ```compile_fail
/// # async fn step_function() {
/// saga::flow::sleep(std::time::Duration::from_secs(1)).await; // only in the body of a `#[saga]`
/// # }
/// ```
pub fn sleep(length: Duration) -> OnlyInASaga<()> {
    let _ = length;
    OnlyInASaga(PhantomData)
}

/// Waits until a point in time: `sleep_until(request.starts_at).await;` One that is past is not waited for.
/// Otherwise like [`sleep`].
pub fn sleep_until(time: Timestamp) -> OnlyInASaga<()> {
    let _ = time;
    OnlyInASaga(PhantomData)
}

/// Waits for something that happens outside: `wait_for_event::<Online>("onu_online", &onu.id).await?` gives what
/// the event brought.
///
/// What must happen is part of the plan, so it is a literal or a constant; to what it must happen is computed when
/// the saga comes to this place. The first event counts that is newer than the workflow and that no earlier wait of
/// it has had, so one that came before the saga did is not lost.
///
/// Without [`timeout`](OnlyInASaga::timeout) it waits as long as the workflow may take. With it, an event that does
/// not come in time fails the saga (`.await?`), or gives `None` (`.await.ok()`), or a
/// [`Failure`](crate::Failure) to decide on (`let event = wait_for_event(..).await;`).
pub fn wait_for_event<T>(event: &str, key: impl Display) -> OnlyInASaga<T> {
    let _ = (event, key);
    OnlyInASaga(PhantomData)
}

/// What a word gives that means something only in the body of a `#[saga]`. Outside of one it cannot be awaited.
#[must_use = "await it, in the body of a `#[saga]`"]
pub struct OnlyInASaga<T>(PhantomData<fn() -> T>);

impl<T> OnlyInASaga<T> {
    /// How long an event is waited for: `.timeout("30m")`. It is part of the plan, so it is a literal.
    pub fn timeout(self, length: &str) -> Self {
        let _ = length;
        self
    }
}

impl<T: Journaling> Future for OnlyInASaga<T> {
    type Output = T::Never;
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T::Never> {
        Poll::Pending
    }
}

/// Nothing implements this.
#[diagnostic::on_unimplemented(
    message = "this wait belongs into the body of a `#[saga]`, where it is journaled",
    label = "not in the body of a `#[saga]`",
    note = "in a step wait with your runtime's own timer, such as tokio's `sleep`"
)]
pub trait Journaling {
    /// Nothing.
    type Never;
}
