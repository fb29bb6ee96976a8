//! The calls: which path is which operation, what it does, and how a fault spoils it.

use std::io;
use std::sync::Arc;

use hyper::body::Incoming;
use prost::Message;
use tokio::sync::oneshot;
use tokio::time::sleep;
use tonic::body::Body;
use tonic::codegen::http::{Request, Response};
use tonic::server::Grpc;
use tonic::{Code, Status};
use tonic_prost::ProstCodec;

use super::connection::Line;
use super::world::{Event, Refused};
use super::{Shared, now};
use crate::adapters::voltha::wire::{Device, Devices, Id, Ports, Version};
use crate::simulators::{Fault, FaultMode};

/// Answers one call.
pub(super) async fn answer(shared: Arc<Shared>, line: Line, request: Request<Incoming>) -> Response<Body> {
    let call = Call { shared, line };
    match request.uri().path().strip_prefix("/voltha.VolthaService/").unwrap_or_default() {
        "GetVoltha" => call.unary("version", request, version).await,
        "ListDevices" => call.unary("list", request, list).await,
        "GetDevice" => call.unary("get", request, get).await,
        "ListDevicePorts" => call.unary("ports", request, ports).await,
        "CreateDevice" => call.unary("create", request, create).await,
        "EnableDevice" => call.unary("enable", request, enable).await,
        "DisableDevice" => call.unary("disable", request, disable).await,
        "DeleteDevice" => call.unary("delete", request, delete).await,
        // So does VOLTHA's core with calls that it has given up.
        "SelfTest" => Status::unknown("unimplemented").into_http(),
        _ => Status::unimplemented("Method not found!").into_http(),
    }
}

fn version(_: &Shared, (): ()) -> Result<Version, Status> {
    Ok(Version { version: "2.13-simulator".into() })
}

fn list(shared: &Shared, (): ()) -> Result<Devices, Status> {
    Ok(shared.world(|kept| kept.world().list(now())))
}

fn get(shared: &Shared, Id { id }: Id) -> Result<Device, Status> {
    shared.world(|kept| kept.world().get(&id, now())).ok_or_else(|| refusal(&Refused::Unknown, &id))
}

fn ports(shared: &Shared, Id { id }: Id) -> Result<Ports, Status> {
    shared.world(|kept| kept.world().ports(&id, now())).ok_or_else(|| refusal(&Refused::Unknown, &id))
}

fn create(shared: &Shared, device: Device) -> Result<Device, Status> {
    if device.mac_address.is_empty() && device.host_and_port.is_empty() {
        return Err(Status::invalid_argument("no-device-info-present; MAC or HOSTIP&PORT"));
    }
    shared.world(|kept| {
        let Device { serial_number: serial, host_and_port, mac_address, .. } = device;
        let before: Vec<String> = kept.world().devices.keys().cloned().collect();
        kept.commit(&Event::Created { serial, host_and_port, mac_address }).map_err(broken)?;
        let world = kept.world();
        let id = world.devices.keys().find(|id| before.binary_search(id).is_err());
        id.and_then(|id| world.get(id, now())).ok_or_else(|| Status::internal("the new device is gone"))
    })
}

fn enable(shared: &Shared, Id { id }: Id) -> Result<(), Status> {
    shared.world(|kept| {
        let at = now();
        kept.world().may_enable(&id, at).map_err(|refused| refusal(&refused, &id))?;
        kept.commit(&Event::Enabled { id, at }).map_err(broken)
    })
}

fn disable(shared: &Shared, Id { id }: Id) -> Result<(), Status> {
    shared.world(|kept| {
        let changes = kept.world().may_disable(&id).map_err(|refused| refusal(&refused, &id))?;
        if changes { kept.commit(&Event::Disabled { id }).map_err(broken) } else { Ok(()) }
    })
}

