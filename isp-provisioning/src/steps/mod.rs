//! The seven steps, one file each, all of the same shape: what it makes, the step, its undo.

mod customer;
mod subscriber;
mod radius_account;
mod address;
mod onu;
mod cpe;
mod billing_service;
mod errors;
mod ids;

pub use address::{AllocatedAddress, allocate_ip};
pub use billing_service::{BillingService, create_billing_service};
pub use cpe::{ConfiguredCpe, configure_cpe};
pub use customer::{CustomerRef, create_customer};
pub use onu::{ActivatedOnu, activate_onu};
pub use radius_account::{RadiusAccountRef, create_radius_account};
pub use subscriber::{SubscriberRef, create_subscriber};
