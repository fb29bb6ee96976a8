//! Testing a saga: steps answer as the test says, and hours pass at once.
//!
//! `cargo test -p examples --features saga/testing` runs the tests below; run as a program it shows what a failed
//! assertion would print.

use saga::testing::SagaTest;
use saga::{StepError, saga, step};

#[step(compensate = unbook(flight))]
async fn book(flight: &str) -> saga::Result<u32> {
    Err(StepError::configuration(format!("no test should book {flight}")))
}
async fn unbook(_flight: &str) -> saga::Result<()> {
    Err(StepError::configuration("no test should get here"))
}

#[step(compensate = refund(sum), retry(max_attempts = 5, backoff = fixed("1h")))]
async fn charge(sum: u32) -> saga::Result<()> {
    Err(StepError::configuration(format!("no test should charge {sum}")))
}
async fn refund(_sum: u32) -> saga::Result<()> {
    Err(StepError::configuration("no test should get here"))
}

/// Books, charges, and waits for the ticket.
#[saga(version = 1)]
async fn buy(flight: String) -> saga::Result<String> {
    let price = book(&flight).await?;
    charge(price).await?;
    let ticket = wait_for_event::<String>("ticket", &flight).timeout("2d").await?;
    Ok(ticket)
}

/// What all tests begin with.
fn buying() -> SagaTest<()> {
    SagaTest::new(())
        .stub::<book>(|args| Ok(args.get::<String>("flight")?.len() as u32))
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

    use saga::testing::Landed;

    use super::*;

    #[tokio::test]
    async fn a_ticket_that_comes_the_next_day_is_given_out() {
        let day = Duration::from_secs(24 * 60 * 60);
        let report =
            buying().event_after(day, "ticket", "TP 201", "seat 4A").run(buy("TP 201".to_owned())).await;
        assert_eq!(report.assert_completed(), "seat 4A");
        assert_eq!(report.calls_of::<charge>()[0].arg::<u32>("sum"), 6);
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
}
