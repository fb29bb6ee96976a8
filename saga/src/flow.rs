//! The words of a saga's body, beside Rust's own: `#[saga]` reads them, so they need no import there.

use std::future::Future;

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
