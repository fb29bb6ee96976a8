//! Pages of workflows. Each is read along one index, in its order, from where the page begins; where filters meet, no
//! further than [`Page::LOOKED_AT`] workflows: what it costs does not depend on how many there are.

use saga::store::{Listing, Page};
use sqlx::{PgConnection, Postgres, QueryBuilder};

use super::held::Held;
use super::queries as sql;
use crate::along::{Along, Kept, Position, is_countable, number, sum};
use crate::codec::time_text;
use crate::error::Failure;
use crate::rows::{HeaderColumns, PlaceColumns, readable};

pub(super) async fn list(connection: &mut Held, listing: Listing) -> Result<Page, Failure> {
    let mut moment = connection.moment().await?;
    let kept: Vec<Kept> =
        sqlx::query_as(sql::STATISTICS).bind(&listing.tenant).fetch_all(&mut *moment).await?;
    let along = Along::of(&listing, &kept);
    let (total, total_is_exact) = match is_countable(&listing) {
        true => (sum(&kept, &listing), true),
        false => {
            // One more than is counted tells whether that was all.
            let found: i64 =
                count(start(), &listing, along).build_query_scalar().fetch_one(&mut *moment).await?;
            let seen = found <= number(Page::COUNTED)
                && end(&mut moment, &Listing { after: None, ..listing.clone() }, along).await?.is_none();
            (found.min(number(Page::COUNTED)), seen)
        }
    };
    let page = self::page(start(), &listing, along)
        .build_query_as::<HeaderColumns>()
        .fetch_all(&mut *moment)
        .await?;
    let next = match page.last().filter(|_| page.len() >= listing.limit) {
        Some(last) => Some(last.place()?),
        None => end(&mut moment, &listing, along).await?,
    };
    moment.rollback().await?;
    let headers = page.into_iter().map(HeaderColumns::read).filter_map(readable).collect();
    Ok(Page { headers, total: u64::try_from(total).unwrap_or(0), total_is_exact, next })
}

/// Where a statement begins; tests begin it with `EXPLAIN`.
fn start() -> QueryBuilder<Postgres> {
    QueryBuilder::new("")
}

/// The statement that a page is read with.
pub(super) fn page(
    mut page: QueryBuilder<Postgres>,
    listing: &Listing,
    along: Option<Along>,
) -> QueryBuilder<Postgres> {
    let passing_over = listing.offset > 0;
    // What is passed over is passed over in the index; only the page itself is fetched.
    page.push(match passing_over {
        true => "SELECT w.* FROM (SELECT w.workflow_id, w.created_at FROM ",
        false => "SELECT w.* FROM ",
    });
    filter(&mut page, listing, along);
    page.push(NEWEST_FIRST).push(" LIMIT ").push_bind(number(listing.limit));
    if passing_over {
        page.push(" OFFSET ").push_bind(number(listing.offset));
        page.push(") AS p JOIN orchestration_workflows AS w ON w.workflow_id = p.workflow_id");
        page.push(" ORDER BY p.created_at DESC, p.workflow_id DESC");
    }
    page
}

/// The statement that counts, so far as is counted.
pub(super) fn count(
    mut count: QueryBuilder<Postgres>,
    listing: &Listing,
    along: Option<Along>,
) -> QueryBuilder<Postgres> {
    count.push("SELECT count(*) FROM (SELECT 1 FROM ");
    filter(&mut count, &Listing { after: None, ..listing.clone() }, along);
    // In order, or it would read the table from its beginning until it has found enough.
    count.push(NEWEST_FIRST).push(" LIMIT ").push_bind(number(Page::COUNTED) + 1).push(") AS counted");
    count
}

/// The statement for the last workflow that is looked at, if there are so many.
pub(super) fn last_seen(
    mut last: QueryBuilder<Postgres>,
    listing: &Listing,
    along: Along,
) -> QueryBuilder<Postgres> {
    last.push("SELECT w.created_at, w.workflow_id FROM ");
    walk(&mut last, listing, along);
    last.push(" LIMIT 1 OFFSET ").push_bind(number(Page::LOOKED_AT) - 1);
    last
}

async fn end(
    connection: &mut PgConnection,
    listing: &Listing,
    along: Option<Along>,
) -> Result<Option<Position>, Failure> {
    let Some(along) = along else { return Ok(None) };
    let last: Option<PlaceColumns> =
        last_seen(start(), listing, along).build_query_as().fetch_optional(connection).await?;
    Ok(last.map(PlaceColumns::read).transpose()?)
}

const NEWEST_FIRST: &str = " ORDER BY w.created_at DESC, w.workflow_id DESC";

/// The workflows that are looked at where filters meet.
fn walk(query: &mut QueryBuilder<Postgres>, listing: &Listing, along: Along) {
    query.push("orchestration_workflows AS w WHERE w.tenant_id = ").push_bind(listing.tenant.clone());
    match along {
        Along::Step => equal(query, "current_step", listing.step.clone()),
        Along::System => equal(query, "current_system", listing.target_system.clone()),
        Along::Status => equal(query, "status", listing.status.map(|status| status.to_string())),
        Along::Type => equal(query, "workflow_type", listing.workflow_type.clone()),
    }
    within(query, listing);
    query.push(NEWEST_FIRST);
}

fn filter(query: &mut QueryBuilder<Postgres>, listing: &Listing, along: Option<Along>) {
    match (&listing.search_key, along) {
        // A key belongs to few workflows: they are looked up, whatever else is asked for.
        (Some(key), _) => {
            query.push("orchestration_keys AS k JOIN orchestration_workflows AS w");
            query
                .push(" ON w.workflow_id = k.workflow_id WHERE k.tenant_id = ")
                .push_bind(listing.tenant.clone());
            query.push(" AND k.search_key = ").push_bind(key.clone());
            equal(query, "tenant_id", Some(listing.tenant.clone()));
        }
        (None, Some(along)) => {
            query.push("(SELECT w.* FROM ");
            walk(query, listing, along);
            query.push(" LIMIT ").push_bind(number(Page::LOOKED_AT)).push(") AS w WHERE true");
        }
        (None, None) => {
            query.push("orchestration_workflows AS w WHERE w.tenant_id = ").push_bind(listing.tenant.clone());
        }
    }
    equal(query, "current_step", listing.step.clone());
    equal(query, "current_system", listing.target_system.clone());
    equal(query, "status", listing.status.map(|status| status.to_string()));
    equal(query, "workflow_type", listing.workflow_type.clone());
    within(query, listing);
}

fn equal(query: &mut QueryBuilder<Postgres>, column: &'static str, value: Option<String>) {
    if let Some(value) = value {
        query.push(" AND w.").push(column).push(" = ").push_bind(value);
    }
}

/// From when until when, and after which one.
fn within(query: &mut QueryBuilder<Postgres>, listing: &Listing) {
    if let Some(time) = listing.created_after {
        query.push(" AND w.created_at >= ").push_bind(time_text(time)).push("::timestamptz");
    }
    if let Some(time) = listing.created_before {
        query.push(" AND w.created_at < ").push_bind(time_text(time)).push("::timestamptz");
    }
    if let Some((time, id)) = &listing.after {
        query.push(" AND (w.created_at, w.workflow_id) < (").push_bind(time_text(*time));
        query.push("::timestamptz, ").push_bind(id.as_str().to_owned()).push(")");
    }
}
