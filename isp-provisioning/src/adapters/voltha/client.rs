//! VOLTHA's gRPC service as a client sees it: one method per call, a deadline on each.

use std::time::Duration;

use prost::Message;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

use super::wire::{Device, Devices, Id, Ports, Version};

/// `ListDevices` answers all devices in full, far beyond tonic's 4 MiB at a site of some thousand ONUs.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;

/// A client of `voltha.VolthaService`. Clones share the connection.
#[derive(Clone, Debug)]
pub struct VolthaClient {
    grpc: Grpc<Channel>,
    deadline: Duration,
}

impl VolthaClient {
    /// A client over this channel that waits `deadline` for each answer.
    pub fn new(channel: Channel, deadline: Duration) -> Self {
        Self { grpc: Grpc::new(channel).max_decoding_message_size(LONGEST_ANSWER), deadline }
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
        let mut grpc = self.grpc.clone();
        let mut request = Request::new(message);
        // The server learns the deadline too and need not go on for nobody.
        request.set_timeout(self.deadline);
        let answer = async {
            grpc.ready().await.map_err(|e| Status::from_error(e.into()))?;
            let codec = ProstCodec::<Q, A>::default();
            grpc.unary(request, PathAndQuery::from_static(path), codec).await
        };
        match tokio::time::timeout(self.deadline, answer).await {
            Ok(answer) => answer.map(tonic::Response::into_inner),
            Err(_) => Err(Status::deadline_exceeded(format!("no answer within {:?}", self.deadline))),
        }
    }
}
