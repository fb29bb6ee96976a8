//! HTTP/1 for callers who cannot be trusted: each part of a request has to come in time, heads have an end, and
//! there is room for so many connections and no more.

use std::io;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::patience::PatientStream;

/// The longest head of a request, in bytes, and how many headers it may have.
const HEAD: (usize, usize) = (16 * 1024, 64);
/// How many callers at once are told that there is no room. Beyond that they are hung up on.
const TOLD: usize = 64;
/// The answer to them.
const NO_ROOM: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\n\
    retry-after: 1\r\nconnection: close\r\ncontent-length: 122\r\n\r\n\
    {\"type\":\"about:blank\",\"title\":\"Not available\",\"status\":503,\
    \"detail\":\"too many connections at the moment; try again later\"}";

/// What callers may use up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// How many connections there are at once.
    pub(super) connections: usize,
    /// How long a head may take to come, and a part of an answer to be taken.
    pub(super) patience: Duration,
}

/// Serves until `hung_up` resolves, then lets answers end that are under way.
pub(super) async fn serve(
    listener: TcpListener,
    app: Router,
    limits: Limits,
    mut hung_up: oneshot::Receiver<()>,
) {
    let mut connections = JoinSet::new();
    let (stop, stopping) = watch::channel(false);
    loop {
        let accepted = tokio::select! {
            biased;
            // Also when the sender is gone.
            _ = &mut hung_up => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) if connections.len() < limits.connections => {
                connections.spawn(connection(stream, app.clone(), limits.patience, stopping.clone()));
            }
            Ok((stream, _)) if connections.len() < limits.connections + TOLD => {
                connections.spawn(async move {
                    // Whoever does not listen is not told.
                    let _ = tokio::time::timeout(Duration::from_secs(1), refuse(stream)).await;
                });
            }
            Ok(_) => {}
            // A caller who went away again, or a lack of file handles, which passes when connections end.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    stop.send_replace(true);
    while connections.join_next().await.is_some() {}
}

async fn connection(stream: TcpStream, app: Router, patience: Duration, mut stopping: watch::Receiver<bool>) {
    // It is slower without, and right all the same.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| app.clone().oneshot(request));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience).max_buf_size(HEAD.0).max_headers(HEAD.1);
    let mut connection =
        pin!(http.serve_connection(TokioIo::new(PatientStream::new(stream, patience)), service));
    tokio::select! {
        // Its end is no event, whoever ended it.
        _ = connection.as_mut() => return,
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

/// Says that there is no room. What the caller has sent is read, since closing upon it would lose the answer.
async fn refuse(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(NO_ROOM).await?;
    stream.shutdown().await?;
    let mut unread = [0; 1024];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_is_a_whole_answer() {
        let text = std::str::from_utf8(NO_ROOM).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with(&format!("content-length: {}", body.len())), "{head}, {} bytes", body.len());
        let problem: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(problem["status"], 503);
    }
}
