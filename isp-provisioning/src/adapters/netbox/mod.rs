//! Addresses out of NetBox. The custom field `provisioning_ref`, unique there, makes allocation repeatable:
//! a second request with the same reference is refused, and the first one's address is looked up.
//!
//! NetBox ignores filters that it does not know and then answers every address. So nothing that a look-up
//! answers is believed before its reference has been compared here.

mod check;
mod settings;
mod wire;

use std::net::Ipv4Addr;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use reqwest::{Client, Method, RequestBuilder, StatusCode};

use super::http::{self, Call, Effect, Reply};
use crate::ports::{AddressPool, ErrorClass, IpAllocation, PortError, PortResult};
pub use settings::NetboxSettings;
use wire::{Address, NewAddress, Page, Pool, Prefix};

/// NetBox allows this many characters in a description.
const DESCRIPTION: usize = 200;

/// One prefix of a NetBox, as a pool of addresses.
#[derive(Debug)]
pub struct Netbox {
    settings: NetboxSettings,
    client: Client,
    /// The prefix, once it was found. Its VLAN is taken as constant while this process runs.
    pool: Mutex<Option<Pool>>,
}

impl Netbox {
    /// An adapter for the prefix that the settings name. Nothing is called yet; see [`Netbox::check`].
    pub fn new(settings: NetboxSettings) -> PortResult<Self> {
        settings.validate()?;
        let client = http::client(settings.timeout(), settings.connect_timeout())?;
        Ok(Self { settings, client, pool: Mutex::new(None) })
    }

    /// The pool's place in NetBox: looked up once, and again after NetBox said that it is gone.
    async fn pool(&self) -> PortResult<Pool> {
        if let Some(known) = *self.known_pool() {
            return Ok(known);
        }
        let call = Call::new("netbox", "look up the prefix", Effect::None);
        let request = self.request(Method::GET, "ipam/prefixes/");
        let query = [("prefix", self.settings.prefix.as_str()), ("fields", "id,prefix,vlan")];
        let page: Page<Prefix> = expect(call.send(request.query(&query)).await?, StatusCode::OK)?.json()?;
        let mut found = page.results.iter().filter(|prefix| prefix.prefix == self.settings.prefix);
        let pool = match (found.next(), found.next()) {
            (Some(prefix), None) => Pool::from(prefix),
            (None, _) => return Err(self.misconfigured("is not there: create it, or name another one")),
            (Some(_), Some(_)) => return Err(self.misconfigured("is there more than once")),
        };
        *self.known_pool() = Some(pool);
        Ok(pool)
    }

    /// The address marked with the reference; compared, never believed.
    async fn look_up(&self, reference: &str) -> PortResult<Option<Address>> {
        let call = Call::new("netbox", "look up an address", Effect::None);
        let request = self.request(Method::GET, "ipam/ip-addresses/");
        let query =
            [("cf_provisioning_ref", reference), ("fields", "id,address,custom_fields"), ("limit", "2")];
        let page: Page<Address> = expect(call.send(request.query(&query)).await?, StatusCode::OK)?.json()?;
        match page.results.into_iter().next() {
            None => Ok(None),
            Some(address) if page.count == 1 && address.reference() == Some(reference) => Ok(Some(address)),
            Some(_) => Err(PortError::configuration(format!(
                "netbox: the look-up of {reference} answered {} addresses that need not be ours: \
                 the custom field provisioning_ref has to exist, be unique and have an exact filter",
                page.count
            ))),
        }
    }

    /// After a refusal: is there an address of ours, from an earlier request whose answer was lost?
    async fn ours_or(&self, reference: &str, refusal: PortError) -> PortResult<Address> {
        match self.look_up(reference).await {
            Ok(Some(address)) => Ok(address),
            Ok(None) => Err(refusal),
            // Not knowing what is there, we cannot claim that nothing is.
            Err(unknown) => Err(PortError { class: ErrorClass::Ambiguous, ..unknown }),
        }
    }

    async fn send_allocation(
        &self,
        pool: Pool,
        reference: &str,
        wished: Option<Ipv4Addr>,
        description: &str,
    ) -> PortResult<Reply> {
        let description = description.chars().take(DESCRIPTION).collect();
        let (path, address) = match wished {
            None => (format!("ipam/prefixes/{}/available-ips/", pool.id), None),
            Some(wished) => {
                ("ipam/ip-addresses/".into(), Some(format!("{wished}/{}", self.settings.bits()?)))
            }
        };
        let body = NewAddress::new(reference, address, description);
        let call = Call::new("netbox", "allocate an address", Effect::Possible);
        call.send(self.request(Method::POST, &path).json(&body)).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/api/{path}", self.settings.url.trim_end_matches('/'));
        self.client
            .request(method, url)
            .header("Authorization", self.settings.authorization())
            .header("Accept", "application/json")
    }

    fn known_pool(&self) -> std::sync::MutexGuard<'_, Option<Pool>> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn misconfigured(&self, reason: &str) -> PortError {
        PortError::configuration(format!("netbox: the prefix {} {reason}", self.settings.prefix))
    }
}

#[async_trait]
impl AddressPool for Netbox {
    async fn allocate(
        &self,
        reference: &str,
        wished: Option<&str>,
        description: &str,
    ) -> PortResult<IpAllocation> {
        let pool = self.pool().await?;
        let wished = wished.map(|text| self.settings.wished(text)).transpose()?;
        let reply = self.send_allocation(pool, reference, wished, description).await?;
        let address = match reply.status {
            StatusCode::CREATED => reply.json()?,
            // Also 409: the last address of the pool may have gone to our own lost request, and NetBox looks
            // for room before it looks at references.
            StatusCode::BAD_REQUEST if reply.says("must have a unique value") => {
                let gone = "netbox: allocate an address: the reference is taken, but by no address";
                self.ours_or(reference, PortError::transient(gone)).await?
            }
            // Not this subscriber's fault, and no address carries a reference.
            StatusCode::BAD_REQUEST if reply.says("does not exist for this object type") => {
                return Err(PortError { class: ErrorClass::Configuration, ..reply.refused() });
            }
            StatusCode::BAD_REQUEST | StatusCode::CONFLICT => {
                self.ours_or(reference, reply.refused()).await?
            }
            StatusCode::NOT_FOUND => {
                *self.known_pool() = None;
                return Err(reply.refused());
            }
            _ => return Err(reply.refused()),
        };
        address.allocation(pool)
    }

    async fn find(&self, reference: &str) -> PortResult<Option<IpAllocation>> {
        let pool = self.pool().await?;
        self.look_up(reference).await?.map(|address| address.allocation(pool)).transpose()
    }

    async fn release(&self, reference: &str) -> PortResult<()> {
        let Some(address) = self.look_up(reference).await? else { return Ok(()) };
        let call = Call::new("netbox", "release an address", Effect::Possible);
        let reply =
            call.send(self.request(Method::DELETE, &format!("ipam/ip-addresses/{}/", address.id))).await?;
        match reply.status {
            StatusCode::NO_CONTENT => Ok(()),
            StatusCode::NOT_FOUND if reply.says("No IPAddress matches") => Ok(()),
            _ => Err(reply.refused()),
        }
    }
}

fn expect(reply: Reply, status: StatusCode) -> PortResult<Reply> {
    if reply.status == status { Ok(reply) } else { Err(reply.refused()) }
}
