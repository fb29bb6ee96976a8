//! A SQLite file as statements, and back.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Row};

async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap()
}

/// The whole file as statements: tables, rows (those of one may name those of another), and then what watches over them.
pub(crate) async fn dump(path: &Path) -> String {
    let mut file = raw(path).await;
    sqlx::raw_sql("BEGIN").execute(&mut file).await.unwrap();
    let things =
        "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'
      ORDER BY type <> 'table', name";
    let things: Vec<(String, String, String)> = sqlx::query_as(things).fetch_all(&mut file).await.unwrap();
    let (mut tables, mut rows, mut rest) = (String::new(), String::new(), String::new());
    for (kind, name, sql) in things {
        if kind != "table" {
            rest += &format!("{sql};\n");
            continue;
        }
        tables += &format!("{sql};\n");
        let columns = "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0 ORDER BY cid";
        let columns: Vec<String> =
            sqlx::query_scalar(columns).bind(&name).fetch_all(&mut file).await.unwrap();
        let quoted = columns.iter().map(|c| format!("quote({c})")).collect::<Vec<_>>().join(" || ', ' || ");
        let text = sqlx::AssertSqlSafe(format!("SELECT {quoted} AS line FROM {name}"));
        let mut lines: Vec<String> =
            sqlx::query(text).fetch_all(&mut file).await.unwrap().iter().map(|row| row.get("line")).collect();
        lines.sort();
        for line in lines {
            rows += &format!("INSERT INTO {name} ({}) VALUES ({line});\n", columns.join(", "));
        }
    }
    format!("BEGIN;\nPRAGMA defer_foreign_keys = ON;\n{tables}{rows}{rest}COMMIT;\n")
}

pub(crate) async fn load(sql: &str, path: &Path) {
    let mut file = raw(path).await;
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut file).await.unwrap();
}

/// The tables that they make, and what watches over them.
pub(crate) async fn schema(sql: &str) -> Vec<String> {
    let mut file = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut file).await.unwrap();
    let things = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name";
    sqlx::query_scalar(things).fetch_all(&mut file).await.unwrap()
}
