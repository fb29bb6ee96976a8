//! The processes of the kill test: `kill world STATE` and `kill victim WORLD DATABASE [WORKFLOW]`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "only a test uses it")]

mod system;
mod victim;
mod world;

fn main() {
    let mut args = std::env::args().skip(1);
    let mut next = || args.next().expect("kill world STATE | kill victim WORLD DATABASE [WORKFLOW]");
    match next().as_str() {
        "world" => world::run(&next()),
        "victim" => victim::run(next(), &next(), args.next()),
        other => panic!("`{other}` is neither `world` nor `victim`"),
    }
}
