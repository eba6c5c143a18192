package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	bbolt "go.etcd.io/bbolt"

	"hearth/lumps"
	"hearth/store"
	"hearth/store/mem"
	"hearth/store/storetest"
)

// small makes every test begin packs and flush.
var small = Options{PackSize: 20_000, FlushEntries: 20, noSync: true}

// copyDir is what a crash at this moment leaves, if everything written arrives.
func copyDir(t testing.TB, from string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(filepath.Join(to, "s"), os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(to, "s")
}

// fill puts blocks, lumps and roots into s and into a model, and removes some.
func fill(t testing.TB, s store.Store, seed uint64) (*mem.Store, []store.Block) {
	t.Helper()
	m := mem.New()
	bs := storetest.Blocks(seed, 120, 500)
	for i, part := range slices.Collect(slices.Chunk(bs, 6)) {
		for _, st := range []store.Store{s, m} {
			err := errors.Join(
				st.Put(ctx, part...),
				st.AddLump(ctx, store.Lump{CID: part[0].CID, Size: 3000, Blocks: 6}, store.Lump{CID: part[1].CID, Blocks: 1}),
				st.RemoveLump(ctx, part[1].CID),
				st.SetRoot(ctx, fmt.Sprint("root ", i), part[0].CID),
				st.SetRoot(ctx, "head", part[2].CID),
				st.SetRoot(ctx, "brief", part[2].CID),
				st.SetRoot(ctx, "brief", lumps.CID{}))
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return m, bs
}

func packFiles(t testing.TB, dir string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "packs", "*.pack"))
	if err != nil || len(all) == 0 {
		t.Fatalf("packs: %v, %v", all, err)
	}
	return all
}

func edit(t testing.TB, path string, f func(b []byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, f(b), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A process that dies leaves nothing behind that the next one does not find.
func TestCrashWithoutClose(t *testing.T) {
	s, _ := mustOpen(t, t.TempDir(), small)
	m, _ := fill(t, s, 1)
	if _, err := os.Stat(s.indexPath()); err != nil {
		t.Fatal(err)
	}
	s2, rep := mustOpen(t, copyDir(t, s.dir), small)
	storetest.Same(t, s2, m)
	if rep.Records == 0 || rep.Rebuilt != "" || rep.Cut != nil || rep.Damaged != nil {
		t.Errorf("report: %+v", rep)
	}
}

func TestLostIndex(t *testing.T) {
	s, _ := mustOpen(t, t.TempDir(), small)
	m, _ := fill(t, s, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s2, _ := mustOpen(t, t.TempDir(), small) // another store's index
	fill(t, s2, 2)
	if err := s2.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(s.indexPath())
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := os.ReadFile(s2.indexPath())
	if err != nil {
		t.Fatal(err)
	}
	for name, index := range map[string][]byte{
		"missing":  nil,
		"empty":    {},
		"zeros":    make([]byte, len(whole)),
		"noise":    bytes.Repeat([]byte("noise"), 20000),
		"one page": whole[:4096],
		"cut":      whole[:3*4096],
		"foreign":  foreign,
	} {
		t.Run(name, func(t *testing.T) {
			dir := copyDir(t, s.dir)
			path := filepath.Join(dir, "index.db")
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if index != nil {
				if err := os.WriteFile(path, index, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s3, rep := mustOpen(t, dir, small)
			if rep.Rebuilt == "" || len(rep.Damaged) > 0 || len(rep.Cut) > 0 {
				t.Errorf("report: %+v", rep)
			}
			storetest.Same(t, s3, m)
		})
	}
}

// Whatever is flipped in the database, nothing panics, no wrong bytes come out,
// and a rebuilt index has everything.
func TestGarbledIndex(t *testing.T) {
	s, _ := mustOpen(t, t.TempDir(), small)
	m, bs := fill(t, s, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	dir := copyDir(t, s.dir)
	whole, err := os.ReadFile(s.indexPath())
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for round := range 60 {
		b := bytes.Clone(whole)
		for range 1 + rnd.IntN(30) {
			b[rnd.IntN(len(b))] ^= 1 << rnd.IntN(8)
		}
		if round%3 == 0 { // a page of noise
			at := rnd.IntN(len(b)/4096) * 4096
			for i := range b[at : at+4096] {
				b[at+i] = byte(rnd.Uint32())
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "index.db"), b, 0o600); err != nil {
			t.Fatal(err)
		}
		s2, _, err := Open(dir, small)
		if err == nil {
			for _, b := range bs {
				if got, err := s2.Get(ctx, b.CID); err == nil && !bytes.Equal(got, b.Data) {
					t.Fatalf("round %d: wrong bytes", round)
				}
			}
			for range s2.List(ctx) {
			}
			s2.Check(ctx, true, func(Fault) {})
			s2.Close()
		}
		opts := small
		opts.RebuildIndex = true
		s3, _, err := Open(dir, opts)
		if err != nil {
			t.Fatalf("round %d: rebuild: %v", round, err)
		}
		storetest.Same(t, s3, m)
		if err := s3.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// The end of the last pack may be anything: what came before it is there, the
// rest is cut off and said to be, and the store goes on.
func TestTornTail(t *testing.T) {
	s, _ := mustOpen(t, t.TempDir(), Options{noSync: true})
	early, late := storetest.Blocks(1, 30, 300), storetest.Blocks(2, 5, 700)
	if err := s.Put(ctx, early...); err != nil {
		t.Fatal(err)
	}
	whole := s.active.size
	if err := s.Put(ctx, late...); err != nil {
		t.Fatal(err)
	}
	image := copyDir(t, s.dir)
	pack, err := os.ReadFile(packFiles(t, image)[0])
	if err != nil {
		t.Fatal(err)
	}
	record := int64(recHeader + 700)
	for keep := whole; keep < int64(len(pack)); keep += 131 {
		dir := copyDir(t, image)
		edit(t, packFiles(t, dir)[0], func(b []byte) []byte {
			switch keep % 3 {
			case 0:
				return b[:keep]
			case 1: // the size arrived, the bytes did not
				clear(b[keep:])
				return b
			default:
				for i := range b[keep:] {
					b[keep:][i] ^= 0x5a
				}
				return b
			}
		})
		s2, rep := mustOpen(t, dir, Options{noSync: true})
		kept := (keep - whole) / record
		for i, b := range append(slices.Clone(early), late...) {
			_, err := s2.Get(ctx, b.CID)
			if want := i < len(early)+int(kept); want != (err == nil) {
				t.Fatalf("%d bytes kept: block %d: %v", keep, i, err)
			}
		}
		if (keep-whole)%record != 0 || keep%3 != 0 {
			if want := whole + kept*record; len(rep.Cut) != 1 || rep.Cut[0].Offset != want || s2.active.size != want {
				t.Fatalf("%d bytes kept: report %+v, size %d, want a cut at %d", keep, rep, s2.active.size, want)
			}
		}
		if err := s2.Put(ctx, late...); err != nil {
			t.Fatal(err)
		}
		if err := s2.Close(); err != nil {
			t.Fatal(err)
		}
		s3, rep := mustOpen(t, dir, Options{noSync: true})
		if !rep.Clean() {
			t.Fatalf("%d bytes kept: the second open found %s", keep, rep)
		}
		for _, b := range late {
			if _, err := s3.Get(ctx, b.CID); err != nil {
				t.Fatal(err)
			}
		}
		s3.Close()
	}
}

// Damage with records behind it is no torn tail: what is behind it counts.
func TestDamageInTail(t *testing.T) {
	s, _ := mustOpen(t, t.TempDir(), Options{noSync: true})
	bs := storetest.Blocks(1, 10, 300)
	if err := s.Put(ctx, bs...); err != nil {
		t.Fatal(err)
	}
	if err := s.SetRoot(ctx, "r", bs[9].CID); err != nil {
		t.Fatal(err)
	}
	const record = recHeader + 300
	for name, at := range map[string]int{"body": 100, "length": 5, "kind": 8, "digest": 20} {
		t.Run(name, func(t *testing.T) {
			dir := copyDir(t, s.dir)
			edit(t, packFiles(t, dir)[0], func(b []byte) []byte { b[packHeader+3*record+at] ^= 0x81; return b })
			s2, rep := mustOpen(t, dir, Options{noSync: true})
			want := Range{"00000001.pack", packHeader + 3*record, record}
			if len(rep.Cut) != 0 || !slices.Equal(rep.Damaged, []Range{want}) {
				t.Errorf("report %+v, want damage of %v", rep, want)
			}
			for i, b := range bs {
				if _, err := s2.Get(ctx, b.CID); (err == nil) != (i != 3) {
					t.Errorf("block %d: %v", i, err)
				}
			}
			if c, err := s2.Root(ctx, "r"); err != nil || c != bs[9].CID {
				t.Errorf("root: %v, %v", c, err)
			}
		})
	}
}

// A lump that holds a pack is content: what looks like records in it does not
// count, even where damage makes the store search for records.
func TestPackWithinALump(t *testing.T) {
	evil := appendPackHeader(nil, 1, 0)
	for i := range 20 {
		evil = appendRecord(evil, uint32(i), kindRoot, lumps.Sum(lumps.Raw, nil), []byte("head"))
	}
	s, _ := mustOpen(t, t.TempDir(), Options{noSync: true})
	b := store.Block{CID: lumps.Sum(lumps.Raw, evil), Data: evil}
	after := storetest.Blocks(1, 1, 100)[0]
	if err := s.Put(ctx, b, after); err != nil {
		t.Fatal(err)
	}
	dir := copyDir(t, s.dir)
	edit(t, packFiles(t, dir)[0], func(b []byte) []byte { b[packHeader+4] ^= 0xff; return b })
	s2, rep := mustOpen(t, dir, Options{noSync: true})
	if len(rep.Damaged) != 1 {
		t.Errorf("report %+v", rep)
	}
	if c, err := s2.Root(ctx, "head"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("content set a root to %s, %v", c, err)
	}
	if _, err := s2.Get(ctx, after.CID); err != nil {
		t.Error(err)
	}
}

func TestFormatVersions(t *testing.T) {
	s, _ := mustOpen(t, t.TempDir(), small)
	m, _ := fill(t, s, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	expect := func(t *testing.T, dir string, file string) {
		t.Helper()
		var newer *VersionError
		if _, _, err := Open(dir, small); !errors.As(err, &newer) || newer.Found != 7 || !strings.HasSuffix(newer.File, file) {
			t.Errorf("Open: %v", err)
		}
	}
	t.Run("newer pack", func(t *testing.T) {
		dir := copyDir(t, s.dir)
		edit(t, packFiles(t, dir)[0], func(b []byte) []byte {
			binary.LittleEndian.PutUint32(b[8:], 7)
			binary.LittleEndian.PutUint32(b[28:], crc32.Checksum(b[:28], castagnoli))
			return b
		})
		expect(t, dir, "00000001.pack")
	})
	t.Run("newer index", func(t *testing.T) {
		dir := copyDir(t, s.dir)
		db, err := bbolt.Open(filepath.Join(dir, "index.db"), 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Update(func(tx *bbolt.Tx) error {
			return tx.Bucket(bucketMeta).Put(metaVersion, []byte{7, 0, 0, 0})
		}); err != nil {
			t.Fatal(err)
		}
		db.Close()
		expect(t, dir, "index.db")
	})
	t.Run("damaged header", func(t *testing.T) {
		files := packFiles(t, s.dir)
		for _, which := range []int{0, len(files) - 1} {
			dir := copyDir(t, s.dir)
			edit(t, packFiles(t, dir)[which], func(b []byte) []byte { b[9] = 3; return b })
			s2, rep := mustOpen(t, dir, small)
			if len(rep.Damaged) != 1 {
				t.Errorf("report %+v", rep)
			}
			storetest.Same(t, s2, m)
			if err := s2.Put(ctx, storetest.Blocks(9, 1, 10)...); err != nil {
				t.Error(err)
			}
			if which > 0 && s2.active.number == uint32(len(files)) {
				t.Error("the pack with the damaged header is still added to")
			}
		}
	})
	t.Run("no pack at all", func(t *testing.T) {
		dir := t.TempDir()
		os.Mkdir(filepath.Join(dir, "packs"), 0o700)
		os.WriteFile(filepath.Join(dir, "packs", "00000001.pack"), []byte("hello"), 0o600)
		var not *NotPackError
		if _, _, err := Open(dir, small); !errors.As(err, &not) {
			t.Errorf("Open: %v", err)
		}
	})
	t.Run("missing pack", func(t *testing.T) {
		dir := copyDir(t, s.dir)
		if err := os.Remove(packFiles(t, dir)[1]); err != nil {
			t.Fatal(err)
		}
		var missing *MissingPacksError
		if _, _, err := Open(dir, small); !errors.As(err, &missing) || !slices.Equal(missing.Packs, []string{"00000002.pack"}) {
			t.Errorf("Open: %v", err)
		}
		opts := small
		opts.RebuildIndex = true
		s2, rep := mustOpen(t, dir, opts)
		if rep.Rebuilt == "" {
			t.Errorf("report %+v", rep)
		}
		if c, err := s2.Root(ctx, "head"); err != nil {
			t.Errorf("head: %v, %v", c, err)
		}
	})
	t.Run("shorter pack", func(t *testing.T) {
		dir := copyDir(t, s.dir)
		files := packFiles(t, dir)
		edit(t, files[len(files)-1], func(b []byte) []byte { return b[:len(b)-1] })
		_, rep := mustOpen(t, dir, small)
		if rep.Rebuilt == "" || len(rep.Cut) != 1 {
			t.Errorf("report %+v", rep)
		}
	})
}

const childDir = "HEARTH_TEST_CHILD_DIR"

// writeUntilKilled is the other process of the tests below: this test binary, started with
// the folder in its environment. It writes until it is killed.
func writeUntilKilled(dir string) {
	s, _, err := Open(dir, Options{PackSize: 1 << 20, FlushEntries: 200})
	if errors.Is(err, ErrLocked) {
		fmt.Println("locked")
		os.Exit(0)
	}
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	for seed := rand.Uint64() >> 32; ; seed++ {
		bs := storetest.Blocks(seed, 1+int(seed%40), 10+int(seed%3000))
		if err := errors.Join(s.Put(ctx, bs...), s.SetRoot(ctx, "last", bs[0].CID)); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		fmt.Println("acked", seed&0xffffffff) // the write is done when Println returns
	}
}

func child(t *testing.T, dir string) *exec.Cmd {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), childDir+"="+dir)
	c.Stderr = os.Stderr
	return c
}

func TestLocked(t *testing.T) {
	dir := t.TempDir()
	s, _ := mustOpen(t, dir, small)
	if _, _, err := Open(dir, small); !errors.Is(err, ErrLocked) {
		t.Errorf("a second open here: %v", err)
	}
	out, err := child(t, dir).Output()
	if err != nil || !strings.HasPrefix(string(out), "locked\n") {
		t.Errorf("a second process: %q, %v", out, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, rep := mustOpen(t, dir, small); !rep.Clean() {
		t.Errorf("report %+v", rep)
	}
}

// What a process was told is stored survives its being killed at any instant.
func TestKilled(t *testing.T) {
	rounds := 4
	if os.Getenv("HEARTH_SOAK") != "" {
		rounds = 100
	}
	dir := t.TempDir()
	acked := map[uint64]bool{}
	for round := range rounds {
		c := child(t, dir)
		pipe, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		// Kill after some lines, wherever the child is by then.
		buf := make([]byte, 64+rand.IntN(1500))
		got, _ := io.ReadFull(pipe, buf)
		c.Process.Kill()
		rest, _ := io.ReadAll(pipe)
		c.Wait()
		lines := strings.Split(string(buf[:got])+string(rest), "\n")
		for _, l := range lines[:len(lines)-1] { // the last may be cut
			var seed uint64
			if _, err := fmt.Sscanf(l, "acked %d", &seed); err != nil {
				t.Fatalf("the child said %q", l)
			}
			acked[seed] = true
		}
		s, rep, err := Open(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if rep.Rebuilt != "" || len(rep.Damaged) > 0 {
			t.Errorf("round %d: %s", round, rep)
		}
		for seed := range acked {
			for _, b := range storetest.Blocks(seed, 1+int(seed%40), 10+int(seed%3000)) {
				if _, err := s.Get(ctx, b.CID); err != nil {
					t.Fatalf("round %d: acknowledged block: %v", round, err)
				}
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(acked) == 0 {
		t.Error("no child got as far as one put")
	}
}
