// A guest that greets whoever sends it a name, watches who asks for it, and
// answers "later" after a second: a request to a service that is looked up first.
import * as hearth from "./hearth";

// What is carried through requests is the handle of whom to answer.
hearth.handle((m: hearth.Message): void => {
  const text = m.text;
  if (text == "later") {
    const to = m.take(0);
    if (to && to.can(hearth.CAN_SEND)) hearth.lookup("hearth.Sleep", foundSleep, to.handle);
    else if (to) to.free();
    return;
  }
  if (text == "watch me" && m.caps.length > 0) {
    const c = m.take(0);
    if (c && c.can(hearth.CAN_MONITOR)) {
      hearth.watch(c, (h: u32): void => new hearth.Capability(h).free(), c.handle);
    } else if (c) c.free();
    return;
  }
  m.reply("hello, " + text);
});

function foundSleep(sleep: hearth.Capability | null, h: u32): void {
  if (!sleep) {
    const to = new hearth.Capability(h);
    to.sendText("nothing to sleep on here");
    to.free();
    return;
  }
  hearth.request(sleep, "1", [], (answer: hearth.Message | null, h: u32): void => {
    const to = new hearth.Capability(h);
    to.sendText(answer ? "hello, patient one" : "sleep has ended");
    to.free();
  }, h);
  sleep.free();
}

export function _hearth_metadata(): void {
  hearth.describe("greeter", "Says hello.");
}

export function _hearth_receive(mailbox: u32, signal: u32): void {
  hearth.receive(mailbox, signal);
}
