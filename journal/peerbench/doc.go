// Package peerbench measures the journal beside the write-ahead log of etcd. It
// is a module of its own, so that etcd's dependencies stay out of Hearth's.
//
//	go test -bench . -benchtime 2s
package peerbench
