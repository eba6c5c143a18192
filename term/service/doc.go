// Package service puts terminals into the space: a plugin of a native service that
// makes them, of the grids that show them, and of what the person at the screen does
// with them.
//
// The key idea: a terminal is a thing with a capability, and lives as long as that was
// not killed, it was not told to quit, and who asked for it (the process or the peer
// behind the reply address) is there; its shell ends with it. What came of a shell is
// fed to an emulator in short turns that all terminals share, and shown by one painter
// that looks at what changed and makes only the rows that differ:
//
//	shell ══ pty ─▶ turn (64 KiB) ─▶ term.Terminal ─▶ painter (120 a second) ─▶ scene.Grid
//	  ▲                                 │    └─ replies, events        │
//	  └── keys, pastes, the mouse ◀─────┘                   atlas ─▶ scene.Pages
//
// So a flood costs who floods: a terminal waits for as many turns as there are others,
// and the frame for nobody.
//
// # Who may
//
// A shell runs with all that the person may do on this computer. The person opens one
// with OpenHere. Others get one by Policy: None; Ask, which lets the program itself
// (and who controls it through its socket) and trusted modules have one and asks the
// person about everybody else; and Local, which does not ask about processes of this
// computer. A peer is always asked about. Who asks is what the runtime says of the
// sender (runtime.Sender), and also where the capability would go. One question is on
// the screen at a time, one for each who asks; it ends with who asked, and after a
// minute, with a no; after a no, nobody is asked about the same one for half a minute,
// and after three about nobody. "Always" is remembered for a module by its CID or a peer
// by its key. What is trusted or always permitted is so for itself: about what it asks
// for with the reply address of another process the person is asked each time.
//
// Whoever may have no shell can have a screen: it shows what it is fed. So a shell is
// shown to a room by who has it: watch it, and feed what comes to screens.
//
// # Messages
//
// A request is a message whose first capability is the reply address; the answer is in
// the encoding of the request: JSON by serde's rules, or the same data in CBOR. The
// shapes of hearth-rs come first, and ours are marked with a star. Vectors and
// quaternions are arrays ([x,y,z], [x,y,z,w]), bytes are base64, in CBOR also a byte
// string. Fields with ? may be left out; null is the same.
//
//	hearth.terminal.TerminalFactory
//	  {"CreateTerminal":state} -> {"Ok":"Terminal"} terminal | {"Err":{kind:sentence}}
//	     state: {position,*orientation?,half_size,*opacity?,*padding?,units_per_em,*colors?:{index:0xRRGGBB}}
//	     *      and beside these {name?,command?:{path,args?,dir?},columns?,rows?,again?,keep?}
//	            columns and rows, without a half_size, say how large it is; again: Enter
//	            starts another shell when one has ended, instead of closing the terminal;
//	            a terminal with a name is kept, unless keep is false (see below)
//	* {"CreateScreen":state} -> {"Ok":"Screen"} screen: without a shell; it needs no permission
//	* "Describe" -> {"Ok":{"Describe":{shell,terminals,services}}}
//	* from who controls this program through its socket:
//	  "List" -> {"Ok":{"List":[{id,name,title,who,kind,columns,rows,pid,ended,focused}]}}
//	  {"Open":{name?,command?}} -> {"Ok":{"Opened":{id,name}}}: before the person's eyes
//	  {"Tell":{terminal:id,message}} -> what the terminal answers to the message; there is
//	       also {"Screen":{columns?,rows?,since?}} -> {"Ok":{"Screen":{serial,columns,rows,
//	       title,ended,lines,cursor:{column,row,visible,shape},app_cursor,app_keypad,paste}}}
//	       | {"Ok":"Nothing"} where that is what has the serial that since names
//
//	terminal
//	  "Quit"   {"Input":text}   {"State":state}
//	* {"Resize":{columns,rows}}: letters keep their size, and the half size follows. With
//	       State it is the other way round: as many cells as fit.
//	* {"Paste":text}  {"Scroll":lines} (into the history; back with less than 0)
//	* {"Select":{from:{line,column},to,kind?:"Cells"|"Words"|"Lines"|"Block"}|null}
//	* "Copy" -> {"Ok":{"Text":selected}}   "Text"|{"Text":{history:lines}} -> {"Ok":{"Text":screen}}
//	* {"Search":{text,back?,from?}} -> {"Ok":{"Found":{from,to}}} | {"Ok":"Nothing"}: shown and selected
//	* {"Feed":bytes}: to a screen alone
//	* "Describe" -> {"Ok":{"Describe":{id,name,title,client,kind,columns,rows,running,ended,focused,rights,state}}}
//	* {"Share":["View","Type","Resize"]} -> {"Ok":"Share"} capability: with these rights alone. View is
//	       Text, Describe and Watch; Type is Input and Paste; Resize is Resize. Killing it takes it back.
//	       Give it on without the permission to kill.
//	* {"Watch":null}: the first capability gets events, from a Replay on. {"Unwatch":null}: no more
//
//	* events, in the encoding of Watch
//	  {"Replay":{columns,rows,title,data}}: fed to a fresh terminal of that size, the screen as it is.
//	       It comes again when a watcher was too slow for the output in between
//	  {"Output":bytes} {"Resized":{columns,rows}} {"Title":text} {"Directory":path} "Bell"
//	  {"Notification":{title,text}} {"Mark":{mark,line,exit}} {"Focused":bool} {"Exit":{text,code}}
//	  {"Input":bytes}: what the person typed at a screen without a shell, for who made it. Of what is
//	       typed into a shell nobody is told: it may be a password.
//
// A message gets no answer unless its first capability is a reply address: then
// {"Ok":"Ok"} when it was followed, or {"Err":{kind:sentence}}, kind being Refused,
// Parse, Value, Full, Busy, Gone, Unavailable or Other.
//
// # What programs may not
//
// Output is anybody's. A program hears nothing of the clipboard, and sets it only while
// its terminal has the focus and not more than once a second. Titles and notifications
// lose their controls and what turns the direction of text, and they, bells and marks
// are told a few times a second at most. Links are followed when the person clicks on
// them with Ctrl, and only to http, https and mailto.
//
// # What was
//
// The screens of terminals with a name, and of the person's, are kept every few seconds
// and by Close. When the same one makes a terminal with the same name again, and for the
// person's when the program begins again, it shows what was, with a line that says that
// the shell ended; a key, or Input, starts a new shell beneath it. A terminal that was
// closed on purpose is not kept.
//
// Lock order: Plugin.mu, session.mu; painter.mu; Plugin.life. Nothing is sent under one
// of them, but for what goes to a shell, whose queue does not block.
package service
