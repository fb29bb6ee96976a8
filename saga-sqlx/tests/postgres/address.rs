//! Where the database is, whether it is the one that was meant, and what is said when it is not.

use saga::store::{Store, StoreError};
use saga_sqlx::{PgOptions, PgStore};
use sqlx::postgres::PgPoolOptions;

use crate::kit::{Home, url};

/// Why it cannot be opened.
async fn refusal(url: &str, options: PgOptions) -> String {
    match PgStore::connect(url, options).await.map(drop) {
        Err(StoreError::Configuration(words)) => words,
        other => panic!("a configuration error was expected, not {other:?}"),
    }
}

/// The server's address with these parameters instead of its own.
fn with(parameters: &str) -> String {
    let url = url();
    format!("{}?{parameters}", url.split_once('?').map_or(url.as_str(), |(address, _)| address))
}

fn authority(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable}: run scripts/test postgres"))
}

#[tokio::test]
async fn a_server_whose_certificate_is_verified_in_full_is_spoken_to_over_tls() {
    let home = Home::new();
    let verified = with(&format!("sslmode=verify-full&sslrootcert={}", authority("DATABASE_CA")));
    let store = PgStore::connect(&verified, home.options()).await.unwrap();
    let encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert!(sqlx::query_scalar::<_, bool>(encrypted).fetch_one(store.pool()).await.unwrap());
    assert_eq!(store.statistics("default").await.unwrap().total(), 0);
    store.close().await;
    home.remove().await;
}

#[tokio::test]
async fn a_certificate_of_somebody_elses_or_for_another_name_is_refused() {
    let home = Home::new();
    let foreign = with(&format!("sslmode=verify-full&sslrootcert={}", authority("DATABASE_OTHER_CA")));
    let words = refusal(&foreign, home.options()).await;
    assert!(words.contains("the database cannot be opened") && words.contains("certificate"), "{words}");
    let named = with(&format!("sslmode=verify-full&sslrootcert={}", authority("DATABASE_CA")));
    let named = named.replace("127.0.0.1", "localhost");
    let words = refusal(&named, home.options()).await;
    assert!(words.contains("certificate"), "{words}");
}

#[tokio::test]
async fn no_refusal_names_the_password() {
    let home = Home::new();
    let url = url();
    let (before, host) = url.rsplit_once('@').unwrap();
    let user = before.rsplit_once(':').unwrap().0;
    let secret = "hunter-two";
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    for (address, why) in [
        (format!("{user}:{secret}@{host}"), "password"),
        (format!("{user}:{secret}@127.0.0.1:{port}/saga?sslmode=disable"), "opened"),
        (format!("{user}:{secret}@127.0.0.1:none/saga"), "the database's address"),
        (format!("{user}:{secret}@{}", host.replace("/saga", "/nowhere")), "does not exist"),
        (format!("mysql://a:{secret}@{host}"), "the database's address"),
    ] {
        // The password is asked for before the name of the database is looked at.
        let address = if why == "does not exist" { address.replace(secret, "pgpass") } else { address };
        let words = refusal(&address, home.options()).await;
        assert!(words.contains(why) && !words.contains(secret) && !words.contains("pgpass"), "{words}");
    }
}

#[tokio::test]
async fn a_pool_of_the_users_own_decides_where_the_tables_are() {
    let home = Home::new();
    // The schema is the user's too.
    home.open().await.close().await;
    let path = home.options().schema.unwrap();
    let pool = PgPoolOptions::new().max_connections(4).after_connect(move |connection, _| {
        let path = path.clone();
        Box::pin(async move {
            let set = "SELECT set_config('search_path', $1, false)";
            sqlx::query(set).bind(path).execute(connection).await?;
            Ok(())
        })
    });
    let pool = pool.connect(&url()).await.unwrap();
    let store = PgStore::with_pool(pool.clone()).await.unwrap();
    let lease = std::time::Duration::from_secs(10);
    let join = saga::store::Join { name: "pool".into(), definitions: vec![], plans: vec![], lease };
    let worker = store.join(join).await.unwrap().worker;
    // The connection for heartbeats, which is not of the pool, finds the same tables.
    store.beat(worker).await.unwrap();
    let joined = "SELECT count(*) FROM orchestration_workers";
    let mut foreign = home.foreign().await;
    assert_eq!(sqlx::query_scalar::<_, i64>(joined).fetch_one(&mut foreign).await.unwrap(), 1);
    store.close().await;
    assert!(pool.is_closed());
    home.remove().await;
}
