package mem

import (
	"context"
	"errors"
	"testing"

	"hearth/lumps"
	"hearth/store"
)

func TestDamageIsFound(t *testing.T) {
	s, data := New(), []byte("some bytes")
	c := lumps.Sum(lumps.Raw, data)
	if err := s.Put(context.Background(), store.Block{CID: c, Data: data}); err != nil {
		t.Fatal(err)
	}
	s.blocks[c.Multihash()].Data[3]++
	var damage *store.CorruptError
	if _, err := s.Get(context.Background(), c); !errors.As(err, &damage) || damage.CID != c {
		t.Errorf("damaged bytes were returned: %v", err)
	}
}
