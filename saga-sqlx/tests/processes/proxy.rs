//! The wire between the workers and the database, and what can happen to it.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};

/// Where a wire is cut, seen from a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The server never sees the request.
    Before,
    /// The server has done what was asked, and its answer is lost.
    After,
}

#[derive(Default)]
struct Plan {
    /// Of so many requests one is cut; 0: none.
    one_in: u32,
    random: fastrand::Rng,
    /// The connection on which this text is seen is frozen at so many requests after it.
    freeze: Option<Freeze>,
    /// Somebody is frozen.
    frozen: bool,
    /// What is frozen goes on when it is let go.
    goes_on: bool,
    /// And what it asked has been answered.
    answered: bool,
}

struct Freeze {
    marker: &'static str,
    request: u32,
    at: Cut,
}

/// A connection: both ends.
struct Wire {
    client: TcpStream,
    server: TcpStream,
    /// Nothing comes through any more.
    swallows: AtomicBool,
    /// What becomes of the next answer.
    next: Mutex<Next>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Passes,
    IsLost,
    IsFrozen,
    /// It passes, and somebody waits for it.
    IsAwaited,
}

impl Wire {
    fn cut(&self) {
        let _ = (self.client.shutdown(Shutdown::Both), self.server.shutdown(Shutdown::Both));
    }
}

#[derive(Default)]
struct Shared {
    target: AtomicU16,
    plan: Mutex<Plan>,
    changed: Condvar,
    open: Mutex<Vec<Arc<Wire>>>,
    cuts: AtomicU32,
    commits: AtomicU32,
    ended: AtomicBool,
}

impl Shared {
    fn connect(self: &Arc<Self>, client: TcpStream) {
        // Nobody there: whoever asked is told by the end of the connection.
        let Ok(server) = TcpStream::connect(("127.0.0.1", self.target.load(Ordering::Acquire))) else {
            return;
        };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let (swallows, next) = (AtomicBool::new(false), Mutex::new(Next::Passes));
        let wire = Arc::new(Wire { client, server, swallows, next });
        self.open.lock().unwrap().push(Arc::clone(&wire));
        let (own, same) = (Arc::clone(self), Arc::clone(&wire));
        std::thread::spawn(move || own.requests(&same));
        let own = Arc::clone(self);
        std::thread::spawn(move || own.answers(&wire));
    }

    fn requests(&self, wire: &Arc<Wire>) {
        let mut bytes = vec![0; 1 << 16];
        let mut since_marker = None;
        while let Ok(n @ 1..) = (&wire.client).read(&mut bytes) {
            if wire.swallows.load(Ordering::Acquire) {
                continue;
            }
            let request = &bytes[..n];
            let fate = self.fate(request, &mut since_marker);
            *wire.next.lock().unwrap() = match fate {
                None => Next::Passes,
                Some((Cut::Before, Next::IsFrozen)) => {
                    if !self.stand_still() {
                        break;
                    }
                    Next::IsAwaited
                }
                Some((Cut::Before, _)) => break,
                Some((Cut::After, next)) => next,
            };
            if (&wire.server).write_all(request).is_err() {
                break;
            }
        }
        wire.cut();
        self.open.lock().unwrap().retain(|other| !Arc::ptr_eq(other, wire));
    }

    fn answers(&self, wire: &Wire) {
        let mut bytes = vec![0; 1 << 16];
        while let Ok(n @ 1..) = (&wire.server).read(&mut bytes) {
            if wire.swallows.load(Ordering::Acquire) {
                continue;
            }
            let next = *wire.next.lock().unwrap();
            if next == Next::IsFrozen {
                // What it has answered is lost in any case.
                let _ = self.stand_still();
            }
            if next == Next::IsAwaited {
                self.plan.lock().unwrap().answered = true;
            }
            let passes = matches!(next, Next::Passes | Next::IsAwaited);
            if !passes || (&wire.client).write_all(&bytes[..n]).is_err() {
                break;
            }
        }
        wire.cut();
    }

