//! What guests say to the services that show a space: hearth.Renderer,
//! hearth.canvas.CanvasFactory, hearth.DebugDrawFactory, hearth.Window, hearth.Camera,
//! hearth.terminal.TerminalFactory.
//!
//! Put it beside json.rs. Each function writes one request, or one message to what a
//! request made; what none is written for goes through `json::tagged`. Vectors are
//! `[x, y, z]`, turns are quaternions `[x, y, z, w]`, matrices 16 numbers by columns;
//! lengths are metres, angles radians, y points up and colours are linear.
//!
//! ```text
//! let ball = hearth::Lump::new(&glb);
//! let text = display::model(&ball.id(), &display::at(0.0, 1.0, 0.0)).request();
//! let answer = hearth::request_naming(&renderer, text.as_bytes(), &[], &[&ball]);
//! ...
//! object.send(display::transform(&display::at(0.0, 2.0, 0.0)).as_bytes(), &[]);
//! ```
//!
//! The answer is `{"Ok":..}` with a capability to what was made, or `{"Err":..}`. What was
//! made ends when that capability is killed, or with the process that asked for it.
#![allow(dead_code)]

use crate::json::{self, Writer};

pub const RENDERER: &str = "hearth.Renderer";
pub const CANVASES: &str = "hearth.canvas.CanvasFactory";
pub const DEBUG_DRAW: &str = "hearth.DebugDrawFactory";
pub const WINDOW: &str = "hearth.Window";
pub const CAMERA: &str = "hearth.Camera";
pub const TERMINALS: &str = "hearth.terminal.TerminalFactory";

pub type LumpId = [u8; 32];
pub type Vec3 = [f32; 3];
pub type Quat = [f32; 4];
pub type Mat4 = [f32; 16];

pub const UNTURNED: Quat = [0.0, 0.0, 0.0, 1.0];

/// Where something is: at a place, not turned.
pub fn at(x: f32, y: f32, z: f32) -> Mat4 {
    place([x, y, z], UNTURNED, [1.0; 3])
}

/// Scaled, then turned, then moved.
pub fn place(to: Vec3, turn: Quat, scale: Vec3) -> Mat4 {
    let [x, y, z, w] = turn;
    let [a, b, c] = scale;
    #[rustfmt::skip]
    let m = [
        (1.0 - 2.0 * (y * y + z * z)) * a, 2.0 * (x * y + z * w) * a, 2.0 * (x * z - y * w) * a, 0.0,
        2.0 * (x * y - z * w) * b, (1.0 - 2.0 * (x * x + z * z)) * b, 2.0 * (y * z + x * w) * b, 0.0,
        2.0 * (x * z + y * w) * c, 2.0 * (y * z - x * w) * c, (1.0 - 2.0 * (x * x + y * y)) * c, 0.0,
        to[0], to[1], to[2], 1.0,
    ];
    m
}

/// A turn by an angle around an axis of length 1, counter-clockwise seen against it.
pub fn turn(axis: Vec3, angle: f32) -> Quat {
    let (sin, cos) = (angle / 2.0).sin_cos();
    [axis[0] * sin, axis[1] * sin, axis[2] * sin, cos]
}

// ---- The renderer ------------------------------------------------------------

/// A model (glTF, OBJ) that is to be shown.
pub struct Model<'a> {
    pub lump: &'a LumpId,
    pub transform: Mat4,
    /// Which of its animations runs, over and over; none: it stands still.
    pub animation: Option<u32>,
    /// Multiplies its colours.
    pub tint: [f32; 4],
    /// What an answer to [`pick`] calls it.
    pub name: &'a str,
}

pub fn model<'a>(lump: &'a LumpId, transform: &Mat4) -> Model<'a> {
    Model { lump, transform: *transform, animation: None, tint: [1.0; 4], name: "" }
}

