package main

import (
	"errors"
	"testing"
	"time"

	"hearth/cmd/internal/exit"
	"hearth/runtime/peer/trust"
)

// A file or a key is for every link, or for the side that it names.
func TestLogins(t *testing.T) {
	const link, folder = "hearth://h/x", "folder"
	a := trust.KeyID([]byte("a key that nobody has made it of"))
	b := trust.KeyID([]byte("another key of the same fine sort"[:32]))
	for _, x := range []struct {
		args        []string
		files, keys []string
		of          []string
		want        [2]login // not looked at if bad
		bad         bool
	}{
		{args: []string{folder, folder}},
		{args: []string{link, folder}, files: []string{"f"}, keys: []string{a}, want: [2]login{{passwordFile: "f", trust: a}, {}}},
		{args: []string{folder, "@f"}, files: []string{"B=f"}, want: [2]login{{}, {passwordFile: "f"}}},
		{args: []string{link, link}, files: []string{"f"}, want: [2]login{{passwordFile: "f"}, {passwordFile: "f"}}},
		{args: []string{link, link}, files: []string{"B=f", "A=g"}, keys: []string{"A=" + a, "B=" + b}, want: [2]login{{passwordFile: "g", trust: a}, {passwordFile: "f", trust: b}}},
		{args: []string{"-", link}, files: []string{"B=f"}, want: [2]login{{}, {passwordFile: "f"}}},
		{args: []string{link, link}, files: []string{"./A=f"}, want: [2]login{{passwordFile: "./A=f"}, {passwordFile: "./A=f"}}},
		{args: []string{folder, link}, of: []string{"home"}, want: [2]login{{}, {of: "home"}}},
		{args: []string{link, link}, of: []string{"B=home"}, want: [2]login{{}, {of: "home"}}},
		{args: []string{link, link}, of: []string{"a/b"}, bad: true},
		{args: []string{folder, folder}, of: []string{"home"}, bad: true},
		{args: []string{folder, folder}, files: []string{"f"}, bad: true},
		{args: []string{link, folder}, files: []string{"B=f"}, bad: true},
		{args: []string{link, link}, files: []string{"f", "B=g"}, bad: true},
		{args: []string{link, link}, keys: []string{a, b}, bad: true},
		{args: []string{link, "-"}, files: []string{"A=-"}, bad: true},
		{args: []string{folder, link + "#hush"}, bad: true},
	} {
		got, err := logins(x.args, x.files, x.keys, x.of)
		if (err != nil) != x.bad || err == nil && got != x.want {
			t.Errorf("%q with %q and %q: %+v, %v", x.args, x.files, x.keys, got, err)
		}
		if err != nil && exit.Code(err) != 64 {
			t.Errorf("%q with %q and %q: exit code %d", x.args, x.files, x.keys, exit.Code(err))
		}
	}
	if _, err := logins([]string{folder, link + "#hush"}, nil, nil, nil); !errors.Is(err, trust.ErrSecretInArgument) {
		t.Errorf("a secret: %v", err)
	}
}

func TestParseSpan(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"90m": 90 * time.Minute, "12h": 12 * time.Hour, "7d": 7 * 24 * time.Hour, "1h30m": 90 * time.Minute, "65535d": 65535 * 24 * time.Hour,
		"": 0, "d": 0, "-1d": 0, "0d": 0, "1.5d": 0, "-3h": 0, "0s": 0, "65536d": 0, "soon": 0, "1d12h": 0,
	} {
		got, err := parseSpan(s)
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %v, %v", s, got, err)
		}
	}
}