    /// What becomes of a request, if not what it wants.
    fn fate(&self, request: &[u8], since_marker: &mut Option<u32>) -> Option<(Cut, Next)> {
        let contains = |text: &str| request.windows(text.len()).any(|part| part == text.as_bytes());
        let mut plan = self.plan.lock().unwrap();
        if let Some(freeze) = &plan.freeze {
            *since_marker = match *since_marker {
                Some(n) => Some(n + 1),
                None => contains(freeze.marker).then_some(0),
            };
            return (*since_marker == Some(freeze.request)).then_some((freeze.at, Next::IsFrozen));
        }
        let one_in = plan.one_in;
        if one_in == 0 || plan.random.u32(..one_in) > 0 {
            return None;
        }
        self.cuts.fetch_add(1, Ordering::AcqRel);
        self.commits.fetch_add(u32::from(contains("COMMIT")), Ordering::AcqRel);
        Some((if plan.random.bool() { Cut::Before } else { Cut::After }, Next::IsLost))
    }

    /// Until somebody thaws it. Does it go on then?
    fn stand_still(&self) -> bool {
        let mut plan = self.plan.lock().unwrap();
        plan.frozen = true;
        self.changed.wait_while(plan, |plan| plan.frozen).unwrap().goes_on
    }
}

/// A proxy; its connections end with it.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    shared: Arc<Shared>,
}

impl Proxy {
    pub(crate) fn new(target: u16, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared { target: AtomicU16::new(target), ..Shared::default() });
        shared.plan.lock().unwrap().random = fastrand::Rng::with_seed(seed);
        let own = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                if own.ended.load(Ordering::Acquire) {
                    return;
                }
                if let Ok(client) = client {
                    own.connect(client);
                }
            }
        });
        Self { port, shared }
    }

    /// Who comes from now on, and who comes back, gets to this one.
    pub(crate) fn lead_to(&self, port: u16) {
        self.shared.target.store(port, Ordering::Release);
        self.cut_all();
    }

    pub(crate) fn cut_all(&self) {
        for wire in self.shared.open.lock().unwrap().drain(..) {
            wire.cut();
        }
    }

    /// From now on one in so many requests is cut, half of them when the server has done what was asked.
    pub(crate) fn cut_one_in(&self, requests: u32) {
        self.shared.plan.lock().unwrap().one_in = requests;
    }

    /// How many were cut, and how many of them were a COMMIT.
    pub(crate) fn cuts(&self) -> (u32, u32) {
        (self.shared.cuts.load(Ordering::Acquire), self.shared.commits.load(Ordering::Acquire))
    }

    /// What is open now stays so, and nothing comes through any more. What is opened later is as good as ever.
    pub(crate) fn swallow_all(&self) {
        for wire in self.shared.open.lock().unwrap().drain(..) {
            wire.swallows.store(true, Ordering::Release);
        }
    }

    /// The connection on which the marker is seen stands still at that many requests after it.
    pub(crate) fn freeze(&self, marker: &'static str, request: u32, at: Cut) {
        let mut plan = self.shared.plan.lock().unwrap();
        (plan.frozen, plan.answered) = (false, false);
        plan.freeze = Some(Freeze { marker, request, at });
    }

    /// Nobody else is frozen.
    pub(crate) fn freeze_no_more(&self) {
        self.shared.plan.lock().unwrap().freeze = None;
    }

    /// Is somebody frozen by now?
    pub(crate) fn is_frozen(&self) -> bool {
        self.shared.plan.lock().unwrap().frozen
    }

    /// Has the server done what was frozen, and went on?
    pub(crate) fn is_answered(&self) -> bool {
        self.shared.plan.lock().unwrap().answered
    }

    /// Lets go of what is frozen: its connection ends.
    pub(crate) fn thaw(&self) {
        self.let_go(false);
    }

    /// Lets go of what is frozen, as if nothing had been.
    pub(crate) fn go_on(&self) {
        self.let_go(true);
    }

    fn let_go(&self, goes_on: bool) {
        let mut plan = self.shared.plan.lock().unwrap();
        (plan.freeze, plan.frozen, plan.goes_on) = (None, false, goes_on);
        self.shared.changed.notify_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
        self.thaw();
        self.cut_all();
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}
