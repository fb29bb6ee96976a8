use saga::saga;

struct Client;
impl Client {
    async fn send(n: u32) -> saga::Result<u32> {
        Ok(n)
    }
}

#[saga(version = 1)]
async fn provision(n: u32) -> saga::Result<u32> {
    let sent = Client::send(n).await?;
    Ok(sent)
}

fn main() {}
