//! The SDK for guests of Hearth written in Rust: one file, no crates.
//!
//! Put it beside your source and begin with
//!
//! ```text
//! #[macro_use]
//! mod hearth;
//!
//! #[derive(Default)]
//! struct Greeter { greeted: u32 }
//!
//! handler!(Greeter);
//! metadata!("greeter", "Says hello.");
//!
//! impl hearth::Handler for Greeter {
//!     fn message(&mut self, _mailbox: u32, m: hearth::Message) {
//!         self.greeted += 1;
//!         m.reply(&[b"hello, ", &m.data[..]].concat(), &[]);
//!     }
//! }
//! ```
//!
//! and build with
//!
//! ```text
//! rustc --edition 2021 --target wasm32-unknown-unknown --crate-type cdylib \
//!       -C opt-level=s -C lto -C panic=abort -C strip=symbols -o greeter.wasm greeter.rs
//! ```
//!
//! A handler never waits: what takes time is a [`request`], whose answer comes as
//! a message to the mailbox that it returns. A guest that would rather wait writes
//! `#[no_mangle] pub extern "C" fn run()` and calls [`Mailbox::recv`]; it can not
//! be durable.
//!
//! A [`Capability`], a [`Mailbox`] and a [`Lump`] release themselves when they are
//! dropped; cloning a capability counts one holder more. Sending takes nothing.
#![allow(dead_code)]

/// What a capability allows.
pub const CAN_SEND: u32 = 1;
pub const CAN_MONITOR: u32 = 2;
pub const CAN_KILL: u32 = 4;
pub const CAN_LINK: u32 = 8;

/// The importance of a log line.
#[derive(Clone, Copy)]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

const NONE: u32 = 0xFFFF_FFFF;

mod host {
    #[link(wasm_import_module = "hearth::log")]
    extern "C" {
        pub fn log(level: u32, module: *const u8, module_len: usize, text: *const u8, len: usize);
    }
    #[link(wasm_import_module = "hearth::lump")]
    extern "C" {
        pub fn this_lump(id: *mut u8);
        pub fn load_by_id(id: *const u8) -> u32;
        pub fn load(data: *const u8, len: usize) -> u32;
        pub fn get_id(lump: u32, id: *mut u8);
        pub fn get_len(lump: u32) -> usize;
        pub fn get_data(lump: u32, data: *mut u8);
        pub fn free(lump: u32);
    }
    #[link(wasm_import_module = "hearth::table")]
    extern "C" {
        pub fn inc_ref(cap: u32);
        pub fn dec_ref(cap: u32);
        pub fn get_permissions(cap: u32) -> u32;
        pub fn demote(cap: u32, permissions: u32) -> u32;
        pub fn send(cap: u32, data: *const u8, len: usize, caps: *const u32, ncaps: usize);
        pub fn kill(cap: u32);
    }
    #[link(wasm_import_module = "hearth::mailbox")]
    extern "C" {
        pub fn create() -> u32;
        pub fn destroy(mailbox: u32);
        pub fn make_capability(mailbox: u32, permissions: u32) -> u32;
        pub fn monitor(mailbox: u32, cap: u32);
        pub fn recv(mailbox: u32) -> u32;
        pub fn try_recv(mailbox: u32) -> u32;
        pub fn poll(mailboxes: *const u32, len: usize) -> u64;
        pub fn destroy_signal(signal: u32);
        pub fn get_signal_kind(signal: u32) -> u32;
        pub fn get_down_capability(signal: u32) -> u32;
        pub fn get_message_data_len(signal: u32) -> usize;
        pub fn get_message_data(signal: u32, data: *mut u8);
        pub fn get_message_caps_num(signal: u32) -> usize;
        pub fn get_message_caps(signal: u32, caps: *mut u32);
    }
    #[link(wasm_import_module = "hearth::metadata")]
    extern "C" {
        pub fn set_name(text: *const u8, len: usize);
        pub fn set_description(text: *const u8, len: usize);
        pub fn set_license(text: *const u8, len: usize);
    }
    #[link(wasm_import_module = "hearth::process")]
    extern "C" {
        #[link_name = "id"]
        pub fn process_id() -> u64;
        #[link_name = "exit"]
        pub fn process_exit(code: i32);
        pub fn link(cap: u32);
        pub fn unlink(cap: u32);
    }
    #[link(wasm_import_module = "hearth::content")]
    extern "C" {
        pub fn load_cid(cid: *const u8) -> u32;
        pub fn get_cid(lump: u32, cid: *mut u8);
        pub fn forget(lump: u32);
        pub fn transfer(cap: u32, lump: u32);
        pub fn message_lumps_num(signal: u32) -> usize;
        pub fn message_lumps(signal: u32, lumps: *mut u32);
        #[link_name = "send"]
        pub fn send_lumps(
            cap: u32,
            data: *const u8,
            len: usize,
            caps: *const u32,
            ncaps: usize,
            lumps: *const u32,
            nlumps: usize,
        );
    }
    #[link(wasm_import_module = "hearth::time")]
    extern "C" {
        pub fn now() -> i64;
    }
}

