use saga::step;

#[step(pivot, undo_retry(max_attempts = 3), undo_timeout = "1s")]
async fn reserve(n: u32) -> saga::Result<u32> {
    Ok(n)
}

fn main() {}
