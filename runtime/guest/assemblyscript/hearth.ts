// The SDK for guests of Hearth written in AssemblyScript.
//
//	import * as hearth from "./hearth";
//
//	hearth.handle((m: hearth.Message): void => {
//	  m.reply("hello, " + m.text);
//	});
//
//	export function _hearth_receive(mailbox: u32, signal: u32): void {
//	  hearth.receive(mailbox, signal);
//	}
//
// Build it with assemblyscript 0.28:
//
//	asc greeter.ts -O3 --runtime incremental --use abort=hearth/abort -o greeter.wasm
//
// (the part before /abort is the path of this file without its ending). Top-level
// code runs before the first signal and must have no effects: it registers
// handlers, and sends nothing.
//
// A handler never waits: what takes time is a request, whose answer calls a
// function. AssemblyScript has no closures, so such a function gets the number
// that it was asked to carry.
//
// Ownership: the capabilities of a message are released when its handler returns,
// except those that it takes. Whatever else returns a capability or a lump hands
// it to the caller, who frees it. Sending takes nothing.

// @ts-ignore: decorator
@external("hearth::log", "log") declare function log_(level: u32, module: usize, moduleLen: u32, text: usize, len: u32): void;

// @ts-ignore: decorator
@external("hearth::lump", "this_lump") declare function thisLump_(id: usize): void;
// @ts-ignore: decorator
@external("hearth::lump", "load_by_id") declare function loadById_(id: usize): u32;
// @ts-ignore: decorator
@external("hearth::lump", "load") declare function load_(data: usize, len: u32): u32;
// @ts-ignore: decorator
@external("hearth::lump", "get_id") declare function getId_(lump: u32, id: usize): void;
// @ts-ignore: decorator
@external("hearth::lump", "get_len") declare function getLen_(lump: u32): u32;
// @ts-ignore: decorator
@external("hearth::lump", "get_data") declare function getData_(lump: u32, data: usize): void;
// @ts-ignore: decorator
@external("hearth::lump", "free") declare function free_(lump: u32): void;

// @ts-ignore: decorator
@external("hearth::table", "inc_ref") declare function incRef_(cap: u32): void;
// @ts-ignore: decorator
@external("hearth::table", "dec_ref") declare function decRef_(cap: u32): void;
// @ts-ignore: decorator
@external("hearth::table", "get_permissions") declare function permissions_(cap: u32): u32;
// @ts-ignore: decorator
@external("hearth::table", "demote") declare function demote_(cap: u32, permissions: u32): u32;
// @ts-ignore: decorator
@external("hearth::table", "send") declare function send_(cap: u32, data: usize, len: u32, caps: usize, ncaps: u32): void;
// @ts-ignore: decorator
@external("hearth::table", "kill") declare function kill_(cap: u32): void;

// @ts-ignore: decorator
@external("hearth::mailbox", "create") declare function create_(): u32;
// @ts-ignore: decorator
@external("hearth::mailbox", "destroy") declare function destroy_(mailbox: u32): void;
// @ts-ignore: decorator
@external("hearth::mailbox", "make_capability") declare function makeCapability_(mailbox: u32, permissions: u32): u32;
// @ts-ignore: decorator
@external("hearth::mailbox", "monitor") declare function monitor_(mailbox: u32, cap: u32): void;
// @ts-ignore: decorator
@external("hearth::mailbox", "get_signal_kind") declare function signalKind_(signal: u32): u32;
// @ts-ignore: decorator
@external("hearth::mailbox", "get_down_capability") declare function down_(signal: u32): u32;
// @ts-ignore: decorator
@external("hearth::mailbox", "get_message_data_len") declare function dataLen_(signal: u32): u32;
// @ts-ignore: decorator
@external("hearth::mailbox", "get_message_data") declare function data_(signal: u32, data: usize): void;
// @ts-ignore: decorator
@external("hearth::mailbox", "get_message_caps_num") declare function capsNum_(signal: u32): u32;
// @ts-ignore: decorator
@external("hearth::mailbox", "get_message_caps") declare function caps_(signal: u32, caps: usize): void;

