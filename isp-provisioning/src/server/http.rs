//! HTTP/1 for callers who cannot be trusted: each part of a request has to come in time, heads have an end, and
//! there is room for so many connections and no more.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::patience::PatientStream;
use super::refusal::{self, TellingStream};

/// The longest head of a request, in bytes, and how many headers it may have.
const HEAD: (usize, usize) = (16 * 1024, 64);
/// How many callers at once are told that there is no room. Beyond that they are hung up on.
const TOLD: usize = 64;
/// How long whoever was refused may go on sending.
const LINGER: Duration = Duration::from_secs(1);
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
                    let _ = tokio::time::timeout(LINGER, refuse(stream)).await;
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
    let stream = TellingStream::new(PatientStream::new(stream, patience));
    let mut connection = http.serve_connection(TokioIo::new(stream), service);
    let ended = tokio::select! {
        ended = &mut connection => Some(ended),
        _ = stopping.wait_for(|stopping| *stopping) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        }
    };
    // An end is no event, whoever ended it; but who was refused while still sending has to get the answer.
    if ended.is_err_and(|error| error.is_parse()) {
        let stream = connection.into_parts().io.into_inner().into_inner();
        let _ = tokio::time::timeout(LINGER, hang_up(stream)).await;
    }
}

/// Closes after what the caller still sends has been read: closing upon it would lose the answer.
async fn hang_up(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    stream.shutdown().await?;
    let mut unread = [0; 4096];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}

/// Says that there is no room.
async fn refuse(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(&refusal::no_room()).await?;
    hang_up(stream).await
}
