package main

import (
	"path/filepath"
	"testing"
)

// A client that joins does so with another world than the user's own, whose things would
// stand amid the server's and be reached from there.
func TestDefaultWorlds(t *testing.T) {
	data := t.TempDir()
	t.Setenv("XDG_DATA_HOME", data)
	t.Setenv("HEARTH_CLIENT_WORLD", "")
	for connect, want := range map[string]string{"": "client", "hearth://127.0.0.1/plaza": "joined"} {
		f := flags{connect: connect}
		if got, err := f.defaultWorld(); err != nil || got != filepath.Join(data, "hearth", want) {
			t.Errorf("%q: %s, %v", connect, got, err)
		}
	}
	t.Setenv("HEARTH_CLIENT_WORLD", "/elsewhere")
	f := flags{connect: "hearth://127.0.0.1/plaza"}
	if got, err := f.defaultWorld(); err != nil || got != "/elsewhere" {
		t.Errorf("%s, %v", got, err)
	}
}
