//! VOLTHA's gRPC service as a client sees it: one method per call, a deadline on each.

use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prost::Message;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status, TimeoutExpired};
use tonic_prost::ProstCodec;

use super::wire::{Device, Devices, Id, Ports, Version};

/// `ListDevices` answers all devices in full, far beyond tonic's 4 MiB at a site of some thousand ONUs.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;

/// A client of `voltha.VolthaService`. Clones share the connection.
#[derive(Clone, Debug)]
pub struct VolthaClient {
    endpoint: Endpoint,
    line: Arc<Mutex<Line>>,
    deadline: Duration,
}

/// The connection in use, and how many there were before it.
#[derive(Clone, Debug)]
struct Line {
    number: u64,
    channel: Channel,
}

impl VolthaClient {
    /// A client that waits `deadline` for each answer. It connects with the first call. To be called inside a
    /// tokio runtime.
    pub fn new(endpoint: Endpoint, deadline: Duration) -> Self {
        let line = Line { number: 0, channel: endpoint.connect_lazy() };
        Self { endpoint, line: Arc::new(Mutex::new(line)), deadline }
    }
    /// The version; also a sign of life.
    pub async fn get_voltha(&self) -> Result<Version, Status> {
        self.call("/voltha.VolthaService/GetVoltha", ()).await
    }
    /// All devices.
    pub async fn list_devices(&self) -> Result<Devices, Status> {
        self.call("/voltha.VolthaService/ListDevices", ()).await
    }
    /// One device.
    pub async fn get_device(&self, id: &str) -> Result<Device, Status> {
        self.call("/voltha.VolthaService/GetDevice", Id { id: id.to_owned() }).await
    }
    /// A device's ports.
    pub async fn list_device_ports(&self, id: &str) -> Result<Ports, Status> {
        self.call("/voltha.VolthaService/ListDevicePorts", Id { id: id.to_owned() }).await
    }
    /// Switches a device on. The answer comes before the device is up.
    pub async fn enable_device(&self, id: &str) -> Result<(), Status> {
        self.call("/voltha.VolthaService/EnableDevice", Id { id: id.to_owned() }).await
    }
    /// Switches a device off.
    pub async fn disable_device(&self, id: &str) -> Result<(), Status> {
        self.call("/voltha.VolthaService/DisableDevice", Id { id: id.to_owned() }).await
    }
    /// Forgets a device.
    pub async fn delete_device(&self, id: &str) -> Result<(), Status> {
        self.call("/voltha.VolthaService/DeleteDevice", Id { id: id.to_owned() }).await
    }

    /// Any unary call, by its path.
    pub async fn call<Q, A>(&self, path: &'static str, message: Q) -> Result<A, Status>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let Line { number, channel } = self.line().clone();
        let mut grpc = Grpc::new(channel).max_decoding_message_size(LONGEST_ANSWER);
        let mut request = Request::new(message);
        // The server learns the deadline too and need not go on for nobody.
        request.set_timeout(self.deadline);
        let answer = async {
            grpc.ready().await.map_err(|e| Status::from_error(e.into()))?;
            let codec = ProstCodec::<Q, A>::default();
            grpc.unary(request, PathAndQuery::from_static(path), codec).await
        };
        // tonic keeps an eye on the request's time-out as well; either may be first.
        match tokio::time::timeout(self.deadline, answer).await {
            Ok(Ok(answer)) => Ok(answer.into_inner()),
            Ok(Err(status)) if !caused_by::<TimeoutExpired>(&status) => Err(status),
            _ => {
                self.reconnect(number);
                Err(Status::deadline_exceeded(format!("no answer within {:?}", self.deadline)))
            }
        }
    }

    /// Takes another connection for the calls to come. A peer that vanished without a word leaves one behind
    /// that looks alive for a quarter of an hour; other calls on it may go on.
    fn reconnect(&self, silent: u64) {
        let mut line = self.line();
        if line.number == silent {
            *line = Line { number: silent + 1, channel: self.endpoint.connect_lazy() };
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Is there an error of this kind behind the status?
pub(super) fn caused_by<E: Error + 'static>(status: &Status) -> bool {
    let mut cause = status.source();
    while let Some(error) = cause {
        if error.is::<E>() {
            return true;
        }
        cause = error.source();
    }
    false
}
