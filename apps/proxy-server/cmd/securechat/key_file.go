package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// keyModeError is a key file that more people have access to than may.
type keyModeError struct {
	path, setting string
	mode          fs.FileMode
}

// tooOpen are the rights that nobody may have: others none to read or write,
// and the group none to write. The group may read, because that is how a
// mounted secret is given to a server that does not own it.
const tooOpen fs.FileMode = 0o026

func (k *keyModeError) Error() string { return k.fact() + ": " + k.mend() }

func (k *keyModeError) fact() string {
	who := "others than its owner may write to it"
	if k.mode&0o004 != 0 {
		who = "everybody on its machine may read it"
	}
	return fmt.Sprintf("the key file %s (%s) has mode %04o, so %s", k.path, k.setting, k.mode, who)
}

func (k *keyModeError) mend() string {
	mended := k.mode &^ (tooOpen | 0o001)
	return fmt.Sprintf("`chmod %04o %s`, or mount it with that mode where it is a container's secret", mended, k.path)
}

// readKey returns the content of the key file that the setting leads to, or
// nil where there is none. Links are followed: a secret in Kubernetes is one.
func readKey(path, setting string) ([]byte, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the key file: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("look at the key file: %w", err)
	}
	if mode := info.Mode().Perm(); info.Mode().IsRegular() && mode&tooOpen != 0 {
		return nil, &keyModeError{path, setting, mode}
	}
	content, err := io.ReadAll(file)
	if err != nil {
		return nil, fmt.Errorf("read the key file: %w", err)
	}
	return content, nil
}

// writeKey stores a new key file and leaves one that is there already alone:
// of two processes that make one at once, both must use the first.
func writeKey(path string, content []byte) error {
	made, err := os.CreateTemp(filepath.Dir(path), ".key-*")
	if err != nil {
		return fmt.Errorf("make the key file: %w", err)
	}
	defer os.Remove(made.Name())
	_, err = made.Write(content)
	if err := errors.Join(err, made.Sync(), made.Close()); err != nil {
		return fmt.Errorf("write the key file: %w", err)
	}
	if err := os.Link(made.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("put the key file in place: %w", err)
	}
	return nil
}
