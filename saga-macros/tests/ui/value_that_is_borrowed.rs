#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(lines: Vec<String>) -> saga::Result<()> {
    let first = lines.first().ok_or_else(|| saga::StepError::permanent("there is no line"))?;
    let last = last_of(&lines);
    check_line(first).await?;
    check_line(last).await?;
    Ok(())
}
fn last_of(lines: &[String]) -> &str {
    lines.last().map(String::as_str).unwrap_or_default()
}

fn main() {}
