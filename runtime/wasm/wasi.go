package wasm

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"strings"

	"hearth/runtime"
)

// The subset of WASI preview 1 that Go and wasi-libc need to start and to print.
// There are no files, sockets, arguments or environment: those are capabilities.
// The clock is the process's, so it stands still while a durable handler runs, and
// sleeping returns at once.

const (
	wasiOK    = 0
	wasiBadF  = 8
	wasiInval = 28
	wasiNoSys = 52

	clockResolution = 1000 // nanoseconds; told to guests
	// maxOutputLine is where an unfinished line of output is logged all the same.
	maxOutputLine = 4096
)

type wasiCall func(i *instance, s []uint64) uint32

func wasi(params string, f wasiCall) hostFunc {
	return hostFunc{params, "i", func(_ context.Context, i *instance, s []uint64) { s[0] = uint64(f(i, s)) }}
}

func wasiError(params string, errno uint32) hostFunc {
	return wasi(params, func(*instance, []uint64) uint32 { return errno })
}

func (i *instance) put32(ptr, v uint32) { binary.LittleEndian.PutUint32(i.bytes(ptr, 4), v) }
func (i *instance) put64(ptr uint32, v uint64) {
	binary.LittleEndian.PutUint64(i.bytes(ptr, 8), v)
}

func wasiEmptyList(i *instance, s []uint64) uint32 {
	i.put32(u32(s[0]), 0)
	i.put32(u32(s[1]), 0)
	return wasiOK
}

