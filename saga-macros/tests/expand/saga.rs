/// Brings a line into service.
#[saga(version = 1, deadline = "1h")]
pub async fn connect(request: Request) -> saga::Result<Connected> {
    check(&request)?;
    let customer = create_customer(&request).await?;
    let (ip, onu) = try_join!(
        when(request.wants_ip, allocate_ip(&customer, None)),
        activate_onu(&request.serial.to_uppercase()),
    )?;
    let cpe = if onu.is_new { Some(configure_cpe(&onu).await?) } else { None };
    send_welcome(&customer).await.ok();
    Ok(Connected { customer: customer.id, ip, cpe })
}
