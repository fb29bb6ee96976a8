//! Where a test stands between the engine and a step. Without the feature `testing` there is nothing here to ask.

use std::future::Future;
#[cfg(feature = "testing")]
use std::sync::Arc;

#[cfg(feature = "testing")]
use futures_util::future::BoxFuture;

use super::attempt::Ended;
#[cfg(feature = "testing")]
use crate::definition::Node;
use crate::definition::Plan;
use crate::machine::Call;

/// Sees every call of user code, and may answer in its place.
#[cfg(feature = "testing")]
pub(crate) trait Interceptor: Send + Sync + 'static {
    /// One call of a function of the step at `node`, in plain. `real` is the attempt with its time limit; it does
    /// nothing if it is not awaited.
    fn around<'a>(
        &'a self,
        node: &'a Node,
        call: &'a Call,
        real: BoxFuture<'a, Ended>,
    ) -> BoxFuture<'a, Ended>;
}

// Proves that the trait stays object safe.
#[cfg(feature = "testing")]
const _: fn(&dyn Interceptor) = |_| ();

/// Who stands between: nobody, except in tests.
#[derive(Clone, Default)]
pub(super) struct Seam {
    #[cfg(feature = "testing")]
    pub(super) interceptor: Option<Arc<dyn Interceptor>>,
}

impl Seam {
    pub(super) async fn around<'a>(
        &'a self,
        plan: &'a Plan,
        call: &'a Call,
        real: impl Future<Output = Ended> + Send + 'a,
    ) -> Ended {
        #[cfg(feature = "testing")]
        if let (Some(interceptor), Some(node)) = (&self.interceptor, plan.node(call.node)) {
            return interceptor.around(node, call, Box::pin(real)).await;
        }
        let _ = (plan, call);
        real.await
    }
}
