//go:build race

package mux

// raceEnabled: the detector makes pools forget at random.
const raceEnabled = true
