use saga::step;

struct Vault;

#[step(no_effect)]
async fn unlock(
    #[inject]
    #[secret]
    vault: &Vault,
    password: &str,
) -> saga::Result<()> {
    Ok(())
}

fn main() {}
