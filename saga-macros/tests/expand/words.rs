/// Every word of the language.
#[saga(version = 1, locks(serial = &request.serial))]
async fn words(request: Request) -> saga::Result<u64> {
    let line = check_line(&request.serial).await;
    sleep(Duration::from_secs(60)).await;
    sleep_until(request.starts_at).await;
    let online = wait_for_event::<Online>("onu_online", &request.serial).timeout("30m").await.ok();
    let ports = for_each(&request.ports, |port| open(*port, &online).with(timeout("5s"))).max_parallel(10).await?;
    let id = match &request.plan {
        Plan::Fiber { port, .. } if *port > 0 => open(*port, &online).await?,
        Plan::Other(name) => other_saga(name.clone()).with(retry(max_attempts = 5)).await?,
        Plan::None => 0,
    };
    if let Some(online) = online {
        report(online.power).await.ok();
    }
    Ok(id + ports.len() as u64 + u64::from(line.is_ok()))
}
