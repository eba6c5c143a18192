package view

import (
	"context"

	"hearth/lumps"
	"hearth/runtime"
	"hearth/store/asset"
)

// source is where what is drawn comes from: the store of the world and, for what it
// lacks, the peers who named it.
type source struct {
	store asset.Source
	ready chan struct{} // closed when rt is set
	rt    *runtime.Runtime
}

// Open waits for the runtime: services may be asked for a lump while the world is
// still being restored.
func (s *source) Open(ctx context.Context, c lumps.CID) (asset.Content, error) {
	select {
	case <-s.ready:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := s.rt.Ensure(ctx, c); err != nil {
		return nil, err
	}
	return s.store.Open(ctx, c)
}

func (s *source) started(rt *runtime.Runtime) {
	s.rt = rt
	close(s.ready)
}
