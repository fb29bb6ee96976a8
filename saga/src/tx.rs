//! A transaction that a store lends.

use std::any::Any;

/// The open transaction of a transactional step. What is inside depends on the store; its crate says how to
/// get at it (`saga_sqlx::sqlite(tx)?` lends the connection).
pub struct Tx<'a>(&'a mut (dyn Any + Send));

impl<'a> Tx<'a> {
    /// Wraps what the store lends (for stores).
    pub fn new(inner: &'a mut (dyn Any + Send)) -> Self {
        Self(inner)
    }
    /// What the store lends.
    pub fn as_any(&mut self) -> &mut (dyn Any + Send) {
        self.0
    }
}
