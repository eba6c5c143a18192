// Package ipc is the local control interface of a world: JSON-RPC 2.0 on a Unix
// socket, one JSON object a line, so that any language can drive a server.
//
// The key idea: one set of methods serves a running world and a stopped one. A
// server answers them on its socket; hearth-ctl answers them to itself, over a
// pipe, for a world that nothing runs, and there what needs a live process
// answers ErrNoServer.
//
// # Frames
//
// A frame is a JSON object and a line feed, at most MaxLine bytes. Bytes are
// base64 (RFC 4648, padded), CIDs are base32 text, times RFC 3339 in UTC, PIDs
// and sequence numbers are JSON numbers below 2^53. Batches (arrays) are refused:
// requests may be pipelined instead.
//
//	-> {"jsonrpc":"2.0","id":1,"method":"send","params":{"pid":7,"data":"aGk="}}
//	<- {"jsonrpc":"2.0","id":1,"result":{"seq":42}}
//	<- {"jsonrpc":"2.0","id":2,"error":{"code":-32000,"message":"no such process: 9",
//	                                    "data":{"kind":"no-process","exit":66}}}
//
// Requests of one connection are worked on at once and answered in any order,
// with one exception: messages sent without wait are accepted in the order of
// their lines. An id is a number or a string that no open call of the connection
// has.
//
// A method with many answers sends each as a notification, and its response ends
// them. Items of one call keep their order:
//
//	-> {"jsonrpc":"2.0","id":3,"method":"process.tail","params":{"pid":7,"follow":true}}
//	<- {"jsonrpc":"2.0","method":"item","params":{"call":3,"item":{...}}}
//	<- {"jsonrpc":"2.0","id":3,"result":{}}
//
// Bytes of any length travel the same way: down as items {"data":"..."}, up as
// notifications of the client behind the request. Neither side keeps more than a
// few pieces of them:
//
//	-> {"jsonrpc":"2.0","id":4,"method":"lump.put"}
//	-> {"jsonrpc":"2.0","method":"data","params":{"call":4,"data":"..."}}
//	-> {"jsonrpc":"2.0","method":"end","params":{"call":4}}
//	<- {"jsonrpc":"2.0","id":4,"result":{"cid":"bafk...","size":5,"blocks":1,"kind":"file"}}
//
//	-> {"jsonrpc":"2.0","method":"cancel","params":{"call":3}}   ends a call early
//
// Flow is controlled by the connection: who does not read is not written to. Bulk
// and quick calls are best kept on two connections.
//
// # Methods
//
//	world.info      -> Info
//	lump.put        {"root":bool,"public":bool} and data -> Lump
//	lump.get        {"cid"} -> items {"data"}, {"size"}
//	lump.stat       {"cid"} -> Lump
//	lump.list       -> items Lump
//	block.get       {"cid"} -> {"data"}
//	process.spawn   SpawnParams -> {"pid"}
//	process.list    -> items Process
//	process.kill    {"pid"}
//	process.tail    {"pid","lines","follow"} -> items LogLine
//	service.list    -> items Service
//	send            SendParams -> Sent
//	snapshot        {"text"} -> Snapshot
//	history         -> items Snapshot, newest first
//	journal         {"from","follow"} -> items Event
//	check           {"read_data"} -> items Fault, Checked
//	backup          {"at"} -> items {"data"}, Backup
//	replay          {"to"} -> Replayed
//	world.copy      {"to","into"}: a world in that folder that ends at that event
//	state           -> Replayed: the state as it is now, without a snapshot of it
//
// Of a world among peers:
//
//	peer.list          -> items Peer
//	peer.kick          {"who","reason"} -> {"kicked"}
//	peer.rules         -> items Rule
//	peer.rule          {"action","rule"}
//	credential.list    -> items Credential
//	credential.invite  InviteParams -> Invitation
//	credential.revoke  {"name"}
//	sync               SyncParams -> items SyncProgress, SyncResult
//
// A sync tells how far it is ten times a second at most. With watch it goes on, an
// item with "moved" for each snapshot that came, until it is cancelled.
//
// The types stand in types.go and peers.go; their JSON names are the contract. Unknown members
// of params are ignored.
//
// # Errors
//
// An error's data carries a stable kind and the exit code that hearth-ctl ends
// with; errors.go and peererrors.go list them. At the client an error is the same
// sentinel again, so that errors.Is does not care whether a socket stood between.
// One of kind "unknown-server" also has the server's key id, as "key": who has
// compared it repeats the call with "trust".
//
// # Access
//
// The socket is made with mode 0600 in a folder of mode 0700, and a peer whose
// user is neither the server's nor root is refused by its credentials.
package ipc
