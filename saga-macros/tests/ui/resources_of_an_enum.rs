#[derive(saga::Resources)]
enum World {
    A(u32),
}

fn main() {}
