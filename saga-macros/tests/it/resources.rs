//! `#[derive(Resources)]`

use std::sync::Arc;

use saga::{Provide, Resources};

trait Api: Send + Sync {
    fn name(&self) -> &'static str;
}
struct Real;
impl Api for Real {
    fn name(&self) -> &'static str {
        "real"
    }
}

#[derive(Resources)]
struct World<C> {
    text: String,
    shared: Arc<dyn Api>,
    boxed: Box<u8>,
    clients: Vec<C>,
    #[resources(skip)]
    _twin: String,
}

#[derive(Resources)]
struct Pair(u32, Arc<u64>);

fn lend<T: ?Sized>(resources: &impl Provide<T>) -> &T {
    resources.provide()
}

#[test]
fn each_field_is_lent_by_its_type() {
    let world = World {
        text: "a".into(),
        shared: Arc::new(Real),
        boxed: Box::new(1),
        clients: vec!['c'],
        _twin: String::new(),
    };
    assert_eq!(lend::<String>(&world), "a");
    assert_eq!(lend::<Vec<char>>(&world), &['c']);
    assert_eq!((lend::<u32>(&Pair(1, Arc::new(2))), lend::<u64>(&Pair(1, Arc::new(2)))), (&1, &2));
}

#[test]
fn an_arc_or_a_box_lends_what_is_inside_too() {
    let world = World {
        text: "a".into(),
        shared: Arc::new(Real),
        boxed: Box::new(1),
        clients: vec!['c'],
        _twin: String::new(),
    };
    assert_eq!(lend::<dyn Api>(&world).name(), lend::<Arc<dyn Api>>(&world).name());
    assert_eq!(lend::<u8>(&world), &1);
    assert_eq!(**lend::<Box<u8>>(&world), 1);
}

#[test]
fn resources_lend_themselves() {
    assert_eq!(lend::<Pair>(&Pair(1, Arc::new(2))).0, 1);
}
