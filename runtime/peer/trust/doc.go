// Package trust says who is believed among peers, and owns the files that hold it:
// the identity of this machine, the servers that a client knows, the credentials
// that a server takes, and who is let in.
//
// The key idea: a key is always written whole. A KeyID is the 32 bytes of an
// Ed25519 key with check characters, so two ids are equal exactly when the keys
// are, and a slip of the keyboard is named instead of being a stranger.
//
// # A key id
//
// The key in base32 (RFC 4648, A-Z and 2-7, no padding) is 52 characters: four
// groups of 13, each with a check character behind it (Luhn mod 32 over the 13),
// joined by dashes. There is one way to write a key:
//
//	AAAQEAYEAUDAO5-CAJBIFQYDIOB4X-IBCEQTCQKRMFYM-YDENBWHA5DYPQS
//
// # A link
//
//	hearth://HOST[:PORT]/SPACE[?id=KEYID][&cred=NAME][#SECRET]          TCP, port 4920
//	hearth+ws://HOST[:PORT][/PREFIX...]/SPACE[?...][#SECRET]            WebSocket, port 80
//	hearth+wss://HOST[:PORT][/PREFIX...]/SPACE[?...][#SECRET]           over TLS, port 443
//
// The prefix is what a reverse proxy needs to find the server; the request asks
// for /PREFIX/SPACE. A secret stands in the fragment, and only there.
//
// # Files
//
// Every file is 0600, replaced as a whole by a rename and durable when the call
// returns. Who writes holds FILE.lock by flock; readers take no lock. Between two
// writes the time of change always grows, so that a reader that looks at time,
// size and inode sees every change of another process.
//
// The identity, 80 bytes, integers little endian:
//
//	 0         8           12      16        48          80
//	+---------+-----------+-------+---------+-----------+
//	| magic 8 | version 4 | crc 4 | seed 32 | public 32 |
//	+---------+-----------+-------+---------+-----------+
//
//	magic    "hearthI\n"
//	version  1
//	crc      CRC-32C of the 80 bytes with this field zero
//	seed     the private key of RFC 8032
//	public   its public key, so that a damaged seed is seen
//
// The known servers, a line each; empty lines and those that begin with # are
// kept and mean nothing:
//
//	HOST:PORT SPACE KEYID TIME HOW
//
//	SPACE  percent-encoded
//	TIME   RFC 3339, UTC
//	HOW    asked: a person said yes. given: the key stood in a link or an argument
//
// The credentials and the access list are JSON and say their version:
//
//	{"version":1, "keys":BASE64, "credentials":[{"name", "record":BASE64, "role",
//	 "note", "made", "expires"}...]}
//	{"version":1, "rules":[{"rule", "action":"allow"|"block", "made"}...]}
//
// A newer version is refused, and so is what does not read as written here: no
// file of trust is ever mended by a guess.
package trust
