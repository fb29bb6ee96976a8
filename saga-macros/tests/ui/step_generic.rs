use saga::step;

#[step(no_effect)]
async fn reserve<T: Clone>(n: T) -> saga::Result<T> {
    Ok(n)
}

fn main() {}