// @ts-ignore: decorator
@external("hearth::metadata", "set_name") declare function setName_(text: usize, len: u32): void;
// @ts-ignore: decorator
@external("hearth::metadata", "set_description") declare function setDescription_(text: usize, len: u32): void;
// @ts-ignore: decorator
@external("hearth::metadata", "set_license") declare function setLicense_(text: usize, len: u32): void;

// @ts-ignore: decorator
@external("hearth::process", "id") declare function pid_(): i64;
// @ts-ignore: decorator
@external("hearth::process", "exit") declare function exit_(code: i32): void;
// @ts-ignore: decorator
@external("hearth::process", "link") declare function link_(cap: u32): void;
// @ts-ignore: decorator
@external("hearth::process", "unlink") declare function unlink_(cap: u32): void;

// @ts-ignore: decorator
@external("hearth::content", "load_cid") declare function loadCid_(cid: usize): u32;
// @ts-ignore: decorator
@external("hearth::content", "get_cid") declare function getCid_(lump: u32, cid: usize): void;
// @ts-ignore: decorator
@external("hearth::content", "forget") declare function forget_(lump: u32): void;
// @ts-ignore: decorator
@external("hearth::content", "transfer") declare function transfer_(cap: u32, lump: u32): void;
// @ts-ignore: decorator
@external("hearth::content", "message_lumps_num") declare function lumpsNum_(signal: u32): u32;
// @ts-ignore: decorator
@external("hearth::content", "message_lumps") declare function lumps_(signal: u32, lumps: usize): void;
// @ts-ignore: decorator
@external("hearth::content", "send") declare function sendLumps_(cap: u32, data: usize, len: u32, caps: usize, ncaps: u32, lumps: usize, nlumps: u32): void;

// @ts-ignore: decorator
@external("hearth::time", "now") declare function now_(): i64;

export const CAN_SEND: u32 = 1;
export const CAN_MONITOR: u32 = 2;
export const CAN_KILL: u32 = 4;
export const CAN_LINK: u32 = 8;

const NONE: u32 = 0xffffffff;

export enum Level { Trace, Debug, Info, Warn, Error }

/** Writes a line to the process's log. */
export function log(level: Level, text: string): void {
  const b = String.UTF8.encode(text);
  log_(level, 0, 0, changetype<usize>(b), b.byteLength);
}

/** Takes the place of the runtime's abort, which the host does not have. */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  log(Level.Error, (message ? message : "aborted") + " (" + (file ? file : "?") + ":" + line.toString() + ")");
  unreachable();
}

/** The number of this process, which no other will ever have. */
export function pid(): u64 { return pid_() as u64; }
/** Ends the process when the current handler returns. */
export function exit(code: i32): void { exit_(code); }
/** Nanoseconds since 1970: in a durable process, the time of the event. */
export function now(): i64 { return now_(); }

/** Describes the module: call it in a function exported as _hearth_metadata. */
export function describe(name: string, description: string, license: string = "AGPL-3.0"): void {
  let b = String.UTF8.encode(name);
  setName_(changetype<usize>(b), b.byteLength);
  b = String.UTF8.encode(description);
  setDescription_(changetype<usize>(b), b.byteLength);
  b = String.UTF8.encode(license);
  setLicense_(changetype<usize>(b), b.byteLength);
}

/** A handle in the table of this process. */
export class Capability {
  constructor(public handle: u32) {}

  /** What every process is given first, by convention. It is never freed. */
  static get registry(): Capability { return new Capability(0); }

  send(data: ArrayBuffer, caps: Capability[] = []): void {
    const h = handles(caps);
    send_(this.handle, changetype<usize>(data), data.byteLength, h.dataStart, h.length);
  }

  sendText(text: string, caps: Capability[] = []): void { this.send(String.UTF8.encode(text), caps); }

  /** Sends a message that names lumps: its receiver may load them. */
  sendLumps(data: ArrayBuffer, caps: Capability[], lumps: Lump[]): void {
    const h = handles(caps), l = new Uint32Array(lumps.length);
    for (let i = 0; i < lumps.length; i++) l[i] = lumps[i].handle;
    sendLumps_(this.handle, changetype<usize>(data), data.byteLength, h.dataStart, h.length, l.dataStart, l.length);
  }

