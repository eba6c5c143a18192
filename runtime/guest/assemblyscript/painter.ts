// A guest that sends whoever asks the requests and messages of display.ts, one each, and
// "done" behind them: to see what they look like.
import * as hearth from "./hearth";
import * as display from "./display";

hearth.handle((m: hearth.Message): void => {
  const lump = hearth.Lump.make(String.UTF8.encode("a lump"));
  const here = display.at(1, 2, 3);
  const frame = new display.Frame([0, 1, -2], [0, 0, 0, 1], [1.5, 0.75]);
  const pixels = new Uint8Array(8);
  for (let i = 0; i < 8; i++) pixels[i] = 30 * i + 10;
  const picture = new display.Pixels(2, 1, pixels);
  const terminal = new display.Terminal([0, 1.5, -2], [0, 0.6, 0, 0.8], 0.05, 80, 24);
  terminal.name = "it";
  terminal.padding = 0.1;
  terminal.opacity = 0.9;
  terminal.again = true;
  const bytes = new Uint8Array(6);
  bytes.set([27, 91, 49, 109, 200, 0]);
  const all = [
    display.model(lump, here, 0, [0.5, 0.25, 1, 1], "it"),
    display.object(lump, lump, here),
    display.directionalLight([1, 0.9, 0.8], 3, [-1, -2, -0.5], 40),
    display.pointLight([1, 2, 3], [1, 0.5, 0.25], 8, 12.5),
    display.spotLight([1, 2, 3], [0, -1, 0], [1, 1, 1], 20, 10, 0.3, 0.6),
    display.skybox(lump),
    display.ambient([0.1, 0.2, 0.3, 1]),
    display.pick(3, 4),
    display.transform(display.place([1, 2, 3], [0, 0.6, 0, 0.8], [2, 1, 0.5])),
    display.tint([1, 0, 0.123456789, 1]),
    display.hidden(true),
    display.position([-1, -0.5, 1000]),
    display.color([0.25, 0.5, 1]),
    display.intensity(2.5),
    display.canvas(frame, picture, true),
    display.relocate(frame),
    display.resize(picture),
    display.blit(5, 6, picture),
    display.lines([new display.Line([0, 0, 0], [1, 0, 0], [1, 0, 0]), new display.Line([0, 0, 0], [0, 0, 1], [0, 0, 1])]),
    display.title('a "title"'),
    display.grab("Locked"),
    display.camera([0, 2, 5], [0, 0, 0, 1], 50, 320, 180, 0.5),
    display.moveCamera([1, 2, 5], [0, 0.6, 0, 0.8]),
    terminal.request(),
    terminal.screen(),
    display.feed(bytes),
    display.input("ls\r"),
    display.paste('a "paste"'),
    display.cells(100, 30),
    "done",
  ];
  for (let i = 0; i < all.length; i++) m.reply(all[i]);
  lump.free();
});

export function _hearth_metadata(): void {
  hearth.describe("painter", "Says what guests say to what shows a space.");
}

export function _hearth_receive(mailbox: u32, signal: u32): void {
  hearth.receive(mailbox, signal);
}
