//! HTTP/2 connections that a call can cut: an ordinary gRPC server always answers.

use std::convert::Infallible;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::{Shared, calls};

/// The connection on which a call came.
#[derive(Clone, Debug, Default)]
pub(super) struct Line(Arc<Notify>);

impl Line {
    /// Closes the connection, with all the calls on it.
    pub(super) fn cut(&self) {
        self.0.notify_one();
    }
}

/// Takes connections until the simulator stops.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        // An error here is a connection that went away before it was taken, or a lack of file handles.
        if let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            shared.tasks.spawn(connection(stream, shared.clone()));
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let line = Line::default();
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let (shared, line) = (shared.clone(), line.clone());
        async move { Ok::<_, Infallible>(calls::answer(shared, line, request).await) }
    });
    let served = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // A connection's end is no event here, whoever ended it.
        _ = served => {}
        () = line.0.notified() => {}
    }
}
