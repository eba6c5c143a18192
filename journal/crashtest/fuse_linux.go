package crashtest

import (
	"bytes"
	"context"
	"errors"
	iofs "io/fs"
	"path"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// Mount mounts s, so that other processes can use it, and returns where. This
// process must not: a page fault on a mapped file waits for a goroutine of this
// process, which the garbage collector may have stopped.
func Mount(t testing.TB, s *FS) (dir string, unmount func()) {
	t.Helper()
	dir = t.TempDir()
	root := &node{s: s}
	server, err := fs.Mount(dir, root, &fs.Options{
		MountOptions:   fuse.MountOptions{DirectMount: true, FsName: "crashtest", Name: "crashtest", MaxWrite: 1 << 20},
		RootStableAttr: &fs.StableAttr{Mode: fuse.S_IFDIR, Ino: rootIno},
	})
	if err != nil {
		unavailable(t, err)
	}
	return dir, func() {
		if err := server.Unmount(); err != nil {
			t.Error(err)
		}
	}
}

// Numbers above every one that an FS gives to a file.
const (
	rootIno = 1 << 40
	ackIno  = rootIno + 1
)

// node is a file or folder as the kernel knows it.
type node struct {
	fs.Inode
	s *FS
	m *memory // nil for the root
}

var (
	_ fs.NodeLookuper  = (*node)(nil)
	_ fs.NodeGetattrer = (*node)(nil)
	_ fs.NodeSetattrer = (*node)(nil)
	_ fs.NodeCreater   = (*node)(nil)
	_ fs.NodeMkdirer   = (*node)(nil)
	_ fs.NodeUnlinker  = (*node)(nil)
	_ fs.NodeRmdirer   = (*node)(nil)
	_ fs.NodeRenamer   = (*node)(nil)
	_ fs.NodeReaddirer = (*node)(nil)
	_ fs.NodeOpener    = (*node)(nil)
	_ fs.NodeReader    = (*node)(nil)
	_ fs.NodeWriter    = (*node)(nil)
	_ fs.NodeFsyncer   = (*node)(nil)
	_ fs.NodeAllocater = (*node)(nil)

	_ fs.NodeOpendirHandler = (*node)(nil)
	_ fs.FileFsyncdirer     = (*folder)(nil)
)

func (n *node) name() string             { return clean(n.Path(nil)) }
func (n *node) child(name string) string { return clean(path.Join(n.Path(nil), name)) }

// errno is what the kernel is told.
func errno(err error) syscall.Errno {
	var e syscall.Errno
	switch {
	case err == nil:
		return 0
	case errors.As(err, &e):
		return e
	case errors.Is(err, iofs.ErrNotExist):
		return syscall.ENOENT
	case errors.Is(err, iofs.ErrExist):
		return syscall.EEXIST
	}
	return syscall.EIO
}

func (m *memory) attr(out *fuse.Attr) {
	out.Mode = fuse.S_IFREG | 0o600
	out.Nlink = 1
	out.Blksize = 4096
	if m.dir {
		out.Mode, out.Nlink = fuse.S_IFDIR|0o700, 2
	}
	out.Ino = uint64(m.id)
	if m.data != nil {
		out.Size = uint64(m.data.size)
	}
	out.Blocks = (out.Size + 511) / 512
}

// inode makes m known to the kernel. s.mu is held.
func (n *node) inode(ctx context.Context, m *memory, out *fuse.EntryOut) *fs.Inode {
	m.attr(&out.Attr)
	mode := uint32(fuse.S_IFREG)
	if m.dir {
		mode = fuse.S_IFDIR
	}
	return n.NewInode(ctx, &node{s: n.s, m: m}, fs.StableAttr{Mode: mode, Ino: uint64(m.id)})
}

func (n *node) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	if n.m == nil && name == ackName {
		out.Mode = fuse.S_IFREG | 0o600
		return n.NewInode(ctx, &ack{s: n.s}, fs.StableAttr{Mode: fuse.S_IFREG, Ino: ackIno}), 0
	}
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	m, err := n.s.stat(n.child(name))
	if err != nil {
		return nil, errno(err)
	}
	return n.inode(ctx, m, out), 0
}

func (n *node) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	if n.m == nil {
		out.Mode = fuse.S_IFDIR | 0o700
		return 0
	}
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	n.m.attr(&out.Attr)
	return 0
}

