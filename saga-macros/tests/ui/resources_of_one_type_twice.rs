use std::sync::Arc;

struct NetBox;

#[derive(saga::Resources)]
struct World {
    main: NetBox,
    backup: Arc<NetBox>,
}

fn main() {}