impl Model<'_> {
    pub fn request(&self) -> String {
        json::tagged("AddModel", |w| {
            w.name("model").lump(self.lump).name("transform").numbers(&self.transform);
            if let Some(i) = self.animation {
                w.name("animation").object(|w| animation_members(w, i, 1.0, true));
            }
            w.name("tint").numbers(&self.tint);
            if !self.name.is_empty() {
                w.name("name").text(self.name);
            }
        })
    }
}

fn animation_members(w: &mut Writer, index: u32, speed: f32, again: bool) {
    w.name("index").integer(index as i64).name("speed").number(speed).name("loop").bool(again);
}

/// A mesh and a material, which are lumps of their own.
pub fn object(mesh: &LumpId, material: &LumpId, transform: &Mat4) -> String {
    json::tagged("AddObject", |w| {
        w.name("mesh").lump(mesh).name("skeleton").raw("null");
        w.name("material").lump(material).name("transform").numbers(transform);
    })
}

/// Light that comes from far away; its shadows reach distance metres.
pub fn directional_light(color: Vec3, intensity: f32, direction: Vec3, distance: f32) -> String {
    json::tagged("AddDirectionalLight", |w| {
        w.name("initial_state").object(|w| {
            w.name("color").numbers(&color).name("intensity").number(intensity);
            w.name("direction").numbers(&direction).name("distance").number(distance);
        });
    })
}

pub fn point_light(position: Vec3, color: Vec3, intensity: f32, range: f32) -> String {
    json::tagged("AddPointLight", |w| {
        w.name("position").numbers(&position).name("color").numbers(&color);
        w.name("intensity").number(intensity).name("range").number(range);
    })
}

/// inner and outer are the angles from the axis at which the light begins to fade, and
/// ends.
pub fn spot_light(position: Vec3, direction: Vec3, color: Vec3, intensity: f32, range: f32, inner: f32, outer: f32) -> String {
    json::tagged("AddSpotLight", |w| {
        w.name("position").numbers(&position).name("direction").numbers(&direction).name("color").numbers(&color);
        w.name("intensity").number(intensity).name("range").number(range);
        w.name("inner").number(inner).name("outer").number(outer);
    })
}

/// The sky: a cube texture, or a picture of all around (equirectangular).
pub fn skybox(texture: &LumpId) -> String {
    json::tagged("SetSkybox", |w| {
        w.name("texture").lump(texture);
    })
}

/// How the picture is made of light: stops of exposure, the mapper of tones ("Neutral",
/// "ACES", "Reinhard", "None"), and how much bright things bloom.
pub fn look(exposure: f32, tone_map: &str, bloom: f32) -> String {
    json::tagged("SetLook", |w| {
        w.name("exposure").number(exposure).name("tone_map").text(tone_map).name("bloom").number(bloom);
    })
}

pub fn ambient(rgba: [f32; 4]) -> String {
    json::tagged("SetAmbientLighting", |w| {
        w.name("ambient").numbers(&rgba);
    })
}

/// What is under this pixel: `{"Ok":"Nothing"}`, or
/// `{"Ok":{"Hit":{"object":ID,"name":N,"position":[x,y,z]}}}`.
pub fn pick(x: f32, y: f32) -> String {
    json::tagged("Pick", |w| {
        w.name("x").integer(x as i64).name("y").integer(y as i64);
    })
}

// ---- Messages to objects and lights ----------------------------------------------

pub fn transform(m: &Mat4) -> String {
    member("Transform", |w| w.numbers(m))
}

pub fn tint(rgba: [f32; 4]) -> String {
    member("Tint", |w| w.numbers(&rgba))
}

pub fn hidden(on: bool) -> String {
    member("Hidden", |w| w.bool(on))
}

pub fn animation(index: u32, speed: f32, again: bool) -> String {
    json::tagged("Animation", |w| animation_members(w, index, speed, again))
}

pub fn position(p: Vec3) -> String {
    member("Position", |w| w.numbers(&p))
}

pub fn color(rgb: Vec3) -> String {
    member("Color", |w| w.numbers(&rgb))
}

