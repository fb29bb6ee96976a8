//! Serves a simulator over HTTP/1 in a way that an ordinary server does not offer: a handler can close the
//! connection without an answer, and an operation goes on when its caller has hung up.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tower::ServiceExt;

/// A running simulator. Dropping it stops it.
#[derive(Debug)]
pub struct Simulator {
    /// Where it listens; with port 0 asked for, the port that it got.
    pub addr: SocketAddr,
    tasks: Tasks,
    listening: JoinHandle<()>,
}

impl Simulator {
    /// Listens on `addr` and serves `router`; `tasks` are what its operations leave to be done later.
    pub async fn serve(addr: SocketAddr, router: Router, tasks: Tasks) -> io::Result<Self> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let listening = tasks.spawn(accept(listener, router, tasks.clone()));
        Ok(Self { addr, tasks, listening })
    }
    /// `http://address:port`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
    /// Closes the port and all connections. What was to be done later is not done.
    pub async fn stop(mut self) {
        self.tasks.stop();
        // The port is free only when the accepting task has gone; that it was aborted is no news.
        let _ = (&mut self.listening).await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

/// The tasks of one simulator: connections, operations, late effects. They end together.
#[derive(Clone, Debug)]
pub struct Tasks(Arc<watch::Sender<bool>>);

impl Default for Tasks {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Tasks {
    /// Runs `work` until it is done or the simulator stops.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        let mut stopped = self.0.subscribe();
        tokio::spawn(async move {
            tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => {}
                () = work => {}
            }
        })
    }
    /// Ends them all.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

/// An answer that is none: the server closes the connection instead.
pub fn hang_up() -> Response {
    let mut response = StatusCode::IM_A_TEAPOT.into_response();
    response.extensions_mut().insert(HangUp);
    response
}

#[derive(Clone, Debug, thiserror::Error)]
#[error("the simulator hangs up")]
struct HangUp;

async fn accept(listener: TcpListener, router: Router, tasks: Tasks) {
    loop {
        // An error here is a connection that went away before it was taken, or a lack of file handles.
        if let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            tasks.spawn(connection(stream, router.clone(), tasks.clone()));
        }
    }
}

async fn connection(stream: TcpStream, router: Router, tasks: Tasks) {
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let (router, tasks) = (router.clone(), tasks.clone());
        async move {
            // hyper drops what it serves when the caller hangs up; a real server finishes what it began.
            let (answer, answered) = tokio::sync::oneshot::channel();
            tasks.spawn(async move {
                let Ok(response) = router.oneshot(request).await;
                let _ = answer.send(response);
            });
            let response = answered.await.map_err(|_| HangUp)?;
            if response.extensions().get::<HangUp>().is_some() { Err(HangUp) } else { Ok(response) }
        }
    });
    // A connection's end is no event here, whoever ended it.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
