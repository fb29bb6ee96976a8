use saga::step;

#[step(no_effect)]
struct Reserve;

fn main() {}
