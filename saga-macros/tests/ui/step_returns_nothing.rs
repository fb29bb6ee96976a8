use saga::step;

#[step(no_effect)]
async fn reserve(_n: u32) {}

fn main() {}