/// The PID of this process.
pub fn pid() -> u64 {
    unsafe { host::process_id() }
}

/// Ends the process when the current handler, or `run`, returns.
pub fn exit(code: i32) {
    unsafe { host::process_exit(code) }
}

/// Nanoseconds since 1970: in a durable process, the time of the event.
pub fn now() -> i64 {
    unsafe { host::now() }
}

/// Writes a line to the process's log.
pub fn log(level: Level, text: &str) {
    unsafe { host::log(level as u32, core::ptr::null(), 0, text.as_ptr(), text.len()) }
}

/// A counted handle in the table of this process.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(transparent)]
pub struct Capability(u32);

impl Capability {
    /// What every process is given first, by convention.
    pub fn registry() -> Capability {
        unsafe { host::inc_ref(0) };
        Capability(0)
    }

    pub fn send(&self, data: &[u8], caps: &[&Capability]) {
        with_handles(caps, |ptr, n| unsafe { host::send(self.0, data.as_ptr(), data.len(), ptr, n) })
    }

    /// Sends a message that names lumps: its receiver may load them.
    pub fn send_lumps(&self, data: &[u8], caps: &[&Capability], lumps: &[&Lump]) {
        let lumps: Vec<u32> = lumps.iter().map(|l| l.0).collect();
        with_handles(caps, |ptr, n| unsafe {
            host::send_lumps(self.0, data.as_ptr(), data.len(), ptr, n, lumps.as_ptr(), lumps.len())
        })
    }

    pub fn permissions(&self) -> u32 {
        unsafe { host::get_permissions(self.0) }
    }

    /// Whether all of these are allowed. Ask it of capabilities that strangers sent:
    /// using one beyond its permissions ends this process.
    pub fn can(&self, permissions: u32) -> bool {
        self.permissions() & permissions == permissions
    }

    pub fn demote(&self, permissions: u32) -> Capability {
        Capability(unsafe { host::demote(self.0, permissions) })
    }

    pub fn kill(&self) {
        unsafe { host::kill(self.0) }
    }

    pub fn link(&self) {
        unsafe { host::link(self.0) }
    }

    pub fn unlink(&self) {
        unsafe { host::unlink(self.0) }
    }
}

impl Clone for Capability {
    fn clone(&self) -> Self {
        unsafe { host::inc_ref(self.0) };
        Capability(self.0)
    }
}

impl Drop for Capability {
    fn drop(&mut self) {
        unsafe { host::dec_ref(self.0) }
    }
}

/// Calls f with the handles as the host takes them; few need no allocation.
fn with_handles(caps: &[&Capability], f: impl FnOnce(*const u32, usize)) {
    let mut few = [0u32; 8];
    if caps.len() <= few.len() {
        for (to, c) in few.iter_mut().zip(caps) {
            *to = c.0;
        }
        f(few.as_ptr(), caps.len());
    } else {
        let all: Vec<u32> = caps.iter().map(|c| c.0).collect();
        f(all.as_ptr(), all.len());
    }
}

/// Where signals arrive. Dropping it closes it, except the process's own.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Mailbox(u32);

impl Mailbox {
    /// The process's own mailbox.
    pub const PARENT: Mailbox = Mailbox(0);

    pub fn new() -> Mailbox {
        Mailbox(unsafe { host::create() })
    }

    /// The number that handlers are called with.
    pub fn id(&self) -> u32 {
        self.0
    }

    pub fn capability(&self, permissions: u32) -> Capability {
        Capability(unsafe { host::make_capability(self.0, permissions) })
    }

    /// A down signal arrives here when what cap leads to ends. Needs monitor.
    pub fn monitor(&self, cap: &Capability) {
        unsafe { host::monitor(self.0, cap.0) }
    }

    /// Waits for a signal. In a handler guest it traps.
    pub fn recv(&self) -> Signal {
        let signal = unsafe { host::recv(self.0) };
        let s = Signal::read(signal);
        unsafe { host::destroy_signal(signal) };
        s
    }

