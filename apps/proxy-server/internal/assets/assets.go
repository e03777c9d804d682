// Package assets holds the widget's built files inside the binary: the loader
// for shop pages, and script and style of the frame. Before they have been
// built it holds none and says so; who may fetch them, and how long they may be
// kept, is for others.
package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io/fs"
)

//go:embed dist
var dist embed.FS

// Widget is everything a browser loads of the widget.
type Widget struct {
	Loader    File   // embed.js
	Integrity string // of the loader: "sha384-…" (W3C Subresource Integrity)
	Script    string // name of the frame's script among Files
	Style     string // name of the frame's style among Files
	Files     map[string]File
}

// File is one file and a digest of its content.
type File struct {
	Content []byte
	Gzipped []byte // the same in gzip (RFC 1952)
	Hash    string // hexadecimal, URL-safe
}

// ErrNotBuilt says that the binary was made without the widget.
var ErrNotBuilt = errors.New("the widget has not been built: run `make build`")

// Built returns the widget inside this binary, or [ErrNotBuilt].
func Built() (Widget, error) {
	files, err := fs.Sub(dist, "dist/widget")
	if err != nil {
		return Widget{}, err
	}
	return Read(files)
}

// Read returns the widget that a build left in files: manifest.json names the
// loader, the frame's script and its style. Without a manifest it is
// [ErrNotBuilt].
func Read(files fs.FS) (Widget, error) {
	text, err := fs.ReadFile(files, "manifest.json")
	if errors.Is(err, fs.ErrNotExist) {
		return Widget{}, ErrNotBuilt
	}
	if err != nil {
		return Widget{}, fmt.Errorf("read the widget's manifest: %w", err)
	}
	var manifest struct {
		Embed  string `json:"embed"`
		Script string `json:"script"`
		Style  string `json:"style"`
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		return Widget{}, fmt.Errorf("read the widget's manifest: %w", err)
	}
	w := Widget{Script: manifest.Script, Style: manifest.Style, Files: map[string]File{}}
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return Widget{}, fmt.Errorf("list the widget's files: %w", err)
	}
	for _, entry := range entries {
		if entry.IsDir() || entry.Name() == "manifest.json" {
			continue
		}
		content, err := fs.ReadFile(files, entry.Name())
		if err != nil {
			return Widget{}, fmt.Errorf("read the widget's files: %w", err)
		}
		if w.Files[entry.Name()], err = newFile(content); err != nil {
			return Widget{}, err
		}
	}
	w.Loader = w.Files[manifest.Embed]
	delete(w.Files, manifest.Embed)
	for _, name := range []string{w.Script, w.Style} {
		if w.Files[name].Content == nil {
			return Widget{}, fmt.Errorf("the widget's manifest names %q, which is not there", name)
		}
	}
	if w.Loader.Content == nil {
		return Widget{}, fmt.Errorf("the widget's manifest names %q, which is not there", manifest.Embed)
	}
	sum := sha512.Sum384(w.Loader.Content)
	w.Integrity = "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
	return w, nil
}

func newFile(content []byte) (File, error) {
	var small bytes.Buffer
	to, err := gzip.NewWriterLevel(&small, gzip.BestCompression)
	if err != nil {
		return File{}, fmt.Errorf("compress the widget's files: %w", err)
	}
	_, err = to.Write(content)
	if err = errors.Join(err, to.Close()); err != nil {
		return File{}, fmt.Errorf("compress the widget's files: %w", err)
	}
	sum := sha256.Sum256(content)
	return File{Content: content, Gzipped: small.Bytes(), Hash: hex.EncodeToString(sum[:12])}, nil
}
