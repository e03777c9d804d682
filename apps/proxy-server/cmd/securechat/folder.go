package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// folder is where one installation keeps its data: the embedded database, the
// key that opens it, and the lock of the server at work.
type folder string

// openFolder makes the folder, for its owner only, where it is not there.
func openFolder(path string) (folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return "", fmt.Errorf("make the data folder: %w", err)
	}
	return folder(path), nil
}

func (f folder) database() string { return filepath.Join(string(f), "securechat.db") }
func (f folder) key() string      { return filepath.Join(string(f), "key.json") }

var errInUse = errors.New("the data folder is in use by another `securechat serve`: stop that one, or name another folder in SECURECHAT_DATA")

// lock holds the folder for one server until release is called or the process
// ends, however it ends.
func (f folder) lock() (release func(), err error) {
	file, err := os.OpenFile(filepath.Join(string(f), "serve.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = errInUse
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return func() { file.Close() }, nil
}