    pub fn try_recv(&self) -> Option<Signal> {
        let signal = unsafe { host::try_recv(self.0) };
        if signal == NONE {
            return None;
        }
        let s = Signal::read(signal);
        unsafe { host::destroy_signal(signal) };
        Some(s)
    }

    /// Waits on several mailboxes; returns which one has a signal, and it.
    pub fn poll(mailboxes: &[&Mailbox]) -> (usize, Signal) {
        let ids: Vec<u32> = mailboxes.iter().map(|b| b.0).collect();
        let got = unsafe { host::poll(ids.as_ptr(), ids.len()) };
        let signal = got as u32;
        let s = Signal::read(signal);
        unsafe { host::destroy_signal(signal) };
        ((got >> 32) as usize, s)
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        if self.0 != 0 {
            unsafe { host::destroy(self.0) }
        }
    }
}

/// What arrives in a mailbox.
pub enum Signal {
    Message(Message),
    Down(Capability),
    Resume,
}

pub struct Message {
    pub data: Vec<u8>,
    /// In a request the first is the reply address.
    pub caps: Vec<Capability>,
    /// The lumps that the message names and that are there.
    pub lumps: Vec<Lump>,
}

impl Message {
    /// Answers a request; does nothing where no answer is expected or can be sent.
    pub fn reply(&self, data: &[u8], caps: &[&Capability]) {
        match self.caps.first() {
            Some(to) if to.can(CAN_SEND) => to.send(data, caps),
            _ => (),
        }
    }
}

impl Signal {
    fn read(signal: u32) -> Signal {
        unsafe {
            match host::get_signal_kind(signal) {
                0 => {
                    // Vec<Capability> is an array of u32 handles.
                    let data = filled(host::get_message_data_len(signal), |p: *mut u8| host::get_message_data(signal, p));
                    let caps = filled(host::get_message_caps_num(signal), |p: *mut Capability| {
                        host::get_message_caps(signal, p.cast())
                    });
                    let lumps = filled(host::message_lumps_num(signal), |p: *mut u32| host::message_lumps(signal, p));
                    let lumps = lumps.into_iter().filter(|&l| l != NONE).map(Lump).collect();
                    Signal::Message(Message { data, caps, lumps })
                }
                1 => Signal::Down(Capability(host::get_down_capability(signal))),
                _ => Signal::Resume,
            }
        }
    }
}

/// A vector of n elements that fill writes.
unsafe fn filled<T>(n: usize, fill: impl FnOnce(*mut T)) -> Vec<T> {
    let mut v = Vec::with_capacity(n);
    if n > 0 {
        fill(v.as_mut_ptr());
        v.set_len(n);
    }
    v
}

/// Immutable bytes, named by their digest.
#[derive(PartialEq, Eq, Debug)]
pub struct Lump(u32);

impl Lump {
    pub fn new(data: &[u8]) -> Lump {
        Lump(unsafe { host::load(data.as_ptr(), data.len()) })
    }

    /// The lump with this id. A durable process finds only what it holds.
    pub fn load(id: &[u8; 32]) -> Option<Lump> {
        match unsafe { host::load_by_id(id.as_ptr()) } {
            NONE => None,
            l => Some(Lump(l)),
        }
    }

    /// The lump with this content identifier.
    pub fn load_cid(cid: &[u8; 36]) -> Option<Lump> {
        match unsafe { host::load_cid(cid.as_ptr()) } {
            NONE => None,
            l => Some(Lump(l)),
        }
    }

    /// The id of the module that is running.
    pub fn this() -> [u8; 32] {
        let mut id = [0; 32];
        unsafe { host::this_lump(id.as_mut_ptr()) };
        id
    }

    pub fn id(&self) -> [u8; 32] {
        let mut id = [0; 32];
        unsafe { host::get_id(self.0, id.as_mut_ptr()) };
        id
    }

    pub fn cid(&self) -> [u8; 36] {
        let mut cid = [0; 36];
        unsafe { host::get_cid(self.0, cid.as_mut_ptr()) };
        cid
    }

    pub fn data(&self) -> Vec<u8> {
        unsafe { filled(host::get_len(self.0), |p| host::get_data(self.0, p)) }
    }

    /// A durable process no longer holds the lump.
    pub fn forget(&self) {
        unsafe { host::forget(self.0) }
    }

