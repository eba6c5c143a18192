package main

import (
	"bufio"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestPrinter(t *testing.T) {
	type thing struct {
		Name string `json:"name"`
		N    int    `json:"n"`
	}
	things := []thing{{"a", 1}, {"", 22}, {"über\x1b[2J\tx\u202e", 3}}
	for _, c := range []struct {
		name      string
		json, tty bool
		want      string
	}{
		{"pipe", false, false, "a\t1\n-\t22\nüber\\x1b[2J\\x09x\\u202e\t3\n"},
		{"terminal", false, true, "NAME                    N\na                       1\n-                       22\nüber\\x1b[2J\\x09x\\u202e  3\n"},
		{"json", true, false, "{\"name\":\"a\",\"n\":1}\n{\"name\":\"\",\"n\":22}\n{\"name\":\"über\\u001b[2J\\tx\u202e\",\"n\":3}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			p := &printer{w: bufio.NewWriter(&b), json: c.json, tty: c.tty}
			p.columns("NAME", "N")
			for _, x := range things {
				if err := p.row(x, x.Name, strconv.Itoa(x.N)); err != nil {
					t.Fatal(err)
				}
			}
			if err := p.flush(); err != nil {
				t.Fatal(err)
			}
			if got := b.String(); got != c.want {
				t.Errorf("got\n%q\nwant\n%q", got, c.want)
			}
		})
	}
}

func TestShown(t *testing.T) {
	p := &printer{}
	at := time.Date(2026, 1, 2, 3, 4, 5, 600, time.UTC)
	if got := p.when(at); got != "2026-01-02T03:04:05.0000006Z" {
		t.Errorf("time in a pipe: %s", got)
	}
	if got := p.size(1 << 20); got != "1048576" {
		t.Errorf("size in a pipe: %s", got)
	}
	p.tty = true
	for n, want := range map[int64]string{0: "0", 1023: "1023", 1024: "1.0 KiB", 3 << 20: "3.0 MiB", 5 << 40: "5.0 TiB"} {
		if got := p.size(n); got != want {
			t.Errorf("%d on a terminal: %s, want %s", n, got, want)
		}
	}
}
