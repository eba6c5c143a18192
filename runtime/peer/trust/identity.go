package trust

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	identityFile    = "identity"
	identityMagic   = "hearthI\n"
	identityVersion = 1
	// identityLen is magic, version, crc, seed, public; see the package comment.
	identityLen = 16 + ed25519.SeedSize + ed25519.PublicKeySize
	// maxIdentity lets a longer one of a newer version be told from damage.
	maxIdentity = 4096
	identityDo  = "restore it from a backup, or move it away to become somebody new, whom all that know this machine must accept again"
)

// ErrNoIdentity reports a folder without an identity.
var ErrNoIdentity = errors.New("there is no identity yet; it is made when the program first runs")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// LoadIdentity reads the identity in dir. One that is damaged, or that others can
// read, is an error and stays as it is.
func LoadIdentity(dir string) (ed25519.PrivateKey, error) {
	path := filepath.Join(dir, identityFile)
	b, _, err := read(path, maxIdentity)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, ErrNoIdentity)
	}
	if err != nil {
		return nil, err
	}
	key, err := parseIdentity(b)
	var bad *DamagedError
	if errors.As(err, &bad) {
		bad.File = path
	} else if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return key, err
}

// CreateIdentity makes the identity of dir, durably. Where there is one already
// it is fs.ErrExist.
func CreateIdentity(dir string) (ed25519.PrivateKey, error) {
	path := filepath.Join(dir, identityFile)
	var key ed25519.PrivateKey
	err := change(path, func() error {
		if _, err := os.Lstat(path); err == nil {
			return fmt.Errorf("%s is there already and is never replaced: %w", path, fs.ErrExist)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		_, made, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return err
		}
		if err := replace(path, marshalIdentity(made)); err != nil {
			return err
		}
		key = made
		return nil
	})
	return key, err
}

// OpenIdentity loads the identity in dir, or makes it where there is none.
func OpenIdentity(dir string) (ed25519.PrivateKey, error) {
	key, err := LoadIdentity(dir)
	if !errors.Is(err, ErrNoIdentity) {
		return key, err
	}
	key, err = CreateIdentity(dir)
	if errors.Is(err, fs.ErrExist) { // another program was quicker
		return LoadIdentity(dir)
	}
	return key, err
}

func marshalIdentity(key ed25519.PrivateKey) []byte {
	b := make([]byte, 0, identityLen)
	b = append(b, identityMagic...)
	b = binary.LittleEndian.AppendUint32(b, identityVersion)
	b = append(b, 0, 0, 0, 0)
	b = append(b, key.Seed()...)
	b = append(b, key[ed25519.SeedSize:]...)
	binary.LittleEndian.PutUint32(b[12:], crc32.Checksum(b, castagnoli))
	return b
}

func parseIdentity(b []byte) (ed25519.PrivateKey, error) {
	damaged := func(why string) error { return &DamagedError{Why: why, Do: identityDo} }
	if len(b) < 12 || string(b[:8]) != identityMagic {
		return nil, damaged("it does not begin as an identity")
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v > identityVersion {
		return nil, fmt.Errorf("version %d: %w", v, ErrNewer)
	} else if v != identityVersion || len(b) != identityLen {
		return nil, damaged("its length or version is wrong")
	}
	sum := binary.LittleEndian.Uint32(b[12:])
	zeroed := bytes.Clone(b)
	clear(zeroed[12:16])
	if crc32.Checksum(zeroed, castagnoli) != sum {
		return nil, damaged("its checksum is wrong")
	}
	key := ed25519.NewKeyFromSeed(b[16 : 16+ed25519.SeedSize])
	if !bytes.Equal(key[ed25519.SeedSize:], b[16+ed25519.SeedSize:]) {
		return nil, damaged("its two keys do not belong together")
	}
	return key, nil
}
