#[derive(saga::Resources)]
struct World<A> {
    client: A,
    name: String,
}

#[derive(saga::Resources)]
#[resources(krate = saga)]
struct Other {
    #[resources(leave_out)]
    name: String,
}

fn main() {}
