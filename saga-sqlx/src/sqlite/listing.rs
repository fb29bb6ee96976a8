//! Pages of workflows. Each is read along one index, in its order, from where the page begins: what it costs does
//! not depend on how many workflows there are.

use saga::store::{Listing, Page};
use sqlx::{Connection, QueryBuilder, Sqlite, SqliteConnection};

use super::queries as sql;
use crate::batch::ENTERED_ROLLBACK;
use crate::codec::time_text;
use crate::error::Failure;
use crate::rows::{HeaderColumns, columns, readable};

pub(super) async fn list(connection: &mut SqliteConnection, listing: Listing) -> Result<Page, Failure> {
    let mut moment = connection.begin().await?;
    let (total, total_is_exact) = match countable(&listing) {
        true => (kept_count(&mut moment, &listing).await?, true),
        false => {
            // One more than is counted tells whether that was all.
            let found: i64 = count(&listing).build_query_scalar().fetch_one(&mut *moment).await?;
            (found.min(number(Page::COUNTED)), found <= number(Page::COUNTED))
        }
    };
    let page = page(&listing).build().fetch_all(&mut *moment).await?;
    moment.rollback().await?;
    let header = |row| columns::<_, HeaderColumns>("orchestration_workflows", row)?.read();
    let headers = page.iter().map(header).filter_map(readable).collect();
    Ok(Page { headers, total: u64::try_from(total).unwrap_or(0), total_is_exact })
}

/// The statement that a page is read with.
pub(super) fn page(listing: &Listing) -> QueryBuilder<Sqlite> {
    let passing_over = listing.offset > 0;
    // What is passed over is passed over in the index; only the page itself is fetched.
    let mut page = QueryBuilder::new(match passing_over {
        true => "SELECT w.* FROM (SELECT w.workflow_id, w.created_at FROM ",
        false => "SELECT w.* FROM ",
    });
    filter(&mut page, listing);
    if let Some((time, id)) = &listing.after {
        page.push(" AND (w.created_at, w.workflow_id) < (").push_bind(time_text(*time)).push(", ");
        page.push_bind(id.as_str().to_owned()).push(")");
    }
    page.push(" ORDER BY w.created_at DESC, w.workflow_id DESC LIMIT ").push_bind(number(listing.limit));
    if passing_over {
        page.push(" OFFSET ").push_bind(number(listing.offset));
        page.push(") AS p CROSS JOIN orchestration_workflows AS w ON w.workflow_id = p.workflow_id");
        page.push(" ORDER BY p.created_at DESC, p.workflow_id DESC");
    }
    page
}

/// The statement that counts, so far as is counted.
pub(super) fn count(listing: &Listing) -> QueryBuilder<Sqlite> {
    let mut count = QueryBuilder::new("SELECT count(*) FROM (SELECT 1 FROM ");
    filter(&mut count, listing);
    count.push(" LIMIT ").push_bind(number(Page::COUNTED) + 1).push(")");
    count
}

fn filter(query: &mut QueryBuilder<Sqlite>, listing: &Listing) {
    match &listing.search_key {
        // A key belongs to few workflows: they are looked up, whatever else is asked for.
        Some(key) => {
            query.push("orchestration_keys AS k CROSS JOIN orchestration_workflows AS w");
            query
                .push(" ON w.workflow_id = k.workflow_id WHERE k.tenant_id = ")
                .push_bind(listing.tenant.clone());
            query.push(" AND k.search_key = ").push_bind(key.clone());
            query.push(" AND +w.tenant_id = ").push_bind(listing.tenant.clone());
        }
        None => {
            query.push("orchestration_workflows AS w WHERE w.tenant_id = ").push_bind(listing.tenant.clone());
        }
    }
    // The narrowest one chooses the index; `+` keeps the planner from another.
    let stuck = listing.step.is_some() || listing.target_system.is_some();
    if let Some(step) = &listing.step {
        query.push(" AND w.current_step = ").push_bind(step.clone());
    }
    if let Some(system) = &listing.target_system {
        let column =
            if listing.step.is_some() { " AND +w.current_system = " } else { " AND w.current_system = " };
        query.push(column).push_bind(system.clone());
    }
    if let Some(status) = listing.status {
        query.push(if stuck { " AND +w.status = " } else { " AND w.status = " }).push_bind(status.as_str());
    }
    if let Some(workflow_type) = &listing.workflow_type {
        let other = stuck || listing.status.is_some();
        query.push(if other { " AND +w.workflow_type = " } else { " AND w.workflow_type = " });
        query.push_bind(workflow_type.clone());
    }
    if let Some(time) = listing.created_after {
        query.push(" AND w.created_at >= ").push_bind(time_text(time));
    }
    if let Some(time) = listing.created_before {
        query.push(" AND w.created_at < ").push_bind(time_text(time));
    }
}

/// Do the counts by type and status tell how many there are?
fn countable(listing: &Listing) -> bool {
    listing.created_after.is_none()
        && listing.created_before.is_none()
        && listing.search_key.is_none()
        && listing.step.is_none()
        && listing.target_system.is_none()
}

async fn kept_count(connection: &mut SqliteConnection, listing: &Listing) -> Result<i64, Failure> {
    let rows: Vec<(String, String, i64, f64)> =
        sqlx::query_as(sql::STATISTICS).bind(&listing.tenant).fetch_all(connection).await?;
    let wanted = |workflow_type: &str, status: &str| {
        status != ENTERED_ROLLBACK
            && listing.status.is_none_or(|wanted| wanted.as_str() == status)
            && listing.workflow_type.as_ref().is_none_or(|wanted| wanted == workflow_type)
    };
    Ok(rows.iter().filter(|(t, s, ..)| wanted(t, s)).map(|(_, _, n, _)| n).sum())
}

fn number(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