/// The way that the light of a spot, or of a directional light, goes.
pub fn direction(d: Vec3) -> String {
    member("Direction", |w| w.numbers(&d))
}

pub fn range(metres: f32) -> String {
    member("Range", |w| w.number(metres))
}

pub fn intensity(n: f32) -> String {
    member("Intensity", |w| w.number(n))
}

fn member(name: &str, f: impl FnOnce(&mut Writer) -> &mut Writer) -> String {
    json::object(|w| {
        f(w.name(name));
    })
}

// ---- Canvases ----------------------------------------------------------------

/// Where a picture stands in space: its middle, its turn, and half of its size.
pub struct Place {
    pub origin: Vec3,
    pub orientation: Quat,
    pub half_size: [f32; 2],
}

/// pixels are RGBA, 8 bits each, the upper row first. Nearest keeps pixels square where
/// they are large.
pub fn canvas(at: &Place, width: u32, height: u32, pixels: &[u8], nearest: bool) -> String {
    json::tagged("CreateCanvas", |w| {
        w.name("position").object(|w| place_members(w, at));
        w.name("pixels").object(|w| pixels_members(w, width, height, pixels));
        w.name("sampling").text(if nearest { "Nearest" } else { "Linear" });
    })
}

pub fn relocate(at: &Place) -> String {
    json::tagged("Relocate", |w| place_members(w, at))
}

/// Another picture, of this size.
pub fn resize(width: u32, height: u32, pixels: &[u8]) -> String {
    json::tagged("Resize", |w| pixels_members(w, width, height, pixels))
}

/// A part of the picture.
pub fn blit(x: u32, y: u32, width: u32, height: u32, pixels: &[u8]) -> String {
    json::tagged("Blit", |w| {
        w.name("x").integer(x as i64).name("y").integer(y as i64);
        w.name("pixels").object(|w| pixels_members(w, width, height, pixels));
    })
}

fn place_members(w: &mut Writer, at: &Place) {
    w.name("origin").numbers(&at.origin).name("orientation").numbers(&at.orientation);
    w.name("half_size").numbers(&at.half_size);
}

fn pixels_members(w: &mut Writer, width: u32, height: u32, pixels: &[u8]) {
    w.name("width").integer(width as i64).name("height").integer(height as i64).name("data").bytes(pixels);
}

// ---- Debug lines ---------------------------------------------------------------

/// The request for lines is `null`; this is what they are then told to show.
#[derive(Default)]
pub struct Lines {
    vertices: Vec<(Vec3, Vec3)>,
}

impl Lines {
    pub fn line(&mut self, from: Vec3, to: Vec3, color: Vec3) {
        self.vertices.extend([(from, color), (to, color)]);
    }

    pub fn contents(&self) -> String {
        json::tagged("Contents", |w| {
            w.name("vertices").array(|w| {
                for (p, c) in &self.vertices {
                    w.object(|w| {
                        w.name("position").numbers(p).name("color").numbers(c);
                    });
                }
            });
            w.name("indices").array(|w| {
                for i in 0..self.vertices.len() {
                    w.integer(i as i64);
                }
            });
        })
    }
}

// ---- The window ----------------------------------------------------------------

/// What a person did at a window; of all events the ones that guests mostly want.
/// Send `"Subscribe"` with the capability that shall get them first.
pub enum Event {
    CursorMoved([f32; 2]),
    /// A button ("Left", ...) went down, or up.
    Button(String, bool),
    /// A key ("A", "Escape", "Key1", ...) went down, or up.
    Key(String, bool),
    Character(String),
    Resized([f32; 2]),
    Focused(bool),
}

