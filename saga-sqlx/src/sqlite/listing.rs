//! Pages of workflows. Each is read along one index, in its order, from where the page begins; where filters meet, no
//! further than [`Page::LOOKED_AT`] workflows: what it costs does not depend on how many there are.

use saga::store::{Listing, Page};
use sqlx::{Connection, QueryBuilder, Sqlite, SqliteConnection};

use super::queries as sql;
use crate::along::{Along, Kept, Position, is_countable, number, sum};
use crate::codec::time_text;
use crate::error::Failure;
use crate::rows::{HeaderColumns, PlaceColumns, columns, readable};

pub(super) async fn list(connection: &mut SqliteConnection, listing: Listing) -> Result<Page, Failure> {
    let mut moment = connection.begin().await?;
    let kept: Vec<Kept> =
        sqlx::query_as(sql::STATISTICS).bind(&listing.tenant).fetch_all(&mut *moment).await?;
    let along = Along::of(&listing, &kept);
    let (total, total_is_exact) = match is_countable(&listing) {
        true => (sum(&kept, &listing), true),
        false => {
            let whole = Listing { after: None, ..listing.clone() };
            let end = end(&mut moment, &whole, along).await?;
            // One more than is counted tells whether that was all.
            let mut count = count(&listing, along, end.as_ref());
            let found: i64 = count.build_query_scalar().fetch_one(&mut *moment).await?;
            (found.min(number(Page::COUNTED)), found <= number(Page::COUNTED) && end.is_none())
        }
    };
    let end = end(&mut moment, &listing, along).await?;
    let mut page = self::page(&listing, along, end.as_ref());
    let page = page.build().fetch_all(&mut *moment).await?;
    let next = match page.last().filter(|_| page.len() >= listing.limit) {
        Some(last) => Some(columns::<_, PlaceColumns>("orchestration_workflows", last)?.read()?),
        None => end,
    };
    moment.rollback().await?;
    let header = |row| columns::<_, HeaderColumns>("orchestration_workflows", row)?.read();
    let headers = page.iter().map(header).filter_map(readable).collect();
    Ok(Page { headers, total: u64::try_from(total).unwrap_or(0), total_is_exact, next })
}

/// The last workflow that is looked at where filters meet; none if there are fewer.
async fn end(
    connection: &mut SqliteConnection,
    listing: &Listing,
    along: Option<Along>,
) -> Result<Option<Position>, Failure> {
    let Some(along) = along else { return Ok(None) };
    let last: Option<PlaceColumns> =
        last_seen(listing, along).build_query_as().fetch_optional(connection).await?;
    Ok(last.map(PlaceColumns::read).transpose()?)
}

/// The statement for it.
pub(super) fn last_seen(listing: &Listing, along: Along) -> QueryBuilder<Sqlite> {
    let mut last = QueryBuilder::new("SELECT w.created_at, w.workflow_id FROM ");
    last.push("orchestration_workflows AS w WHERE w.tenant_id = ").push_bind(listing.tenant.clone());
    match along {
        Along::Step => equal(&mut last, "w.current_step", listing.step.clone()),
        Along::System => equal(&mut last, "w.current_system", listing.target_system.clone()),
        Along::Status => equal(&mut last, "w.status", listing.status.map(|status| status.to_string())),
        Along::Type => equal(&mut last, "w.workflow_type", listing.workflow_type.clone()),
    }
    within(&mut last, listing);
    last.push(NEWEST_FIRST).push(" LIMIT 1 OFFSET ").push_bind(number(Page::LOOKED_AT) - 1);
    last
}

/// The statement that a page is read with.
pub(super) fn page(listing: &Listing, along: Option<Along>, end: Option<&Position>) -> QueryBuilder<Sqlite> {
    let passing_over = listing.offset > 0;
    // What is passed over is passed over in the index; only the page itself is fetched.
    let mut page = QueryBuilder::new(match passing_over {
        true => "SELECT w.* FROM (SELECT w.workflow_id, w.created_at FROM ",
        false => "SELECT w.* FROM ",
    });
    filter(&mut page, listing, along, end);
    page.push(NEWEST_FIRST).push(" LIMIT ").push_bind(number(listing.limit));
    if passing_over {
        page.push(" OFFSET ").push_bind(number(listing.offset));
        page.push(") AS p CROSS JOIN orchestration_workflows AS w ON w.workflow_id = p.workflow_id");
        page.push(" ORDER BY p.created_at DESC, p.workflow_id DESC");
    }
    page
}

/// The statement that counts, so far as is counted.
pub(super) fn count(listing: &Listing, along: Option<Along>, end: Option<&Position>) -> QueryBuilder<Sqlite> {
    let mut count = QueryBuilder::new("SELECT count(*) FROM (SELECT 1 FROM ");
    filter(&mut count, &Listing { after: None, ..listing.clone() }, along, end);
    count.push(" LIMIT ").push_bind(number(Page::COUNTED) + 1).push(")");
    count
}

const NEWEST_FIRST: &str = " ORDER BY w.created_at DESC, w.workflow_id DESC";

fn filter(query: &mut QueryBuilder<Sqlite>, listing: &Listing, along: Option<Along>, end: Option<&Position>) {
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
    // One of them chooses the index; `+` keeps the planner from the others.
    let chosen = |this: Along, plain: &'static str, other: &'static str| {
        if along.is_none_or(|along| along == this) { plain } else { other }
    };
    equal(query, chosen(Along::Step, "w.current_step", "+w.current_step"), listing.step.clone());
    let system = chosen(Along::System, "w.current_system", "+w.current_system");
    equal(query, system, listing.target_system.clone());
    let status = listing.status.map(|status| status.to_string());
    equal(query, chosen(Along::Status, "w.status", "+w.status"), status);
    let of_type = chosen(Along::Type, "w.workflow_type", "+w.workflow_type");
    equal(query, of_type, listing.workflow_type.clone());
    within(query, listing);
    if let Some((time, id)) = end {
        query.push(" AND (w.created_at, w.workflow_id) >= (").push_bind(time_text(*time)).push(", ");
        query.push_bind(id.as_str().to_owned()).push(")");
    }
}

fn equal(query: &mut QueryBuilder<Sqlite>, column: &'static str, value: Option<String>) {
    if let Some(value) = value {
        query.push(" AND ").push(column).push(" = ").push_bind(value);
    }
}

/// From when until when, and after which one.
fn within(query: &mut QueryBuilder<Sqlite>, listing: &Listing) {
    if let Some(time) = listing.created_after {
        query.push(" AND w.created_at >= ").push_bind(time_text(time));
    }
    if let Some(time) = listing.created_before {
        query.push(" AND w.created_at < ").push_bind(time_text(time));
    }
    if let Some((time, id)) = &listing.after {
        query.push(" AND (w.created_at, w.workflow_id) < (").push_bind(time_text(*time)).push(", ");
        query.push_bind(id.as_str().to_owned()).push(")");
    }
}

#[cfg(test)]
mod tests;