var wasiFuncs = funcs{
	"args_get":          wasiError("ii", wasiOK),
	"args_sizes_get":    wasi("ii", wasiEmptyList),
	"environ_get":       wasiError("ii", wasiOK),
	"environ_sizes_get": wasi("ii", wasiEmptyList),
	"clock_res_get": wasi("ii", func(i *instance, s []uint64) uint32 {
		i.put64(u32(s[1]), clockResolution)
		return wasiOK
	}),
	"clock_time_get": wasi("iIi", func(i *instance, s []uint64) uint32 {
		if u32(s[0]) > 3 {
			return wasiInval
		}
		i.put64(u32(s[2]), uint64(i.now()))
		return wasiOK
	}),
	"random_get": wasi("ii", func(i *instance, s []uint64) uint32 {
		b := i.bytes(u32(s[0]), u32(s[1]))
		if i.init == nil {
			i.p.Random(b)
			return wasiOK
		}
		seed := i.init.seed
		binary.LittleEndian.PutUint64(seed[24:], binary.LittleEndian.Uint64(seed[24:])+i.init.counter)
		i.init.counter++
		rand.NewChaCha8(seed).Read(b)
		return wasiOK
	}),
	"proc_exit":   {"i", "", func(_ context.Context, _ *instance, s []uint64) { panic(runtime.Exit(int32(u32(s[0])))) }},
	"sched_yield": wasiError("", wasiOK),
	"poll_oneoff": wasi("iiii", func(i *instance, s []uint64) uint32 {
		in, out, n := u32(s[0]), u32(s[1]), u32(s[2])
		if n == 0 || n > 1024 {
			return wasiInval
		}
		const subscription, event = 48, 32
		src := i.bytes(in, n*subscription)
		dst := i.bytes(out, n*event)
		for k := range int(n) {
			sub, ev := src[k*subscription:], dst[k*event:k*event+event]
			user, kind := binary.LittleEndian.Uint64(sub), sub[8]
			clear(ev)
			binary.LittleEndian.PutUint64(ev, user)
			ev[10] = kind
			if kind != 0 { // only a clock can be waited for
				binary.LittleEndian.PutUint16(ev[8:], wasiBadF)
			}
		}
		i.put32(u32(s[3]), n)
		return wasiOK
	}),
	"fd_write": wasi("iiii", func(i *instance, s []uint64) uint32 {
		fd, n := u32(s[0]), u32(s[2])
		if fd != 1 && fd != 2 {
			return wasiBadF
		}
		if n > 1024 {
			return wasiInval
		}
		vec := i.bytes(u32(s[1]), 8*n)
		var total uint32
		for k := uint32(0); k < n; k++ {
			b := i.bytes(binary.LittleEndian.Uint32(vec[8*k:]), binary.LittleEndian.Uint32(vec[8*k+4:]))
			i.print(int(fd-1), b)
			total += uint32(len(b))
		}
		i.put32(u32(s[3]), total)
		return wasiOK
	}),
	"fd_close":    wasiError("i", wasiBadF),
	"fd_advise":   wasiError("iIIi", wasiBadF),
	"fd_allocate": wasiError("iII", wasiBadF),
	"fd_datasync": wasiError("i", wasiBadF),
	"fd_fdstat_get": wasi("ii", func(i *instance, s []uint64) uint32 {
		if u32(s[0]) > 2 {
			return wasiBadF
		}
		b := i.bytes(u32(s[1]), 24)
		clear(b)
		b[0] = 2 // a character device
		return wasiOK
	}),
	"fd_fdstat_set_flags":     wasiError("ii", wasiBadF),
	"fd_fdstat_set_rights":    wasiError("iII", wasiBadF),
	"fd_filestat_get":         wasiError("ii", wasiBadF),
	"fd_filestat_set_size":    wasiError("iI", wasiBadF),
	"fd_filestat_set_times":   wasiError("iIIi", wasiBadF),
	"fd_pread":                wasiError("iiiIi", wasiBadF),
	"fd_prestat_get":          wasiError("ii", wasiBadF),
	"fd_prestat_dir_name":     wasiError("iii", wasiBadF),
	"fd_pwrite":               wasiError("iiiIi", wasiBadF),
	"fd_read":                 wasiError("iiii", wasiBadF),
	"fd_readdir":              wasiError("iiiIi", wasiBadF),
	"fd_renumber":             wasiError("ii", wasiBadF),
	"fd_seek":                 wasiError("iIii", wasiBadF),
	"fd_sync":                 wasiError("i", wasiBadF),
	"fd_tell":                 wasiError("ii", wasiBadF),
	"path_create_directory":   wasiError("iii", wasiNoSys),
	"path_filestat_get":       wasiError("iiiii", wasiNoSys),
	"path_filestat_set_times": wasiError("iiiiIIi", wasiNoSys),
	"path_link":               wasiError("iiiiiii", wasiNoSys),
	"path_open":               wasiError("iiiiiIIii", wasiNoSys),
	"path_readlink":           wasiError("iiiiii", wasiNoSys),
	"path_remove_directory":   wasiError("iii", wasiNoSys),
	"path_rename":             wasiError("iiiiii", wasiNoSys),
	"path_symlink":            wasiError("iiiii", wasiNoSys),
	"path_unlink_file":        wasiError("iii", wasiNoSys),
	"proc_raise":              wasiError("i", wasiNoSys),
	"sock_accept":             wasiError("iii", wasiNoSys),
	"sock_recv":               wasiError("iiiiii", wasiNoSys),
	"sock_send":               wasiError("iiiii", wasiNoSys),
	"sock_shutdown":           wasiError("ii", wasiNoSys),
}

// print turns what a guest writes to stdout and stderr into lines of its log.
// What is not a whole line when a handler returns waits for the next write.
func (i *instance) print(stream int, b []byte) {
	if i.init != nil {
		if room := maxInitOutput - len(i.init.output); room > 0 {
			i.init.output = append(i.init.output, b[:min(len(b), room)]...)
		}
		return
	}
	for len(b) > 0 {
		n := bytes.IndexByte(b, '\n')
		if n < 0 {
			i.output[stream] = append(i.output[stream], b...)
			if len(i.output[stream]) >= maxOutputLine {
				i.flushStream(stream)
			}
			return
		}
		i.output[stream] = append(i.output[stream], b[:n]...)
		i.flushStream(stream)
		b = b[n+1:]
	}
}

var streams = [2]string{"stdout", "stderr"}

func (i *instance) flushStream(stream int) {
	if text := strings.TrimRight(string(i.output[stream]), "\r"); text != "" {
		level := runtime.LogInfo
		if stream == 1 {
			level = runtime.LogWarn
		}
		i.p.Log(level, streams[stream], text)
	}
	i.output[stream] = i.output[stream][:0]
}

// flushOutput logs what is left when the guest ends.
func (i *instance) flushOutput() {
	for stream := range i.output {
		if len(i.output[stream]) > 0 {
			i.flushStream(stream)
		}
	}
}
