use saga::{StepContext, step};

#[step(no_effect)]
async fn reserve(cx: StepContext) -> saga::Result<u32> {
    Ok(cx.attempt())
}

#[step(no_effect)]
async fn allocate(cx: &mut StepContext) -> saga::Result<u32> {
    Ok(cx.attempt())
}

fn main() {}
