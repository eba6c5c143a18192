// What guests say to the services that show a space: hearth.Renderer,
// hearth.canvas.CanvasFactory, hearth.DebugDrawFactory, hearth.Window, hearth.Camera and
// hearth.terminal.TerminalFactory.
//
//	import * as display from "./display";
//
//	const ball = hearth.Lump.make(glb);
//	hearth.request(renderer, display.model(ball, display.at(0, 1, 0)), [], shown);
//
// Each function writes one request, or one message to what a request made. The answer to
// a request is {"Ok":..} with a capability to what was made, or {"Err":..}; what was made
// ends when that capability is killed, or with the process that asked. A request names
// the lumps whose ids were read in the same handler call, and so grants them to who shows
// the space.
//
// Lengths are metres, angles radians, colours linear; y points up. Vectors are arrays of
// numbers, turns are quaternions x, y, z, w, matrices 16 numbers by columns.

import { Lump, json } from "./hearth";

export const RENDERER = "hearth.Renderer";
export const CANVASES = "hearth.canvas.CanvasFactory";
export const DEBUG_DRAW = "hearth.DebugDrawFactory";
export const WINDOW = "hearth.Window";
export const CAMERA = "hearth.Camera";
export const TERMINALS = "hearth.terminal.TerminalFactory";

export type Numbers = StaticArray<f32>;

/** Where something is that is not turned. */
export function at(x: f32, y: f32, z: f32): Numbers { return place([x, y, z], [0, 0, 0, 1], [1, 1, 1]); }

/** Where something is that is scaled, then turned, then moved. */
export function place(to: Numbers, turn: Numbers, scale: Numbers): Numbers {
  const x = turn[0], y = turn[1], z = turn[2], w = turn[3];
  const a = scale[0], b = scale[1], c = scale[2];
  return [
    (1 - 2 * (y * y + z * z)) * a, 2 * (x * y + z * w) * a, 2 * (x * z - y * w) * a, 0,
    2 * (x * y - z * w) * b, (1 - 2 * (x * x + z * z)) * b, 2 * (y * z + x * w) * b, 0,
    2 * (x * z + y * w) * c, 2 * (y * z - x * w) * c, (1 - 2 * (x * x + y * y)) * c, 0,
    to[0], to[1], to[2], 1,
  ];
}

// ---- The renderer ------------------------------------------------------------

/** A model (glTF, OBJ); animation says which of its animations runs over and over, -1: none; tint multiplies its colours; name is what an answer to pick calls it. */
export function model(lump: Lump, transform: Numbers, animation: i32 = -1, tint: Numbers = [1, 1, 1, 1], name: string = ""): string {
  let s = '{"AddModel":{"model":' + id(lump) + ',"transform":' + numbers(transform);
  if (animation >= 0) s += ',"animation":{"index":' + animation.toString() + ',"speed":1,"loop":true}';
  s += ',"tint":' + numbers(tint);
  if (name.length > 0) s += ',"name":' + json(name);
  return s + "}}";
}

/** A mesh with a material, which are lumps of their own. */
export function object(mesh: Lump, material: Lump, transform: Numbers): string {
  return '{"AddObject":{"mesh":' + id(mesh) + ',"skeleton":null,"material":' + id(material) + ',"transform":' + numbers(transform) + "}}";
}

/** Light from far away; its shadows reach distance metres. */
export function directionalLight(color: Numbers, intensity: f32, direction: Numbers, distance: f32): string {
  return '{"AddDirectionalLight":{"initial_state":{"color":' + numbers(color) + ',"intensity":' + number(intensity) +
    ',"direction":' + numbers(direction) + ',"distance":' + number(distance) + "}}}";
}

export function pointLight(position: Numbers, color: Numbers, intensity: f32, range: f32): string {
  return '{"AddPointLight":{"position":' + numbers(position) + ',"color":' + numbers(color) +
    ',"intensity":' + number(intensity) + ',"range":' + number(range) + "}}";
}

/** Full light within the angle inner from the direction, none beyond outer. */
export function spotLight(position: Numbers, direction: Numbers, color: Numbers, intensity: f32, range: f32, inner: f32, outer: f32): string {
  return '{"AddSpotLight":{"position":' + numbers(position) + ',"direction":' + numbers(direction) + ',"color":' + numbers(color) +
    ',"intensity":' + number(intensity) + ',"range":' + number(range) + ',"inner":' + number(inner) + ',"outer":' + number(outer) + "}}";
}

