// Package crashtest finds out what a crash at any instant leaves of a program's
// files, and whether the program can live with it.
//
// A workload runs on a file system in memory that records every write, truncate,
// create, rename, remove and sync: in this process through journal.FS (RunFS),
// or as an unmodified program in a child process, through FUSE (Run). The key
// idea is that the record, not the program, is then crashed: at any operation
// the states are built that a power cut could leave there, and each is checked.
//
// # The crash model
//
// A file keeps what was written up to its last sync. Of the later writes and
// truncates any subset may have reached the disk, in their order, and of the
// last one only some of its 512-byte sectors. Of the changes to names since the
// last sync of their folder a prefix may have, as a file system with a journal
// of its own does it. What the program was told meanwhile (acknowledgements) is
// in the record too, so the check knows what must not be lost.
//
// # Mutants
//
// A test that cannot fail proves nothing. Drop removes operations from the
// record, for instance every sync of a certain file: the states are then those
// of a program that forgot it, and the check must find a violation.
package crashtest
