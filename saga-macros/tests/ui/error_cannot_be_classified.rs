use saga::step;

#[step(no_effect)]
async fn read(path: &str) -> Result<String, String> {
    Ok(path.to_owned())
}

fn main() {}