/** The sky: a cube texture, or a picture of all around. */
export function skybox(texture: Lump): string { return '{"SetSkybox":{"texture":' + id(texture) + "}}"; }
export function ambient(rgba: Numbers): string { return '{"SetAmbientLighting":{"ambient":' + numbers(rgba) + "}}"; }
/** Answered {"Ok":"Nothing"} or {"Ok":{"Hit":{"object":ID,"name":N,"position":[x,y,z]}}}. */
export function pick(x: u32, y: u32): string { return '{"Pick":{"x":' + x.toString() + ',"y":' + y.toString() + "}}"; }

// ---- Messages to objects and lights ----------------------------------------------

export function transform(m: Numbers): string { return '{"Transform":' + numbers(m) + "}"; }
export function tint(rgba: Numbers): string { return '{"Tint":' + numbers(rgba) + "}"; }
export function hidden(on: bool): string { return on ? '{"Hidden":true}' : '{"Hidden":false}'; }
export function position(p: Numbers): string { return '{"Position":' + numbers(p) + "}"; }
export function color(rgb: Numbers): string { return '{"Color":' + numbers(rgb) + "}"; }
export function intensity(n: f32): string { return '{"Intensity":' + number(n) + "}"; }

// ---- Canvases and lines ------------------------------------------------------------

/** Where a picture stands: its middle, its turn, and half of its size. */
export class Frame {
  constructor(public origin: Numbers, public orientation: Numbers, public halfSize: Numbers) {}
  get json(): string {
    return '{"origin":' + numbers(this.origin) + ',"orientation":' + numbers(this.orientation) + ',"half_size":' + numbers(this.halfSize) + "}";
  }
}

/** Rows from the top, 4 bytes a pixel: red, green, blue, alpha. */
export class Pixels {
  constructor(public width: u32, public height: u32, public data: Uint8Array) {}
  get json(): string {
    return '{"width":' + this.width.toString() + ',"height":' + this.height.toString() + ',"data":"' + base64(this.data) + '"}';
  }
}

/** A picture in space; nearest keeps pixels square where they are large. */
export function canvas(frame: Frame, pixels: Pixels, nearest: bool = false): string {
  return '{"CreateCanvas":{"position":' + frame.json + ',"pixels":' + pixels.json + ',"sampling":"' + (nearest ? "Nearest" : "Linear") + '"}}';
}
export function relocate(frame: Frame): string { return '{"Relocate":' + frame.json + "}"; }
export function resize(pixels: Pixels): string { return '{"Resize":' + pixels.json + "}"; }
export function blit(x: u32, y: u32, pixels: Pixels): string {
  return '{"Blit":{"x":' + x.toString() + ',"y":' + y.toString() + ',"pixels":' + pixels.json + "}}";
}

/** A debug line. */
export class Line {
  constructor(public from: Numbers, public to: Numbers, public color: Numbers) {}
}

/** What debug lines, for which the service is asked with null, are told to show. */
export function lines(all: Line[]): string {
  let vertices = "", indices = "";
  for (let i = 0; i < 2 * all.length; i++) {
    const l = all[i / 2], comma = i > 0 ? "," : "";
    vertices += comma + '{"position":' + numbers(i % 2 == 0 ? l.from : l.to) + ',"color":' + numbers(l.color) + "}";
    indices += comma + i.toString();
  }
  return '{"Contents":{"vertices":[' + vertices + '],"indices":[' + indices + "]}}";
}

// ---- The window and cameras ----------------------------------------------------------

export function title(text: string): string { return '{"SetTitle":' + json(text) + "}"; }
/** What the window does with the mouse: None, Confined or Locked. */
export function grab(how: string): string { return '{"SetCursorGrab":' + json(how) + "}"; }

