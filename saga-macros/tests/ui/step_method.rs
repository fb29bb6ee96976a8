use saga::step;

struct NetBox;
impl NetBox {
    #[step(no_effect)]
    async fn reserve(&self, n: u32) -> saga::Result<u32> {
        Ok(n)
    }
}

fn main() {}
