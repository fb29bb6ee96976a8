/// What a saga says about itself.
#[saga(name = "change_password", version = 2, resources = Isp, on_failure = park, deadline = "1h", locks(account = &request.account))]
async fn change(#[secret] request: Change) -> saga::Result<()> {
    set_password(&request.account, &request.password).await?;
    Ok(())
}
