//! What the handlers share.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use futures_util::future::BoxFuture;
use saga::Client;

use super::problem::Problem;
use crate::ports::{CredentialsDesk, Customers};

/// Can the product take requests? If not, why.
pub type Readiness = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// What the handlers share.
#[derive(Clone)]
pub struct Api {
    /// The engine's client.
    pub client: Client,
    /// Who is known to the business.
    pub customers: Arc<dyn Customers>,
    /// Where subscribers' credentials are handed out.
    pub credentials: Arc<dyn CredentialsDesk>,
    /// The ids of the service plans.
    pub plans: Arc<BTreeSet<String>>,
    /// The tenant for whom all requests are, until there is authentication.
    pub tenant: Arc<str>,
    /// Can it take requests?
    pub ready: Readiness,
    /// How long a body may take to come.
    pub patience: Duration,
}

/// Who says that he sends the request.
pub(super) fn initiator(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    header(headers, "x-initiator", 200)
}

/// A header's text, if it is there and can be kept.
pub(super) fn header(
    headers: &HeaderMap,
    name: &'static str,
    longest: usize,
) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    // A header may have tabs inside; a name in a list may not.
    match value.to_str() {
        Ok(text) if !text.trim().is_empty() && text.len() <= longest && !text.trim().contains('\t') => {
            Ok(Some(text.trim().to_owned()))
        }
        _ => Err(Problem::bad_request(format!(
            "the header {name} has to be 1 to {longest} visible ASCII characters"
        ))),
    }
}
