package ipc

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

const (
	// MaxLine bounds a frame: a message of the largest size in base64, with room
	// for the lumps and the key that it names.
	MaxLine = 2 << 20
	// maxID bounds the id of a request, which is kept while the call runs.
	maxID = 64
	// maxDepth bounds the nesting of a frame: the protocol needs five.
	maxDepth = 32
	// keepLine is how large a line's buffer may stay between lines.
	keepLine = 64 << 10
	// PieceSize is how many bytes travel in one data notification: large enough
	// that its envelope costs nothing, small enough that calls beside it get their
	// turn.
	PieceSize = 128 << 10
)

// frame is one line, taken apart. The slices point into the line.
type frame struct {
	id     []byte // as it stands; nil in a notification
	method []byte // nil in a response
	params []byte
	result []byte
	fault  []byte
}

// readLine returns the next line without its line feed. The slice is valid until
// the next call. buf is what a long line is gathered in.
func readLine(r *bufio.Reader, buf *[]byte) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if err == nil {
		return line[:len(line)-1], nil
	}
	if cap(*buf) > keepLine {
		*buf = nil
	}
	*buf = (*buf)[:0]
	for {
		if len(*buf)+len(line) > MaxLine {
			return nil, ErrLineTooLong
		}
		*buf = append(*buf, line...)
		switch {
		case err == nil:
			return (*buf)[:len(*buf)-1], nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(*buf) > 0:
			return nil, io.ErrUnexpectedEOF
		default:
			return nil, err
		}
		line, err = r.ReadSlice('\n')
	}
}

// parseFrame takes a line apart. It accepts what is a JSON object of JSON-RPC 2.0
// and nothing else.
func parseFrame(line []byte) (frame, error) {
	var f frame
	versioned := false
	err := eachMember(line, func(key, value []byte) error {
		switch string(key) {
		case "jsonrpc":
			versioned = string(value) == `"2.0"`
		case "id":
			if c := value[0]; c != '"' && c != '-' && (c < '0' || c > '9') && string(value) != "null" {
				return errors.New("the id is neither a number nor a string")
			}
			if len(value) > maxID {
				return fmt.Errorf("the id is longer than %d bytes", maxID)
			}
			f.id = value
		case "method":
			if value[0] != '"' {
				return errors.New("the method is no string")
			}
			f.method = text(value)
		case "params":
			if value[0] != '{' && value[0] != '[' && string(value) != "null" {
				return errors.New("the params are neither an object nor an array")
			}
			f.params = value
		case "result":
			f.result = value
		case "error":
			f.fault = value
		}
		return nil
	})
	if err != nil {
		return frame{}, err
	}
	if !versioned {
		return frame{}, errors.New(`"jsonrpc" is not "2.0"`)
	}
	return f, nil
}

// text returns what a JSON string says. Where nothing is escaped that is a part
// of the string itself.
func text(value []byte) []byte {
	inner := value[1 : len(value)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	var s string
	if json.Unmarshal(value, &s) != nil {
		return inner
	}
	return []byte(s)
}

// decodeBytes reads a JSON string of base64 into memory of its own.
func decodeBytes(value []byte) ([]byte, error) {
	if string(value) == "null" {
		return nil, nil
	}
	if value[0] != '"' {
		return nil, errors.New("bytes must be a string of base64")
	}
	t := text(value)
	out := make([]byte, base64.StdEncoding.DecodedLen(len(t)))
	n, err := base64.StdEncoding.Decode(out, t)
	if err != nil {
		return nil, fmt.Errorf("bytes must be base64: %w", err)
	}
	return out[:n], nil
}

// ---- writing

func appendItem(b, id, item []byte) []byte {
	b = append(b, `{"jsonrpc":"2.0","method":"item","params":{"call":`...)
	b = append(b, id...)
	b = append(b, `,"item":`...)
	b = append(b, item...)
	return append(b, "}}\n"...)
}

// appendPieceItem appends an item of bytes.
func appendPieceItem(b, id, data []byte) []byte {
	b = append(b, `{"jsonrpc":"2.0","method":"item","params":{"call":`...)
	b = append(b, id...)
	b = append(b, `,"item":{"data":"`...)
	b = base64.StdEncoding.AppendEncode(b, data)
	return append(b, "\"}}}\n"...)
}

// appendPiece appends a data notification of a client.
func appendPiece(b, id, data []byte) []byte {
	b = append(b, `{"jsonrpc":"2.0","method":"data","params":{"call":`...)
	b = append(b, id...)
	b = append(b, `,"data":"`...)
	b = base64.StdEncoding.AppendEncode(b, data)
	return append(b, "\"}}\n"...)
}

func appendResult(b, id, result []byte) []byte {
	b = append(b, `{"jsonrpc":"2.0","id":`...)
	b = append(b, id...)
	b = append(b, `,"result":`...)
	b = append(b, result...)
	return append(b, "}\n"...)
}

func appendCall(b, id []byte, method string, params []byte) []byte {
	b = append(b, `{"jsonrpc":"2.0",`...)
	if id != nil {
		b = append(b, `"id":`...)
		b = append(b, id...)
		b = append(b, ',')
	}
	b = append(b, `"method":"`...)
	b = append(b, method...)
	b = append(b, '"')
	if len(params) > 0 {
		b = append(b, `,"params":`...)
		b = append(b, params...)
	}
	return append(b, "}\n"...)
}
