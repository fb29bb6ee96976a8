/// What a `let` with `else` and a chain of `let`s become.
#[saga(version = 1)]
async fn patterns(request: Request) -> saga::Result<Vec<bool>> {
    let Some(mac) = &request.mac else { return Err(StepError::permanent("no MAC address")) };
    if request.ready && let Some((first, _)) = &request.ports && first.is_open {
        open(first.number, mac).await?;
    }
    Ok(vec![check_line(mac).await?, true])
}
