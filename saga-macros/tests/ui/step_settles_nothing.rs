use saga::step;

#[step(no_effect, settle_after = "1s", late_safe)]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}

fn main() {}
