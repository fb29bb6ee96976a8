//! The words of the business: what a caller may ask for, and which requests can be carried out.
//!
//! [`read`](read::read) turns a JSON body into a [`ValidRequest`], or into every fault that it has, each with
//! its field.

pub mod formats;
pub mod read;
pub mod request;
pub mod valid;
pub mod validate;

pub use request::ProvisionRequest;
pub use valid::{ConnectionType, ValidRequest};
pub use validate::{FieldError, validate};