pub fn event(data: &[u8]) -> Option<Event> {
    let (name, v) = json::parse(data)?.tag()?;
    let v = v?;
    let pressed = |v: json::Value| v.get("state").map(|s| s.raw() == "\"Pressed\"");
    match name {
        "CursorMoved" => Some(Event::CursorMoved(v.get("position")?.numbers()?)),
        "MouseInput" => Some(Event::Button(v.get("button")?.text()?, pressed(v)?)),
        "KeyboardInput" => {
            let input = v.get("input")?;
            Some(Event::Key(input.get("virtual_keycode")?.text()?, pressed(input)?))
        }
        "ReceivedCharacter" => Some(Event::Character(v.text()?)),
        "Resized" => Some(Event::Resized(v.numbers()?)),
        "Focused" => Some(Event::Focused(v.bool()?)),
        _ => None,
    }
}

pub fn title(text: &str) -> String {
    member("SetTitle", |w| w.text(text))
}

/// What the window does with the mouse: "None", "Confined" or "Locked".
pub fn grab(how: &str) -> String {
    member("SetCursorGrab", |w| w.text(how))
}

// ---- Virtual cameras -------------------------------------------------------------

/// A camera, which looks along -z of its orientation; where its pictures go is for the
/// viewer's user to say. vfov is in degrees, every in seconds from picture to picture.
pub fn camera(position: Vec3, orientation: Quat, vfov: f32, width: u32, height: u32, every: f32) -> String {
    json::tagged("CreateCamera", |w| {
        w.name("position").numbers(&position).name("orientation").numbers(&orientation).name("vfov").number(vfov);
        w.name("width").integer(width as i64).name("height").integer(height as i64).name("every").number(every);
    })
}

/// Moves a camera, which also takes `"Start"` and `"Stop"`.
pub fn move_camera(position: Vec3, orientation: Quat) -> String {
    json::tagged("Relocate", |w| {
        w.name("position").numbers(&position).name("orientation").numbers(&orientation);
    })
}

// ---- Terminals -------------------------------------------------------------------

/// A terminal that floats in the space. It runs a shell on the computer of the viewer that
/// is asked for it, which asks its user about who is not trusted there.
pub struct Terminal<'a> {
    /// What it showed is kept under its name, which may be empty.
    pub name: &'a str,
    /// The middle, where it faces +z before it is turned.
    pub position: Vec3,
    pub orientation: Quat,
    /// The size of the letters, in metres an em.
    pub em: f32,
    pub columns: u32,
    pub rows: u32,
    /// Metres between its edge and the letters.
    pub padding: f32,
    /// Of what is behind the letters.
    pub opacity: f32,
    /// Whether Enter starts another shell when one has ended.
    pub again: bool,
}

impl Terminal<'_> {
    pub fn request(&self) -> String {
        json::tagged("CreateTerminal", |w| {
            self.members(w);
            w.name("again").bool(self.again);
        })
    }

    /// The request for a screen of the same look without a shell, which shows what it is
    /// fed ([`feed`]). It needs nobody's permission.
    pub fn screen(&self) -> String {
        json::tagged("CreateScreen", |w| self.members(w))
    }

    fn members(&self, w: &mut Writer) {
        w.name("position").numbers(&self.position).name("orientation").numbers(&self.orientation);
        w.name("units_per_em").number(self.em).name("padding").numbers(&[self.padding; 2]).name("opacity").number(self.opacity);
        w.name("columns").integer(self.columns as i64).name("rows").integer(self.rows as i64);
        if !self.name.is_empty() {
            w.name("name").text(self.name);
        }
    }
}

/// Types at a terminal; "\r" is Enter. Paste is for what was not typed key by key.
pub fn input(text: &str) -> String {
    member("Input", |w| w.text(text))
}

pub fn paste(text: &str) -> String {
    member("Paste", |w| w.text(text))
}

/// Bytes that a screen shows as a terminal does.
pub fn feed(data: &[u8]) -> String {
    member("Feed", |w| w.bytes(data))
}

/// Other columns and rows; the letters stay as large as they are.
pub fn cells(columns: u32, rows: u32) -> String {
    json::tagged("Resize", |w| {
        w.name("columns").integer(columns as i64).name("rows").integer(rows as i64);
    })
}
