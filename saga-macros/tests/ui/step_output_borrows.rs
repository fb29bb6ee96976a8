use saga::step;

#[step(no_effect)]
async fn reserve(name: &str) -> saga::Result<&str> {
    Ok(name)
}

fn main() {}
