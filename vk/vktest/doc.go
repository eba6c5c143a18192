// Package vktest is what tests of the renderer stand on: a device that fails the
// test when validation says anything, and pictures that are compared as eyes do.
//
// Devices draw on the CPU by default, so that every machine sees the same. The
// environment variable HEARTH_VK_DEVICE names another device by a part of its name.
//
// A golden picture lies in testdata; `go test -update` writes those that differ.
// Look at what it wrote.
package vktest
