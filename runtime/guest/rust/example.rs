//! A guest that greets whoever sends it a name, watches who asks for it, and
//! answers "later" after a second: requests whose answers come as messages.
#[macro_use]
mod hearth;

use hearth::{Capability, Mailbox, Message};
use std::collections::BTreeMap;

enum Step {
    LookUp,
    Sleep,
}

#[derive(Default)]
struct Greeter {
    /// What each of our mailboxes waits for, and whom that concerns.
    later: BTreeMap<u32, (Mailbox, Step, Capability)>,
    watched: BTreeMap<u32, (Mailbox, Capability)>,
}

handler!(Greeter);
metadata!("greeter", "Says hello.");

impl Greeter {
    fn answer(&mut self, step: Step, to: Capability, answer: Option<Message>) {
        match (step, answer) {
            (Step::LookUp, answer) => match answer.and_then(hearth::found) {
                Some(sleep) => {
                    let b = hearth::request(&sleep, b"1", &[]);
                    self.later.insert(b.id(), (b, Step::Sleep, to));
                }
                None => to.send(b"nothing to sleep on here", &[]),
            },
            (Step::Sleep, Some(_)) => to.send(b"hello, patient one", &[]),
            (Step::Sleep, None) => to.send(b"sleep has ended", &[]),
        }
    }
}

impl hearth::Handler for Greeter {
    fn message(&mut self, mailbox: u32, mut m: Message) {
        if let Some((_mailbox, step, to)) = self.later.remove(&mailbox) {
            return self.answer(step, to, Some(m));
        }
        match &m.data[..] {
            b"later" if !m.caps.is_empty() && m.caps[0].can(hearth::CAN_SEND) => {
                let b = hearth::lookup("hearth.Sleep");
                self.later.insert(b.id(), (b, Step::LookUp, m.caps.swap_remove(0)));
            }
            b"watch me" if !m.caps.is_empty() && m.caps[0].can(hearth::CAN_MONITOR) => {
                let (b, c) = (Mailbox::new(), m.caps.swap_remove(0));
                b.monitor(&c);
                self.watched.insert(b.id(), (b, c));
            }
            name => m.reply(&[b"hello, ", name].concat(), &[]),
        }
    }

    fn down(&mut self, mailbox: u32, _: Capability) {
        self.watched.remove(&mailbox);
        if let Some((_mailbox, step, to)) = self.later.remove(&mailbox) {
            self.answer(step, to, None);
        }
    }
}
