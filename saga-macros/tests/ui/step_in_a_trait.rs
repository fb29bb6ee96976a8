use saga::step;

trait Desk {
    #[step(no_effect)]
    async fn look(word: String) -> saga::Result<()>;
}

fn main() {}
