use saga::step;

#[step(no_effect)]
async fn reserve(names: &[&str], one: Vec<&str>) -> saga::Result<usize> {
    Ok(names.len() + one.len())
}

fn main() {}
