//! A guest that sends whoever asks the requests and messages of display.rs, one each, and
//! "done" behind them: to see what they look like.
#[allow(unused_macros)]
#[macro_use]
mod hearth;
mod display;
mod json;

use hearth::{Lump, Message};

#[derive(Default)]
struct Painter;

handler!(Painter);
metadata!("painter", "Says what guests say to what shows a space.");

impl hearth::Handler for Painter {
    fn message(&mut self, _mailbox: u32, m: Message) {
        let lump = Lump::new(b"a lump");
        let (id, here) = (lump.id(), display::at(1.0, 2.0, 3.0));
        let frame = display::Place { origin: [0.0, 1.0, -2.0], orientation: display::UNTURNED, half_size: [1.5, 0.75] };
        let pixels: Vec<u8> = (0..8).map(|i| 30 * i + 10).collect();
        let mut lines = display::Lines::default();
        lines.line([0.0; 3], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]);
        lines.line([0.0; 3], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0]);
        let model = display::Model { animation: Some(0), tint: [0.5, 0.25, 1.0, 1.0], name: "it", ..display::model(&id, &here) };
        let terminal = display::Terminal {
            name: "it",
            position: [0.0, 1.5, -2.0],
            orientation: [0.0, 0.6, 0.0, 0.8],
            em: 0.05,
            columns: 80,
            rows: 24,
            padding: 0.1,
            opacity: 0.9,
            again: true,
        };
        for text in [
            model.request(),
            display::object(&id, &id, &here),
            display::directional_light([1.0, 0.9, 0.8], 3.0, [-1.0, -2.0, -0.5], 40.0),
            display::point_light([1.0, 2.0, 3.0], [1.0, 0.5, 0.25], 8.0, 12.5),
            display::spot_light([1.0, 2.0, 3.0], [0.0, -1.0, 0.0], [1.0; 3], 20.0, 10.0, 0.3, 0.6),
            display::skybox(&id),
            display::ambient([0.1, 0.2, 0.3, 1.0]),
            display::pick(3.0, 4.0),
            display::transform(&display::place([1.0, 2.0, 3.0], [0.0, 0.6, 0.0, 0.8], [2.0, 1.0, 0.5])),
            display::tint([1.0, 0.0, 0.123456789, 1.0]),
            display::hidden(true),
            display::position([-1.0, -0.5, 1000.0]),
            display::color([0.25, 0.5, 1.0]),
            display::intensity(2.5),
            display::canvas(&frame, 2, 1, &pixels, true),
            display::relocate(&frame),
            display::resize(2, 1, &pixels),
            display::blit(5, 6, 2, 1, &pixels),
            lines.contents(),
            display::title("a \"title\""),
            display::grab("Locked"),
            display::camera([0.0, 2.0, 5.0], display::UNTURNED, 50.0, 320, 180, 0.5),
            display::move_camera([1.0, 2.0, 5.0], [0.0, 0.6, 0.0, 0.8]),
            terminal.request(),
            terminal.screen(),
            display::feed(&[27, b'[', b'1', b'm', 200, 0]),
            display::input("ls\r"),
            display::paste("a \"paste\""),
            display::cells(100, 30),
            "done".into(),
        ] {
            m.reply(text.as_bytes(), &[]);
        }
    }
}
