package main

import (
	"strings"
	"testing"
)

func TestTally(t *testing.T) {
	const stream = `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"noise\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:7: no network\n"}
{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}
{"Action":"output","Package":"q","Test":"TestC","Output":"    c_test.go:9: broken\n"}
{"Action":"fail","Package":"q","Test":"TestC"}
{"Action":"output","Package":"q","Output":"FAIL\tq\t0.1s\n"}
{"Action":"fail","Package":"q"}
{"Action":"output","Package":"r","Test":"TestD","Output":"cut off\n"}
not JSON
`
	for _, c := range []struct {
		stream string
		strict bool
		ok     bool
		want   string
	}{
		{stream, false, false, "ok  \tp\t0.1s\n    c_test.go:9: broken\nFAIL\tq\t0.1s\nnot JSON\ncut off\nskipped: p TestB: b_test.go:7: no network\n1 tests in 1 packages passed, 1 failed, 1 skipped\n"},
		{`{"Action":"skip","Package":"p","Test":"TestB"}`, true, false, "skipped: p TestB: \n0 tests in 0 packages passed, 0 failed, 1 skipped\na skipped test is a failure here\n"},
		{`{"Action":"skip","Package":"p","Test":"TestB"}`, false, true, "skipped: p TestB: \n0 tests in 0 packages passed, 0 failed, 1 skipped\n"},
	} {
		var out strings.Builder
		y := newTally()
		y.read(strings.NewReader(c.stream), &out)
		if ok := y.close(&out, c.strict); ok != c.ok || out.String() != c.want {
			t.Errorf("ok %v:\n%s\nwant %v:\n%s", ok, out.String(), c.ok, c.want)
		}
	}
}
