// Package world owns the folder that a space lives in: what is in it, who has it
// open, and how one comes to be.
//
//	DIR/format      JSON: the version of this layout and who wrote it
//	DIR/lock        flock, exclusive for whoever has the world open; JSON: who that is
//	DIR/store/      blocks, roots, the catalogue (package store/bolt)
//	DIR/journal/    events (package journal)
//	DIR/cache/      compiled modules, and crumbs: what a replay was executing when it
//	                crashed; terminals/: what was on screens; may be deleted
//	DIR/branch      only in a copy that has not run yet: the branch that its first
//	                epoch begins, 32 hexadecimal digits
//	DIR/empty       only in a world that was made without being run: its first process
//	                may still come
//	DIR/peer/       who is believed among peers: key, passwords, lists; and who may open
//	                terminals; no backup has it
//	DIR/standby     only in a world that follows another and has not run
//	DIR/unfinished  only while a world is being made
//
// The key idea: a world is a folder with a format file, which is written last, at
// once and durably. Making one is a transaction: until Commit nobody was told of
// it, and what a crash left behind (the file unfinished says so) is removed by
// the next attempt. So a new world, its first process, a restored backup are
// there whole or not at all.
package world