/** A camera for hearth.Camera, which looks along -z of its orientation; where its pictures go is for the viewer's user to say. vfov is in degrees, every in seconds from picture to picture. */
export function camera(position: Numbers, orientation: Numbers, vfov: f32, width: u32, height: u32, every: f32): string {
  return '{"CreateCamera":{"position":' + numbers(position) + ',"orientation":' + numbers(orientation) + ',"vfov":' + number(vfov) +
    ',"width":' + width.toString() + ',"height":' + height.toString() + ',"every":' + number(every) + "}}";
}
/** Moves a camera, which also takes "Start" and "Stop", with the quotes. */
export function moveCamera(position: Numbers, orientation: Numbers): string {
  return '{"Relocate":{"position":' + numbers(position) + ',"orientation":' + numbers(orientation) + "}}";
}

// ---- Terminals ---------------------------------------------------------------------

/** A terminal that floats in the space. It runs a shell on the computer of the viewer that is asked for it, which asks its user about who is not trusted there. */
export class Terminal {
  /** What it showed is kept under its name; may be empty. */
  name: string = "";
  /** Metres between its edge and the letters. */
  padding: f32 = 0;
  /** Of what is behind the letters. */
  opacity: f32 = 1;
  /** Enter starts another shell when one has ended. */
  again: bool = false;

  /** position is the middle, where it faces +z before it is turned; em is the size of the letters, in metres an em. */
  constructor(public position: Numbers, public orientation: Numbers, public em: f32, public columns: u32, public rows: u32) {}

  request(): string { return '{"CreateTerminal":{' + this.members() + ',"again":' + (this.again ? "true" : "false") + "}}"; }
  /** The request for a screen of the same look without a shell, which shows what it is fed. It needs nobody's permission. */
  screen(): string { return '{"CreateScreen":{' + this.members() + "}}"; }

  private members(): string {
    let s = '"position":' + numbers(this.position) + ',"orientation":' + numbers(this.orientation) + ',"units_per_em":' + number(this.em) +
      ',"padding":' + numbers([this.padding, this.padding]) + ',"opacity":' + number(this.opacity) +
      ',"columns":' + this.columns.toString() + ',"rows":' + this.rows.toString();
    if (this.name.length > 0) s += ',"name":' + json(this.name);
    return s;
  }
}

/** Types at a terminal; "\r" is Enter. Paste is for what was not typed key by key. */
export function input(text: string): string { return '{"Input":' + json(text) + "}"; }
export function paste(text: string): string { return '{"Paste":' + json(text) + "}"; }
/** Bytes that a screen shows as a terminal does. */
export function feed(data: Uint8Array): string { return '{"Feed":"' + base64(data) + '"}'; }
/** Other columns and rows; the letters stay as large as they are. */
export function cells(columns: u32, rows: u32): string {
  return '{"Resize":{"columns":' + columns.toString() + ',"rows":' + rows.toString() + "}}";
}

// ---- JSON --------------------------------------------------------------------------

/** A number with six decimals, which is what a scene needs. */
export function number(x: f32): string {
  let v: f64 = isNaN(x) ? 0 : x;
  const minus = v < 0;
  if (minus) v = -v;
  const n = u64(Math.min(v, 1e9) * 1e6 + 0.5);
  let s = (minus && n > 0 ? "-" : "") + (n / 1000000).toString();
  let rest = u32(n % 1000000);
  if (rest == 0) return s;
  s += ".";
  for (let unit: u32 = 100000; rest > 0; unit /= 10) {
    s += (rest / unit).toString();
    rest %= unit;
  }
  return s;
}

export function numbers(xs: Numbers): string {
  let s = "[";
  for (let i = 0; i < xs.length; i++) s += (i > 0 ? "," : "") + number(xs[i]);
  return s + "]";
}

/** The id of a lump. */
export function id(lump: Lump): string {
  const bytes = lump.id;
  let s = "[";
  for (let i = 0; i < bytes.length; i++) s += (i > 0 ? "," : "") + bytes[i].toString();
  return s + "]";
}

export function base64(data: Uint8Array): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  let s = "";
  for (let i = 0; i < data.length; i += 3) {
    const left = data.length - i;
    const n = (<u32>data[i] << 16) | (left > 1 ? <u32>data[i + 1] << 8 : 0) | (left > 2 ? <u32>data[i + 2] : 0);
    s += alphabet.charAt(n >> 18) + alphabet.charAt((n >> 12) & 63) +
      (left > 1 ? alphabet.charAt((n >> 6) & 63) : "=") + (left > 2 ? alphabet.charAt(n & 63) : "=");
  }
  return s;
}
