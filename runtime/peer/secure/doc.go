// Package secure is the secured connection of two peers over any net.Conn: a
// handshake in which the server proves an Ed25519 identity, both ends prove the
// password of a credential by OPAQUE (RFC 9807) and the client proves an Ed25519
// identity of its own; then authenticated records. A Gate bounds what a server does
// for those who have proved nothing.
//
// The key idea: everybody who knows the password could play the server. So the
// server also signs, and the client believes the signature (Pin) before it uses the
// password. All that both ends say goes into one transcript, and all keys come out
// of it, so that a changed bit anywhere leaves the ends without a common key.
//
// # Handshake
//
// Numbers are big-endian; "vec8" is a length in one byte and as many bytes; "text"
// is a vec8 of at most 64 bytes of printable UTF-8.
//
//	client                                            server
//	  preface, client hello (OPAQUE KE1)        ->
//	                                            <-    server hello (KE2, signature)
//	  Pin, bounds of the KSF, Argon2id
//	  client finish (KE3, sealed identity)      ->
//	                                                  Directory again, Admit
//	                                            <-    server finish (sealed status)
//	  records                                  <->    records
//
// The preface begins the connection, and its form never changes:
//
//	+--------+----------+---------+------------------+
//	| "HRTH" | first u8 | last u8 | program text     |
//	+--------+----------+---------+------------------+
//
// It offers the protocol versions first to last; the server takes the highest that
// it speaks too. The hello behind it is of the form of the first: a client that is
// refused may offer again from a higher first, never to a lower last, so that a
// forged refusal lowers nothing. This is version 1.
//
// Each message has a kind and a length, at most 1024:
//
//	+---------+----------+------------+
//	| kind u8 | len u16  | body       |
//	+---------+----------+------------+
//
//	1 client hello
//	+-----------+--------------------+-----------------+-----------------+---------+
//	| random 32 | suites vec8 (1..8) | space text >= 1 | cred. text >= 1 | KE1 96  |
//	+-----------+--------------------+-----------------+-----------------+---------+
//
//	2 server hello
//	+------------+-----------+----------+----------+---------------+------------+
//	| version u8 | random 32 | suite u8 | time u32 | memory KiB u32| threads u8 |
//	+------------+-----------+----------+----------+---------------+------------+
//	| identity 32 | program text | KE2 320 | signature 64 |
//	+-------------+--------------+---------+--------------+
//
//	3 client finish                        sealed: identity 32, signature 64
//	+--------+---------------------+
//	| KE3 64 | box 96 + tag 16     |
//	+--------+---------------------+
//
//	4 server finish                        sealed: 0, or why not, as in an alert
//	+------------------+
//	| box 1 + tag 16   |
//	+------------------+
//
//	5 alert, in place of 2 or 4; nobody signs it; its form never changes
//	+---------+----------+---------+--------------+
//	| code u8 | first u8 | last u8 | program text |
//	+---------+----------+---------+--------------+
//
// Codes: 1 malformed, 2 no common version, 3 unknown space, 4 busy, 5 not
// authenticated, 6 not admitted. The server closes behind an alert. A client reports
// one as *AlertError, because anyone on the path can write it; not admitted comes
// sealed, and so is the server's word.
//
// Suites: 1 ChaCha20-Poly1305, 2 AES-256-GCM. The client lists its own, the best
// first, the server takes the first that it has too; neither lists AES without a
// processor that does it.
//
// OPAQUE is ristretto255-SHA512 with HKDF, HMAC and hash SHA-512, Argon2id with the
// hello's parameters, a salt of 16 zero bytes and 64 bytes of output. The server's
// identity in it is the Ed25519 key in lower-case hexadecimal, the client's is its
// OPAQUE key, the credential identifier is space, NUL, credential.
//
// # Key schedule
//
// H is SHA-512 over what has been said, each part as kind u8, len u32, body; the
// preface, with its magic, is of kind 0. Parts are bodies, without the frame. The
// client finish goes in as two parts of kind 3: KE3, then what the box holds.
// Extract and Expand are HKDF-SHA512; labels are the plain text.
//
//	context          = "hearth/1 opaque context" || H(preface .. server hello up to its program text)
//	server signs       "hearth/1 server identity" 0x00 || H(preface .. server hello without signature)
//	client signs       "hearth/1 client identity" 0x00 || H1
//
//	H1               = H(preface, client hello, server hello, KE3)
//	between          = Extract(salt H1, OPAQUE's session key)
//	client box       : Expand(between, "hearth/1 client finish", 32 key + 12 nonce)
//	H2               = H(.., KE3, client identity || signature)
//	main             = Extract(salt H2, between)
//	server box       : Expand(main, "hearth/1 server finish", 32 + 12)
//	to server        = Expand(main, "hearth/1 client to server", 64)
//	to client        = Expand(main, "hearth/1 server to client", 64)
//	exporter         = Expand(main, "hearth/1 exporter", 64)
//	Exporter(label)  = Expand(exporter, "hearth/1 exporter" 0x00 label, 32)
//
// Both boxes are ChaCha20-Poly1305 with no additional data, whatever the suite.
//
// # Records
//
//	+---------+---------------------------------------------+
//	| len u24 | AEAD(type u8, payload 0..16384), tag 16     |
//	+---------+---------------------------------------------+
//
// The length, of all behind it, is the additional data. Type 0 is data, and not
// empty; type 1 is the close, and empty. For each direction, from its secret S:
//
//	key = Expand(S, "hearth/1 record key", 32)     iv = Expand(S, "hearth/1 record iv", 12)
//	next S = Expand(S, "hearth/1 next secret", 64), after 65,536 records; the count starts again
//	nonce = iv XOR the count of records under this key, as 12 bytes
//
// Nothing is resynchronised. A record that does not open, has a length that none can
// have or a type that none has ends both directions; an end without the close record
// is ErrTruncated.
//
// # Key material
//
// Keys.Marshal writes, for a file that only the server reads:
//
//	+--------+------+----------+----------+-----------+------------+-------------+
//	| "HOKM" | 1 u8 | conf. u8 | time u32 | m.KiB u32 | threads u8 | identity 32 |
//	+--------+------+----------+----------+-----------+------------+-------------+
//	| OPRF seed 64 | private key 32 | fake record 192 | SHA-256 of all before, 16 |
//	+--------------+----------------+-----------------+---------------------------+
//
// # What is promised, against whom
//
// Somebody on the path, who may change, drop, repeat and invent: reads nothing that
// is sent in records, changes nothing unnoticed, learns neither the password nor
// anything to try guesses on, nor the client's key. He sees the names of space and
// credential, both programs' versions, the server's key, lengths and times; he can
// cut the connection, which is noticed, and forge an alert, which only says that a
// connection failed. What was recorded stays unreadable when password and keys leak
// later (ephemeral keys on both sides).
//
// A server that is not the pinned one: gets a blinded element, from which nothing
// follows, and no more; also if it knows the password and every record. On first use,
// when nothing is pinned, one who knows the password can play the server.
//
// A client without the password: one guess per connection, at the gate's pace, and
// no hint whether a credential exists. One with the password cannot log in under a
// key that it does not have.
//
// A hostile server that is pinned: cannot make a client spend more than the KSF's
// ceilings, nor less than its floor; can try passwords against its own records.
//
// One who floods: an address has its guesses and places, all of them together a rate
// and a number of places; the oldest gives way, the more wrong guesses an address has
// behind it the less of the rate is for it, and a part is for those who have logged in
// before. Against more fresh addresses a second than the rate has answers, strangers
// wait; those who have been here do not.
//
// Not promised: a hidden length or timing of traffic; safety of the password where
// the client's machine, or the server's keys together with a record, are stolen (then
// Argon2id is what remains); anything about what a rightful peer sends.
package secure
