use saga::saga;

struct Isp;
impl Isp {
    #[saga(version = 1)]
    async fn provision(&self, n: u32) -> saga::Result<u32> {
        Ok(n)
    }
}

fn main() {}
