package device

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"

	vk "github.com/vulkan-go/vulkan"
)

// The file of the pipeline cache is the driver's data behind a header of ours,
// because drivers trust what they are given:
//
//	+-----------------+------------------+-------------------------+--------+
//	| "hearthpc" (8)  | sha256 of all    | vendor u32, device u32, | data   |
//	|                 | that follows, 32 | driver u32, UUID 16     |        |
//	+-----------------+------------------+-------------------------+--------+
//
// A file that is damaged, or of another device or driver, is as good as none.
const (
	cacheMagic  = "hearthpc"
	cacheHeader = 8 + 32 + 28
	maxCache    = 256 << 20 // bytes; more is not what a driver wrote for us
)

// identity is the device and the version of its driver.
func (d *Device) identity() []byte {
	b := make([]byte, 0, 28)
	b = binary.LittleEndian.AppendUint32(b, d.props.VendorID)
	b = binary.LittleEndian.AppendUint32(b, d.props.DeviceID)
	b = binary.LittleEndian.AppendUint32(b, d.props.DriverVersion)
	return append(b, d.props.PipelineCacheUUID[:]...)
}

// openCache makes the pipeline cache, with what the file holds if it is good.
func (d *Device) openCache() {
	var data []byte
	if d.options.Cache != "" {
		var err error
		if data, err = d.loadCache(); err != nil && !os.IsNotExist(err) {
			d.Log.Info("the pipeline cache is not used", "file", d.options.Cache, "reason", err)
		}
	}
	c, r := d.F.NewPipelineCache(data)
	if r != vk.Success {
		c, r = d.F.NewPipelineCache(nil)
	}
	if err := d.check("vkCreatePipelineCache", r); err != nil {
		d.Log.Warn("there is no pipeline cache", "error", err) // the null handle works, slowly
	}
	d.cache = c
}

func (d *Device) loadCache() ([]byte, error) {
	st, err := os.Stat(d.options.Cache)
	if err != nil {
		return nil, err
	}
	if st.Size() > maxCache || st.Size() < cacheHeader || !st.Mode().IsRegular() {
		return nil, fmt.Errorf("it has %d bytes", st.Size())
	}
	b, err := os.ReadFile(d.options.Cache)
	if err != nil {
		return nil, err
	}
	if len(b) < cacheHeader || string(b[:8]) != cacheMagic {
		return nil, fmt.Errorf("it is not a pipeline cache")
	}
	if sum := sha256.Sum256(b[40:]); !bytes.Equal(sum[:], b[8:40]) {
		return nil, fmt.Errorf("it is damaged")
	}
	if !bytes.Equal(b[40:cacheHeader], d.identity()) {
		return nil, fmt.Errorf("it is of another device or driver")
	}
	return b[cacheHeader:], nil
}

// saveCache replaces the file at once: a crash leaves the old one or the new one.
func (d *Device) saveCache() error {
	data, r := d.F.CacheData(d.cache)
	if err := d.check("vkGetPipelineCacheData", r); err != nil {
		return err
	}
	if len(data) == 0 || len(data) > maxCache-cacheHeader {
		return nil
	}
	tail := append(d.identity(), data...)
	sum := sha256.Sum256(tail)
	b := append(append([]byte(cacheMagic), sum[:]...), tail...)
	if old, err := os.ReadFile(d.options.Cache); err == nil && bytes.Equal(old, b) {
		return nil
	}
	dir := filepath.Dir(d.options.Cache)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".pipelines-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err := f.Write(b); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), d.options.Cache)
}
