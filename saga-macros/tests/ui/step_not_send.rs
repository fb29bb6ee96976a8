use saga::step;

#[step(no_effect)]
async fn reserve(n: u32) -> saga::Result<u32> {
    let shared = std::rc::Rc::new(n);
    other().await;
    Ok(*shared)
}
async fn other() {}

fn main() {}
