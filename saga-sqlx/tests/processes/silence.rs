//! A wire that is neither cut nor of any use: nothing comes back, and nobody says so.

use std::time::Duration;

use crate::stage::Stage;

#[test]
fn wires_that_swallow_everything_are_given_up_and_new_ones_are_made() {
    let stage = Stage::new(Duration::from_secs(3));
    stage.pace("do", "reserve", 300);
    let mut worker = stage.worker("only");
    worker.tell("orders 0 40");
    stage.wait_until("it works", || stage.live() >= 4);
    for _ in 0..2 {
        stage.proxy.swallow_all();
        std::thread::sleep(Duration::from_secs(1));
    }
    worker.hears("did orders");
    stage.wait_until("all have ended", || stage.live() == 0);
    stage.orders_are_done(40);
    stage.fence_held();
}
