//go:build wasip1

package guest

import "unsafe"

// The kinds of signals.
const (
	kindMessage = 0
	kindDown    = 1
	kindResume  = 2
)

// none is the handle of nothing.
const none = 0xFFFFFFFF

// The host functions, with the names and in the order of ABI.md. None keeps a
// pointer, so none makes its argument escape.

//go:wasmimport hearth::log log
//go:noescape
func logLine(level uint32, module string, text string)

//go:wasmimport hearth::lump this_lump
//go:noescape
func lumpThis(id *LumpID)

//go:wasmimport hearth::lump load_by_id
//go:noescape
func lumpLoadByID(id *LumpID) uint32

//go:wasmimport hearth::lump load
//go:noescape
func lumpLoad(data unsafe.Pointer, n uint32) uint32

//go:wasmimport hearth::lump get_id
//go:noescape
func lumpGetID(lump uint32, id *LumpID)

//go:wasmimport hearth::lump get_len
func lumpGetLen(lump uint32) uint32

//go:wasmimport hearth::lump get_data
//go:noescape
func lumpGetData(lump uint32, data unsafe.Pointer)

//go:wasmimport hearth::lump free
func lumpFree(lump uint32)

//go:wasmimport hearth::table inc_ref
func tableIncRef(c uint32)

//go:wasmimport hearth::table dec_ref
func tableDecRef(c uint32)

//go:wasmimport hearth::table get_permissions
func tableGetPermissions(c uint32) uint32

//go:wasmimport hearth::table demote
func tableDemote(c, perms uint32) uint32

//go:wasmimport hearth::table send
//go:noescape
func tableSend(c uint32, data unsafe.Pointer, n uint32, caps unsafe.Pointer, ncaps uint32)

//go:wasmimport hearth::table kill
func tableKill(c uint32)

//go:wasmimport hearth::mailbox create
func mailboxCreate() uint32

//go:wasmimport hearth::mailbox destroy
func mailboxDestroy(b uint32)

//go:wasmimport hearth::mailbox make_capability
func mailboxMakeCapability(b, perms uint32) uint32

//go:wasmimport hearth::mailbox monitor
func mailboxMonitor(b, c uint32)

//go:wasmimport hearth::mailbox get_signal_kind
func signalKind(s uint32) uint32

//go:wasmimport hearth::mailbox get_down_capability
func signalDownCapability(s uint32) uint32

//go:wasmimport hearth::mailbox get_message_data_len
func signalDataLen(s uint32) uint32

//go:wasmimport hearth::mailbox get_message_data
//go:noescape
func signalData(s uint32, data unsafe.Pointer)

//go:wasmimport hearth::mailbox get_message_caps_num
func signalCapsNum(s uint32) uint32

//go:wasmimport hearth::mailbox get_message_caps
//go:noescape
func signalCaps(s uint32, caps unsafe.Pointer)

//go:wasmimport hearth::metadata set_name
//go:noescape
func metadataSetName(text string)

//go:wasmimport hearth::metadata set_description
//go:noescape
func metadataSetDescription(text string)

//go:wasmimport hearth::metadata add_author
//go:noescape
func metadataAddAuthor(text string)

//go:wasmimport hearth::metadata set_repository
//go:noescape
func metadataSetRepository(text string)

//go:wasmimport hearth::metadata set_homepage
//go:noescape
func metadataSetHomepage(text string)

//go:wasmimport hearth::metadata set_license
//go:noescape
func metadataSetLicense(text string)

//go:wasmimport hearth::process id
func processID() int64

//go:wasmimport hearth::process exit
func processExit(code int32)

//go:wasmimport hearth::process link
func processLink(c uint32)

//go:wasmimport hearth::process unlink
func processUnlink(c uint32)

//go:wasmimport hearth::content load_cid
//go:noescape
func contentLoadCID(cid *CID) uint32

//go:wasmimport hearth::content get_cid
//go:noescape
func contentGetCID(lump uint32, cid *CID)

//go:wasmimport hearth::content forget
func contentForget(lump uint32)

//go:wasmimport hearth::content transfer
func contentTransfer(cap, lump uint32)

//go:wasmimport hearth::content message_lumps_num
func signalLumpsNum(s uint32) uint32

//go:wasmimport hearth::content message_lumps
//go:noescape
func signalLumps(s uint32, lumps unsafe.Pointer)

//go:wasmimport hearth::content send
//go:noescape
func contentSend(c uint32, data unsafe.Pointer, n uint32, caps unsafe.Pointer, ncaps uint32, lumps unsafe.Pointer, nlumps uint32)

//go:wasmimport hearth::time now
func timeNow() int64
