// Package runtime owns processes: mailboxes, scheduling, the registry, native
// services, and the durable world that survives a crash.
//
// The key idea: a process is a handler that is called with one signal at a time,
// so an idle process costs memory and no goroutine, and a durable process is the
// same thing with one rule added: what it sees is its own state and its event,
// nothing else. Everything it wants of the world is an effect that is collected
// while it runs, becomes an event when it has run, and reaches others only then.
//
//	outside ---accept--->  appender  ---queue--->  process ---effects---+
//	  ^                  (seq, fold,                                    |
//	  |                   journal)  <-----------------------------------+
//	  +---- held until the journal is durable past the cause -----------+
//
// Transient processes live beside it in one epoch: handler guests on the same
// scheduler, blocking guests and native services on goroutines of their own.
//
// Lock order: appender (durable.mu) before Process.mu before scheduler.mu; the
// queue of held effects (held.mu) before Process.mu. Nothing is sent to a guest
// under a lock.
package runtime