  get permissions(): u32 { return permissions_(this.handle); }
  /** Whether all of these are allowed. Ask it of capabilities that strangers sent: using one beyond its permissions ends this process. */
  can(permissions: u32): bool { return (permissions_(this.handle) & permissions) == permissions; }
  demote(permissions: u32): Capability { return new Capability(demote_(this.handle, permissions)); }
  clone(): Capability { incRef_(this.handle); return new Capability(this.handle); }
  free(): void { decRef_(this.handle); }
  kill(): void { kill_(this.handle); }
  link(): void { link_(this.handle); }
  unlink(): void { unlink_(this.handle); }
}

function handles(caps: Capability[]): Uint32Array {
  const h = new Uint32Array(caps.length);
  for (let i = 0; i < caps.length; i++) h[i] = caps[i].handle;
  return h;
}

/** Immutable bytes, named by their digest of 32 bytes. */
export class Lump {
  constructor(public handle: u32) {}

  static make(data: ArrayBuffer): Lump { return new Lump(load_(changetype<usize>(data), data.byteLength)); }
  /** The lump with this id, or null. A durable process finds only what it holds. */
  static load(id: StaticArray<u8>): Lump | null { return Lump.of(loadById_(changetype<usize>(id))); }
  static loadCid(cid: StaticArray<u8>): Lump | null { return Lump.of(loadCid_(changetype<usize>(cid))); }
  /** The id of the module that is running. */
  static self(): StaticArray<u8> {
    const id = new StaticArray<u8>(32);
    thisLump_(changetype<usize>(id));
    return id;
  }
  private static of(handle: u32): Lump | null { return handle == NONE ? null : new Lump(handle); }

  get id(): StaticArray<u8> {
    const id = new StaticArray<u8>(32);
    getId_(this.handle, changetype<usize>(id));
    return id;
  }
  get cid(): StaticArray<u8> {
    const cid = new StaticArray<u8>(36);
    getCid_(this.handle, changetype<usize>(cid));
    return cid;
  }
  get data(): ArrayBuffer {
    const b = new ArrayBuffer(getLen_(this.handle));
    getData_(this.handle, changetype<usize>(b));
    return b;
  }
  forget(): void { forget_(this.handle); }
  /** Lets the peer behind a capability load the lump, and tells it to fetch it now. */
  transfer(to: Capability): void { transfer_(to.handle, this.handle); }
  free(): void { free_(this.handle); }
}

/** A message to this process, valid until its handler returns. */
export class Message {
  /** In a request the first is the reply address; null where it was taken. */
  caps: Array<Capability | null> = [];
  data: ArrayBuffer;
  private held: Lump[] | null = null;

  constructor(public mailbox: u32, private signal: u32) {
    this.data = new ArrayBuffer(dataLen_(signal));
    data_(signal, changetype<usize>(this.data));
    const h = new Uint32Array(capsNum_(signal));
    caps_(signal, h.dataStart);
    for (let i = 0; i < h.length; i++) this.caps.push(new Capability(h[i]));
  }

  get text(): string { return String.UTF8.decode(this.data); }

  /** The lumps that the message names and that are there. */
  get lumps(): Lump[] {
    const known = this.held;
    if (known) return known;
    const h = new Uint32Array(lumpsNum_(this.signal)), all: Lump[] = [];
    lumps_(this.signal, h.dataStart);
    for (let i = 0; i < h.length; i++) if (h[i] != NONE) all.push(new Lump(h[i]));
    this.held = all;
    return all;
  }

  /** Hands a capability to the caller, who frees it; null where there is none. */
  take(i: i32): Capability | null {
    if (i >= this.caps.length) return null;
    const c = this.caps[i];
    this.caps[i] = null;
    return c;
  }

  /** Answers a request; does nothing where no answer is expected or can be sent. */
  reply(text: string, caps: Capability[] = []): void { this.replyData(String.UTF8.encode(text), caps); }
  replyData(data: ArrayBuffer, caps: Capability[] = []): void {
    if (this.caps.length == 0) return;
    const to = this.caps[0];
    if (to && to.can(CAN_SEND)) to.send(data, caps);
  }

