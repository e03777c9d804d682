package assets

import (
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"testing"
	"testing/fstest"
)

func build() fstest.MapFS {
	return fstest.MapFS{
		"manifest.json": {Data: []byte(`{"embed":"embed.js","script":"app-1.js","style":"app-2.css"}`)},
		"embed.js":      {Data: []byte("loader")},
		"app-1.js":      {Data: []byte("script")},
		"app-2.css":     {Data: []byte("style")},
		"part-3.js":     {Data: []byte("part")},
	}
}

func TestBuildIsReadByItsManifest(t *testing.T) {
	w, err := Read(build())
	if err != nil {
		t.Fatal(err)
	}
	if string(w.Loader.Content) != "loader" || string(w.Files[w.Script].Content) != "script" || string(w.Files[w.Style].Content) != "style" {
		t.Errorf("got %+v", w)
	}
	if string(w.Files["part-3.js"].Content) != "part" {
		t.Error("a further part of the script is missing")
	}
	for _, name := range []string{"embed.js", "manifest.json"} {
		if _, ok := w.Files[name]; ok {
			t.Errorf("%s is served among the frame's files", name)
		}
	}
	sum := sha512.Sum384([]byte("loader"))
	if want := "sha384-" + base64.StdEncoding.EncodeToString(sum[:]); w.Integrity != want {
		t.Errorf("the loader's integrity is %s, want %s", w.Integrity, want)
	}
}

func TestHashChangesWithTheContent(t *testing.T) {
	files := build()
	before, err := Read(files)
	if err != nil {
		t.Fatal(err)
	}
	files["embed.js"] = &fstest.MapFile{Data: []byte("loader.")}
	after, err := Read(files)
	if err != nil {
		t.Fatal(err)
	}
	if before.Loader.Hash == after.Loader.Hash || before.Integrity == after.Integrity {
		t.Errorf("one byte more has the same hash %s", after.Loader.Hash)
	}
}

func TestWithoutAManifestItIsNotBuilt(t *testing.T) {
	if _, err := Read(fstest.MapFS{"placeholder.txt": {Data: []byte("x")}}); !errors.Is(err, ErrNotBuilt) {
		t.Errorf("got %v", err)
	}
}

func TestManifestThatNamesWhatIsMissingIsAnError(t *testing.T) {
	for _, name := range []string{"embed.js", "app-1.js", "app-2.css"} {
		files := build()
		delete(files, name)
		if _, err := Read(files); err == nil || errors.Is(err, ErrNotBuilt) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func TestThisBinaryHasAWidgetOrSaysThatItHasNone(t *testing.T) {
	if _, err := Built(); err != nil && !errors.Is(err, ErrNotBuilt) {
		t.Error(err)
	}
}