fn delete(shared: &Shared, Id { id }: Id) -> Result<(), Status> {
    shared.world(|kept| {
        if !kept.world().devices.contains_key(&id) {
            return Err(refusal(&Refused::Unknown, &id));
        }
        kept.commit(&Event::Deleted { id }).map_err(broken)
    })
}

fn refusal(refused: &Refused, id: &str) -> Status {
    match refused {
        Refused::Unknown => Status::not_found(id),
        Refused::AlreadyEnabled => {
            Status::failed_precondition(format!("cannot-enable-an-already-enabled-device: {id}"))
        }
        Refused::Preprovisioned => {
            Status::failed_precondition(format!("deviceId:{id}, invalid-admin-state:PREPROVISIONED"))
        }
    }
}

fn broken(error: io::Error) -> Status {
    Status::internal(format!("the journal cannot be written: {error}"))
}

#[derive(Clone)]
struct Call {
    shared: Arc<Shared>,
    line: Line,
}

impl Call {
    async fn unary<Q, A>(
        self,
        op: &'static str,
        request: Request<Incoming>,
        effect: fn(&Shared, Q) -> Result<A, Status>,
    ) -> Response<Body>
    where
        Q: Message + Default + Send + 'static,
        A: Message + Default + Send + 'static,
    {
        let service = tower::service_fn(move |request: tonic::Request<Q>| {
            let call = self.clone();
            async move {
                let (answer, answered) = oneshot::channel();
                let tasks = call.shared.tasks.clone();
                // A server that was told to do something does it, also when the caller has gone.
                tasks.spawn(async move {
                    match call.perform(op, request.into_inner(), effect).await {
                        Some(said) => drop(answer.send(said)),
                        None => call.hang_up(answer).await,
                    }
                });
                let stopped = |_| Status::unavailable("the simulator was stopped");
                answered.await.map_err(stopped)?.map(tonic::Response::new)
            }
        });
        Grpc::new(ProstCodec::<A, Q>::default()).unary(service, request).await
    }

    /// Does `effect` as the next fault wants it; without one, at once. `None` is no answer at all.
    async fn perform<Q: Send + 'static, A: 'static>(
        &self,
        op: &str,
        message: Q,
        effect: fn(&Shared, Q) -> Result<A, Status>,
    ) -> Option<Result<A, Status>> {
        let Some(fault) = self.shared.faults.take(op) else { return Some(effect(&self.shared, message)) };
        match fault.mode {
            FaultMode::Refuse => return Some(Err(injected(&fault))),
            FaultMode::Delay => {
                sleep(fault.duration()).await;
                return Some(effect(&self.shared, message));
            }
            FaultMode::HoldAnswer => {
                // Whatever it answered, nobody is to hear it.
                let _ = effect(&self.shared, message);
                sleep(fault.duration()).await;
            }
            FaultMode::DropAnswer => {
                let _ = effect(&self.shared, message);
            }
            FaultMode::Hang => sleep(fault.duration()).await,
            FaultMode::Late => {
                let shared = self.shared.clone();
                self.shared.tasks.spawn(async move {
                    sleep(fault.duration()).await;
                    let _ = effect(&shared, message);
                });
            }
        }
        None
    }

    /// Closes the connection, unless the caller has given the call up: others may use it by now.
    async fn hang_up<A>(&self, answer: oneshot::Sender<A>) {
        if !answer.is_closed() {
            self.line.cut();
        }
        // Dropped, it would be an answer.
        let _answer = answer;
        std::future::pending().await
    }
}

/// What a refusal says: for the codes that the core uses, in its words. The default is a definite no.
fn injected(fault: &Fault) -> Status {
    let code = Code::from_i32(i32::from(fault.status.unwrap_or(3)));
    let text = match code {
        Code::FailedPrecondition => {
            "cannot complete operation as device deletion is in progress or reconciling is in progress/failed"
        }
        Code::Unavailable => "adapter-connection-down-for-brcm_openomci_onu",
        _ => "injected by the simulator",
    };
    Status::new(code, text)
}