  release(): void {
    for (let i = 0; i < this.caps.length; i++) {
      const c = this.caps[i];
      if (c) c.free();
    }
    const held = this.held;
    if (held) for (let i = 0; i < held.length; i++) held[i].free();
  }
}

/** Gets the answer to a request, or null if the service ended first. */
export type Then = (answer: Message | null, context: u32) => void;
/** Gets a capability that is handed over, or null. */
export type Found = (c: Capability | null, context: u32) => void;
/** Is called when a watched process has ended. */
export type Gone = (context: u32) => void;

class Waiting {
  then: Then | null = null;
  found: Found | null = null;
  gone: Gone | null = null;
  constructor(public context: u32) {}

  end(m: Message | null): void {
    const then = this.then, found = this.found, gone = this.gone;
    if (then) then(m, this.context);
    if (found) found(m && m.text == '{"Get":true}' ? m.take(0) : null, this.context);
    if (gone && !m) gone(this.context);
  }
}

const waiting = new Map<u32, Waiting>();
let onMessage: ((m: Message) => void) | null = null;
let onResume: (() => void) | null = null;

/** Sets what is called with each message to the process. */
export function handle(fn: (m: Message) => void): void { onMessage = fn; }
/** Sets what is called after a restart of the server, if the module exports _hearth_resume. */
export function handleResume(fn: () => void): void { onResume = fn; }

/** Handles one signal: the module's export _hearth_receive calls it. */
export function receive(mailbox: u32, signal: u32): void {
  const w = waiting.has(mailbox) ? waiting.get(mailbox) : null;
  if (w) waiting.delete(mailbox);
  switch (signalKind_(signal)) {
    case 0: {
      const m = new Message(mailbox, signal), fn = onMessage;
      if (w) w.end(m);
      else if (fn) fn(m);
      m.release();
      break;
    }
    case 1: {
      decRef_(down_(signal));
      if (w) w.end(null);
      break;
    }
    case 2: {
      const fn = onResume;
      if (fn) fn();
      break;
    }
  }
  if (w) destroy_(mailbox);
}

/** A capability to this process. */
export function self(permissions: u32): Capability { return new Capability(makeCapability_(0, permissions)); }

function ask(w: Waiting, to: Capability, data: ArrayBuffer, caps: Capability[]): void {
  const mailbox = create_(), reply = new Capability(makeCapability_(mailbox, CAN_SEND));
  waiting.set(mailbox, w);
  // So that a service which ends before it answers is noticed.
  if (to.can(CAN_MONITOR)) monitor_(mailbox, to.handle);
  to.send(data, [reply].concat(caps));
  reply.free();
}

/** Sends a request; then is called with the answer. */
export function request(to: Capability, text: string, caps: Capability[], then: Then, context: u32 = 0): void {
  const w = new Waiting(context);
  w.then = then;
  ask(w, to, String.UTF8.encode(text), caps);
}

/** Asks the registry for a service. */
export function lookup(name: string, found: Found, context: u32 = 0): void {
  const w = new Waiting(context);
  w.found = found;
  ask(w, Capability.registry, String.UTF8.encode('{"Get":{"name":' + json(name) + "}}"), []);
}

/** Offers a service under a name; the answer is {"Register":true|false|null}. */
export function register(name: string, c: Capability, then: Then, context: u32 = 0): void {
  request(Capability.registry, '{"Register":{"name":' + json(name) + "}}", [c], then, context);
}

/** Calls gone once, when the process behind c ends. Needs CAN_MONITOR. */
export function watch(c: Capability, gone: Gone, context: u32 = 0): void {
  const mailbox = create_(), w = new Waiting(context);
  w.gone = gone;
  waiting.set(mailbox, w);
  monitor_(mailbox, c.handle);
}

/** s as a JSON string. */
export function json(s: string): string {
  let out = '"';
  for (let i = 0; i < s.length; i++) {
    const c = s.charCodeAt(i);
    if (c == 0x22 || c == 0x5c) out += "\\" + s.charAt(i);
    else if (c < 0x20) out += "\\u00" + (c < 0x10 ? "0" : "") + c.toString(16);
    else out += s.charAt(i);
  }
  return out + '"';
}
