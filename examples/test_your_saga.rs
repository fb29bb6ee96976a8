//! Testing a saga: steps answer as the test says, hours pass at once, and a sweep lets everything go wrong.
//!
//! `cargo test -p examples --features saga/testing` runs the tests below; run as a program it shows what a failed
//! assertion would print.

use std::sync::Arc;

use async_trait::async_trait;
use saga::testing::SagaTest;
use saga::{Resources, StepContext, StepError, saga, step};

/// What steps ask of the world. A sweep needs a model of it; in tests of single runs nobody is asked.
#[async_trait]
trait Systems: Send + Sync {
    async fn order(&self, cx: &StepContext, system: &str, what: &str) -> saga::Result<()>;
    async fn withdraw(&self, cx: &StepContext, system: &str) -> saga::Result<()>;
}

#[step(compensate = unbook(systems, cx))]
async fn book(#[inject] systems: &dyn Systems, cx: &StepContext, flight: &str) -> saga::Result<usize> {
    systems.order(cx, "airline", flight).await?;
    Ok(flight.len())
}
async fn unbook(systems: &dyn Systems, cx: &StepContext) -> saga::Result<()> {
    systems.withdraw(cx, "airline").await
}

#[step(compensate = refund(systems, cx), retry(max_attempts = 5, backoff = fixed("1h")))]
async fn charge(#[inject] systems: &dyn Systems, cx: &StepContext, sum: usize) -> saga::Result<()> {
    systems.order(cx, "bank", &sum.to_string()).await
}
async fn refund(systems: &dyn Systems, cx: &StepContext) -> saga::Result<()> {
    systems.withdraw(cx, "bank").await
}

/// Books, charges, and waits for the ticket.
#[saga(version = 1)]
async fn buy(flight: String) -> saga::Result<String> {
    let price = book(&flight).await?;
    charge(price).await?;
    let ticket = wait_for_event::<String>("ticket", &flight).timeout("2d").await?;
    Ok(ticket)
}

/// Nobody is to be asked.
struct Nobody;

#[async_trait]
impl Systems for Nobody {
    async fn order(&self, _: &StepContext, system: &str, what: &str) -> saga::Result<()> {
        Err(StepError::configuration(format!("no test should order {what} of the {system}")))
    }
    async fn withdraw(&self, _: &StepContext, system: &str) -> saga::Result<()> {
        Err(StepError::configuration(format!("no test should ask the {system}")))
    }
}

#[derive(Resources)]
struct Office {
    systems: Arc<dyn Systems>,
}

/// What the tests of single runs begin with.
fn buying() -> SagaTest<Office> {
    SagaTest::new(Office { systems: Arc::new(Nobody) })
        .stub::<book>(|args| Ok(args.get::<String>("flight")?.len()))
        .stub::<charge>(|_| Ok(()))
}

#[tokio::main]
async fn main() {
    let test = buying().fail_once::<charge>(StepError::transient("the bank is closed"));
    println!("{}", test.run(buy("TP 201".to_owned())).await);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use saga::testing::{Landed, World, sweep};

    use super::*;

    #[tokio::test]
    async fn a_ticket_that_comes_the_next_day_is_given_out() {
        let day = Duration::from_secs(24 * 60 * 60);
        let report =
            buying().event_after(day, "ticket", "TP 201", "seat 4A").run(buy("TP 201".to_owned())).await;
        assert_eq!(report.assert_completed(), "seat 4A");
        assert_eq!(report.calls_of::<charge>()[0].arg::<usize>("sum"), 6);
    }

    #[tokio::test]
    async fn without_a_ticket_the_money_is_given_back_first() {
        let report = buying().run(buy("TP 201".to_owned())).await;
        report.assert_rolled_back().assert_undone(["charge", "book"]);
    }

    #[tokio::test]
    async fn a_refused_card_is_not_refunded() {
        let report =
            buying().fail::<charge>(StepError::permanent("refused")).run(buy("TP 201".to_owned())).await;
        report.assert_rolled_back().assert_undone(["book"]);
    }

    #[tokio::test]
    async fn a_payment_of_which_nobody_knows_is_refunded() {
        let report = buying().unknown::<charge>(Landed::Yes).run(buy("TP 201".to_owned())).await;
        report.assert_rolled_back().assert_undone(["charge", "book"]);
    }

    #[async_trait]
    impl Systems for World {
        async fn order(&self, cx: &StepContext, system: &str, what: &str) -> saga::Result<()> {
            self.create(cx, system, what).await
        }
        async fn withdraw(&self, cx: &StepContext, system: &str) -> saga::Result<()> {
            self.remove(cx, system).await
        }
    }

    #[derive(Resources)]
    struct Model {
        systems: Arc<dyn Systems>,
        #[resources(skip)]
        world: World,
    }

    fn model() -> Model {
        let world = World::new();
        Model { systems: Arc::new(world.clone()), world }
    }

    #[tokio::test]
    async fn whatever_goes_wrong_there_is_a_paid_flight_or_nothing() {
        let day = Duration::from_secs(24 * 60 * 60);
        let sweep = sweep(buy("TP 201".to_owned())).resources(model).observe(|model| model.world.there());
        let swept = sweep.event_after(day, "ticket", "TP 201", "seat 4A").most(200).run().await;
        assert!(swept.completed > 20 && swept.rolled_back > 100 && swept.deaths > 100, "{swept}");
    }
}