func (n *node) Setattr(ctx context.Context, h fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if size, ok := in.GetSize(); ok && n.m != nil {
		n.s.mu.Lock()
		err := n.s.data(n.m, Op{Kind: Truncate, Name: n.name(), Off: int64(size)})
		n.s.mu.Unlock()
		if err != nil {
			return errno(err)
		}
	}
	return n.Getattr(ctx, h, out)
}

func (n *node) make(ctx context.Context, name string, dir bool, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	m, err := n.s.create(n.child(name), dir)
	if err != nil {
		return nil, errno(err)
	}
	return n.inode(ctx, m, out), 0
}

func (n *node) Create(ctx context.Context, name string, flags, _ uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	i, e := n.make(ctx, name, false, out)
	return i, nil, 0, e
}

func (n *node) Mkdir(ctx context.Context, name string, _ uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	return n.make(ctx, name, true, out)
}

func (n *node) Unlink(_ context.Context, name string) syscall.Errno {
	return errno(n.s.Remove(n.child(name)))
}
func (n *node) Rmdir(_ context.Context, name string) syscall.Errno {
	return errno(n.s.Remove(n.child(name)))
}

func (n *node) Rename(_ context.Context, name string, to fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	if flags != 0 {
		return syscall.EINVAL // exchange and the like: nobody here uses them
	}
	return errno(n.s.Rename(n.child(name), clean(path.Join(to.EmbeddedInode().Path(nil), newName))))
}

func (n *node) Readdir(context.Context) (fs.DirStream, syscall.Errno) {
	dir := n.name()
	names, err := n.s.List(dir)
	if err != nil {
		return nil, errno(err)
	}
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	var es []fuse.DirEntry
	for _, name := range names {
		if m, err := n.s.stat(path.Join(dir, name)); err == nil {
			e := fuse.DirEntry{Name: name, Ino: uint64(m.id), Mode: fuse.S_IFREG}
			if m.dir {
				e.Mode = fuse.S_IFDIR
			}
			es = append(es, e)
		}
	}
	return fs.NewListDirStream(es), 0
}

func (n *node) Open(_ context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, fuse.FOPEN_KEEP_CACHE, 0
}

func (n *node) Read(_ context.Context, _ fs.FileHandle, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	m, _ := n.m.data.ReadAt(dest, off) // io.EOF
	return fuse.ReadResultData(dest[:m]), 0
}

func (n *node) Write(_ context.Context, _ fs.FileHandle, b []byte, off int64) (uint32, syscall.Errno) {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	if err := n.s.data(n.m, Op{Kind: Write, Name: n.name(), Off: off, Data: bytes.Clone(b)}); err != nil {
		return 0, errno(err)
	}
	return uint32(len(b)), 0
}

func (n *node) Allocate(_ context.Context, _ fs.FileHandle, off, size uint64, mode uint32) syscall.Errno {
	if mode != 0 {
		return syscall.EOPNOTSUPP
	}
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	if off+size <= uint64(n.m.data.size) {
		return 0
	}
	return errno(n.s.data(n.m, Op{Kind: Truncate, Name: n.name(), Off: int64(off + size)}))
}

func (n *node) Fsync(_ context.Context, _ fs.FileHandle, _ uint32) syscall.Errno {
	if n.m == nil || n.m.dir {
		return errno(n.s.SyncDir(n.name()))
	}
	return errno((&file{s: n.s, m: n.m, name: n.name()}).Sync())
}

// folder is an open folder.
type folder struct {
	fs.DirStream
	n *node
}

func (n *node) OpendirHandle(ctx context.Context, _ uint32) (fs.FileHandle, uint32, syscall.Errno) {
	s, e := n.Readdir(ctx)
	if e != 0 {
		return nil, 0, e
	}
	return &folder{s, n}, 0, 0
}

func (f *folder) Fsyncdir(context.Context, uint32) syscall.Errno {
	return errno(f.n.s.SyncDir(f.n.name()))
}

func (f *folder) Readdirent(ctx context.Context) (*fuse.DirEntry, syscall.Errno) {
	if !f.HasNext() {
		return nil, 0
	}
	e, errno := f.Next()
	return &e, errno
}

// ack is the file that acknowledgements are written to.
type ack struct {
	fs.Inode
	s *FS
}

var (
	_ fs.NodeOpener = (*ack)(nil)
	_ fs.NodeWriter = (*ack)(nil)
)

func (a *ack) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, fuse.FOPEN_DIRECT_IO, 0
}

func (a *ack) Write(_ context.Context, _ fs.FileHandle, b []byte, _ int64) (uint32, syscall.Errno) {
	a.s.Ack(b)
	return uint32(len(b)), 0
}
