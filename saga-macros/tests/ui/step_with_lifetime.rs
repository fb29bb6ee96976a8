use saga::step;

#[step(no_effect)]
async fn reserve<'a>(name: &'a str) -> saga::Result<usize> {
    Ok(name.len())
}

#[step(no_effect)]
async fn allocate(name: &str) -> impl Sized {
    name.len()
}

fn main() {}
