//! What the benches measure: a saga of seven steps that do nothing, with JSON in and out.

use saga::{saga, step};
use serde::{Deserialize, Serialize};

/// A request of ordinary size.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// Who.
    pub email: String,
    /// What.
    pub plan: String,
    /// Which one.
    pub number: u64,
}

impl Request {
    /// The n-th request.
    pub fn numbered(number: u64) -> Self {
        Self {
            email: format!("subscriber.{number}@example.com"),
            plan: "plan_premium_1000".to_owned(),
            number,
        }
    }
}

/// What a step makes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Made {
    /// Its id.
    pub id: String,
}

macro_rules! steps {
    ($($step:ident $undo:ident),*) => {$(
        /// Does nothing.
        #[step(compensate = $undo(request), system = "none")]
        pub async fn $step(request: &Request) -> saga::Result<Made> {
            Ok(Made { id: format!("{}_{}", stringify!($step), request.number) })
        }
        async fn $undo(request: &Request) -> saga::Result<()> {
            let _ = request;
            Ok(())
        }
    )*};
}
steps!(first undo_first, second undo_second, third undo_third, fourth undo_fourth, fifth undo_fifth, sixth undo_sixth);

/// Does nothing, or is refused for certain.
#[step(no_effect)]
pub async fn seventh(request: &Request) -> saga::Result<Made> {
    if request.plan == "refused" {
        return Err(saga::StepError::permanent("refused"));
    }
    Ok(Made { id: format!("seventh_{}", request.number) })
}

/// Seven steps in sequence; the last one is refused for the plan `refused`.
#[saga(version = 1)]
pub async fn seven(request: Request) -> saga::Result<String> {
    let a = first(&request).await?;
    let _b = second(&request).await?;
    let _c = third(&request).await?;
    let _d = fourth(&request).await?;
    let _e = fifth(&request).await?;
    let _f = sixth(&request).await?;
    let g = seventh(&request).await?;
    Ok(format!("{} {}", a.id, g.id))
}
