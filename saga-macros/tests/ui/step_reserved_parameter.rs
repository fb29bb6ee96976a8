use saga::step;

#[step(no_effect)]
async fn reserve(output: u32, cause: u32, recorded: u32) -> saga::Result<u32> {
    Ok(output + cause + recorded)
}

fn main() {}
