use saga::step;

struct Line;

impl Line {
    #[step(no_effect)]
    async fn check(n: u32) -> saga::Result<u32> {
        Ok(n)
    }
}

fn main() {}
