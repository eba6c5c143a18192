package service_test

import (
	"encoding/base64"

	"hearth/runtime"
)

// feed writes on a screen and waits until it is there.
func feed(g *guest, c runtime.Capability, text string) {
	g.w.T.Helper()
	g.do(c, `{"Feed":"`+base64.StdEncoding.EncodeToString([]byte(text))+`"}`)
}
