package n8n

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

const (
	usualRead   = 2 << 10 // some eight chunks; every open stream holds one
	longestLine = 2 << 20
)

var errLongLine = errors.New("n8n sent more than 2 MiB in one piece")

// usualBuffers are shared by all streams; a longer line gets a buffer of its
// own, for that line only.
var usualBuffers = sync.Pool{New: func() any { return new([usualRead]byte) }}

// lines cuts a stream at each newline, wherever the reads happen to end.
type lines struct {
	src    io.Reader
	usual  *[usualRead]byte
	buf    []byte // what was read is buf[start:end]
	start  int
	end    int
	looked int   // buf[start:looked] holds no newline
	err    error // came with the last bytes
}

func newLines(src io.Reader) *lines {
	usual := usualBuffers.Get().(*[usualRead]byte) //nolint:forcetypeassert // nothing else is put there
	return &lines{src: src, usual: usual, buf: usual[:]}
}

// release gives the buffer back; lines must not be used after it.
func (l *lines) release() {
	usualBuffers.Put(l.usual)
	l.usual, l.buf = nil, nil
}

// buffered returns a whole line that needs no reading, without its newline
// and valid until the next call; ok is false where there is none.
func (l *lines) buffered() (line []byte, ok bool) {
	at := bytes.IndexByte(l.buf[l.looked:l.end], '\n')
	if at < 0 {
		l.looked = l.end
		return nil, false
	}
	line = l.buf[l.start : l.looked+at]
	l.start = l.looked + at + 1
	l.looked = l.start
	return line, true
}

// rest returns what stands after the last newline.
func (l *lines) rest() []byte { return l.buf[l.start:l.end] }

// fill reads once. Its error is the source's, or errLongLine; it comes after
// all that was read before it.
func (l *lines) fill() error {
	if l.err != nil {
		return l.err
	}
	if err := l.makeRoom(); err != nil {
		return err
	}
	n, err := l.src.Read(l.buf[l.end:])
	l.end += n
	if n > 0 {
		l.err = err
		return nil
	}
	return err
}

func (l *lines) makeRoom() error {
	size := l.end - l.start
	switch {
	case size < usualRead && len(l.buf) > usualRead:
		l.move(l.usual[:]) // the long line is over
	case l.end < len(l.buf):
	case l.start > 0:
		l.move(l.buf)
	case size >= longestLine:
		return errLongLine
	default:
		l.move(make([]byte, min(2*size, longestLine)))
	}
	return nil
}

func (l *lines) move(to []byte) {
	size := copy(to, l.buf[l.start:l.end])
	l.buf, l.looked, l.start, l.end = to, l.looked-l.start, 0, size
}
