package ipc

import (
	"context"
	"errors"
	"testing"

	"hearth/lumps"
	"hearth/runtime"
	"hearth/store"
	"hearth/store/mem"
)

// obedient is a store that looks at the context first.
type obedient struct{ store.Store }

func (o obedient) Has(ctx context.Context, c lumps.CID) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	return o.Store.Has(ctx, c)
}

// A message that names lumps, and comes while the server stops, hears of that.
func TestLumpsOfAStoppingServer(t *testing.T) {
	ctx, stop := context.WithCancelCause(context.Background())
	c := &conn{ctx: ctx, s: &Server{w: World{Store: obedient{mem.New()}}}}
	stop(runtime.ErrStopped)
	if err := c.haveLumps([]lumps.CID{lumps.Sum(lumps.Raw, nil)}); !errors.Is(err, runtime.ErrStopped) {
		t.Errorf("%v", err)
	}
}