    /// Lets the peer behind a capability load the lump, and tells it to fetch it now.
    pub fn transfer(&self, to: &Capability) {
        unsafe { host::transfer(to.0, self.0) }
    }
}

impl Drop for Lump {
    fn drop(&mut self) {
        unsafe { host::free(self.0) }
    }
}

/// Sends a request; the answer is a message to the mailbox that it returns, or a
/// down signal where the service ends first and grants monitor. Keep the mailbox:
/// dropping it gives the answer up.
#[must_use]
pub fn request(to: &Capability, data: &[u8], caps: &[&Capability]) -> Mailbox {
    request_naming(to, data, caps, &[])
}

/// A [`request`] that names lumps: the service may load them.
#[must_use]
pub fn request_naming(to: &Capability, data: &[u8], caps: &[&Capability], lumps: &[&Lump]) -> Mailbox {
    let mailbox = Mailbox::new();
    if to.can(CAN_MONITOR) {
        mailbox.monitor(to);
    }
    let reply = mailbox.capability(CAN_SEND);
    let mut all = Vec::with_capacity(1 + caps.len());
    all.push(&reply);
    all.extend_from_slice(caps);
    match lumps {
        [] => to.send(data, &all),
        _ => to.send_lumps(data, &all, lumps),
    }
    mailbox
}

/// Asks the registry for a service; read the answer with [`found`].
#[must_use]
pub fn lookup(name: &str) -> Mailbox {
    let mut body = String::from("{\"Get\":{\"name\":");
    json_string(&mut body, name);
    body.push_str("}}");
    request(&Capability::registry(), body.as_bytes(), &[])
}

/// The service in the answer to [`lookup`].
pub fn found(mut answer: Message) -> Option<Capability> {
    if answer.data == b"{\"Get\":true}" && !answer.caps.is_empty() {
        return Some(answer.caps.swap_remove(0));
    }
    None
}

/// Appends s as a JSON string.
pub fn json_string(out: &mut String, s: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push('"');
    for c in s.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\u{0}'..='\u{1f}' => {
                out.push_str("\\u00");
                out.push(HEX[c as usize >> 4] as char);
                out.push(HEX[c as usize & 15] as char);
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

/// What a handler guest does with its signals.
pub trait Handler {
    /// A message to the mailbox with this number; 0 is the process's own.
    fn message(&mut self, mailbox: u32, message: Message);
    /// A watched process ended.
    fn down(&mut self, _mailbox: u32, _capability: Capability) {}
    /// The server was restarted; say `wants_resume!()` to be told.
    fn resume(&mut self) {}
}

/// The one state of a guest. A process runs on one thread, and a handler never
/// calls another.
pub struct State<T>(core::cell::UnsafeCell<Option<T>>);

unsafe impl<T> Sync for State<T> {}

impl<T: Handler + Default> State<T> {
    pub const EMPTY: State<T> = State(core::cell::UnsafeCell::new(None));

    /// Handles one signal. For `handler!` only.
    pub fn receive(&self, mailbox: u32, signal: u32) {
        let state = unsafe { &mut *self.0.get() }.get_or_insert_with(T::default);
        match Signal::read(signal) {
            Signal::Message(m) => state.message(mailbox, m),
            Signal::Down(c) => state.down(mailbox, c),
            Signal::Resume => state.resume(),
        }
    }
}

/// Makes the module a handler guest with a state of this type.
#[allow(unused_macros)]
macro_rules! handler {
    ($state:ty) => {
        static HEARTH_STATE: crate::hearth::State<$state> = crate::hearth::State::EMPTY;

        #[no_mangle]
        pub extern "C" fn _hearth_receive(mailbox: u32, signal: u32) {
            HEARTH_STATE.receive(mailbox, signal)
        }
    };
}

/// Asks for `Handler::resume` after every restart of the server.
#[allow(unused_macros)]
macro_rules! wants_resume {
    () => {
        #[no_mangle]
        pub extern "C" fn _hearth_resume() {}
    };
}

/// Describes the module.
#[allow(unused_macros)]
macro_rules! metadata {
    ($name:expr, $description:expr) => {
        #[no_mangle]
        pub extern "C" fn _hearth_metadata() {
            crate::hearth::describe($name, $description)
        }
    };
}

/// For `metadata!` only.
pub fn describe(name: &str, description: &str) {
    let license = "AGPL-3.0";
    unsafe {
        host::set_name(name.as_ptr(), name.len());
        host::set_description(description.as_ptr(), description.len());
        host::set_license(license.as_ptr(), license.len());
    }
}
