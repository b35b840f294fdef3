package policies

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// Bounds on a bundle: rules and data are written by people, so more than this is the
// wrong folder.
const (
	maxBundle  = 16 << 20 // bytes of all files together
	maxEntries = 10_000   // files and folders looked at
)

// files is a bundle as it lies: contents by slash-separated name, read once, so that
// what was verified is what is compiled.
type files map[string][]byte

// names are in order.
func (f files) names() []string { return slices.Sorted(maps.Keys(f)) }

// Names in a bundle that OPA gives a meaning.
const (
	manifestFile   = ".manifest"
	signaturesFile = ".signatures.json"
	patchFile      = "patch.json"
)

// wanted says whether a file is read at all; hidden ones are not, but for those of OPA.
func wanted(name string) bool {
	if name == manifestFile || name == signaturesFile {
		return true
	}
	for _, part := range strings.Split(name, "/") {
		if strings.HasPrefix(part, ".") {
			return false
		}
	}
	return true
}

// errTooLarge is said of the file at which a bundle went over its bound.
func errTooLarge(name string) error {
	return fmt.Errorf("the files of the bundle are larger than %d MiB together, at %s", maxBundle>>20, name)
}

// readFolder reads a bundle from a folder, within the bounds. Nothing but a regular
// file is read: a pipe would never end.
func readFolder(fsys fs.FS) (files, error) {
	out, left := files{}, int64(maxBundle)
	err := walk(fsys, func(name string) error {
		if !bundled(name) {
			return nil
		}
		info, err := fs.Stat(fsys, name) // of what a link points to
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is not a regular file", name)
		}
		f, err := fsys.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		text, err := io.ReadAll(io.LimitReader(f, left+1))
		if err != nil {
			return err
		}
		if left -= int64(len(text)); left < 0 {
			return errTooLarge(name)
		}
		out[name] = text
		return nil
	})
	return out, err
}

// bundled says whether a file of a folder belongs to the bundle: by its kind, since
// folders also hold notes and pictures.
func bundled(name string) bool {
	switch path.Ext(name) {
	case ".rego", ".yaml", ".yml", ".json":
		return true
	}
	return name == manifestFile
}

// walk visits the files of a folder, but hidden ones, within the bounds.
func walk(fsys fs.FS, visit func(name string) error) error {
	entries := 0
	return fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		var at *fs.PathError
		switch hidden := name != "." && !wanted(name); {
		case name == "." && errors.As(err, &at): // the path in it is a dot
			return at.Err
		case err != nil:
			return err
		case hidden && d.IsDir():
			return fs.SkipDir
		case hidden || d.IsDir():
			return nil
		}
		if entries++; entries > maxEntries {
			return fmt.Errorf("the folder holds more than %d files: it is no bundle", maxEntries)
		}
		return visit(name)
	})
}

// readArchive reads a bundle in OPA's format, a compressed tar archive, within the
// bounds, which are those of its unpacked files.
func readArchive(r io.Reader) (files, error) {
	unzipped, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("reading the archive: %w; a bundle is a .tar.gz file, such as `opa build` writes", err)
	}
	out, left, entries := files{}, int64(maxBundle), 0
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		if err == io.EOF {
			// The checksum stands behind the archive: an archive that lost its end is none.
			if _, err := io.Copy(io.Discard, io.LimitReader(unzipped, maxBundle)); err != nil {
				return nil, fmt.Errorf("reading the archive: %w", err)
			}
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading the archive: %w", err)
		}
		if entries++; entries > maxEntries {
			return nil, fmt.Errorf("the archive holds more than %d files: it is no bundle", maxEntries)
		}
		name := strings.TrimPrefix(path.Clean("/"+header.Name), "/")
		if header.Typeflag != tar.TypeReg || !wanted(name) {
			continue
		}
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("the archive holds %s twice", name)
		}
		text, err := io.ReadAll(io.LimitReader(archive, left+1))
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		if left -= int64(len(text)); left < 0 {
			return nil, errTooLarge(name)
		}
		out[name] = text
	}
}
