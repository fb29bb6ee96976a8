use saga::step;

#[step(no_effect)]
async fn reserve(n: u32) -> u32 {
    n
}

fn main() {}
