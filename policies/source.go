package policies

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// Source says where a bundle comes from: a folder, an archive in OPA's format or a
// bundle server. The zero value is the embedded bundle.
type Source struct {
	Dir, File, URL string        // one of them at most
	Token          string        // sent to URL as a bearer token
	Poll           time.Duration // how often Watch looks; 0 means DefaultPoll
	Cache          string        // file that keeps the last good bundle of URL, for a start without it; "" means none
	Signing        Signing
}

// How often a source is looked at when Source.Poll does not say. Folders and files
// are asked for their dates only.
const (
	localPoll  = time.Second
	remotePoll = time.Minute
)

// settle is how long files must have been left alone before they are read, so that
// what an editor or a copy is still writing is not taken for a bundle.
const settle = 300 * time.Millisecond

// fetchTime bounds one download.
const fetchTime = 30 * time.Second

// At is the source that a person means by a word: a folder, a .tar.gz file or an
// address; "" is the embedded bundle. No signature is looked at.
func At(place string) Source {
	s := Source{Signing: Signing{Skip: true}}
	info, err := os.Stat(place)
	switch {
	case place == "":
	case strings.HasPrefix(place, "http://"), strings.HasPrefix(place, "https://"):
		s.URL = place
	case err == nil && info.Mode().IsRegular() && (strings.HasSuffix(place, ".gz") || strings.HasSuffix(place, ".tgz")):
		s.File = place
	default:
		s.Dir = place
	}
	return s
}

// Embedded says whether the source is the embedded bundle.
func (s *Source) Embedded() bool { return s.Dir == "" && s.File == "" && s.URL == "" }

// DefaultPoll is how often the source is looked at unless Poll says otherwise.
func (s *Source) DefaultPoll() time.Duration {
	if s.URL != "" {
		return remotePoll
	}
	return localPoll
}

// Validate reports what no bundle could come of.
func (s *Source) Validate() error {
	given := 0
	for _, where := range []string{s.Dir, s.File, s.URL} {
		if where != "" {
			given++
		}
	}
	if given > 1 {
		return errors.New("a bundle comes from a folder, a file or a server: name one of them")
	}
	if s.URL != "" {
		u, err := url.Parse(s.URL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return errors.New("the address of the bundle is not an http:// or https:// one")
		}
	}
	if s.Embedded() { // part of the program
		return nil
	}
	return s.Signing.Validate()
}

// String is how messages call the source. Of an address, user, password and query
// are left out.
func (s *Source) String() string {
	switch {
	case s.Dir != "":
		return s.Dir
	case s.File != "":
		return s.File
	case s.URL != "":
		u, err := url.Parse(s.URL)
		if err != nil {
			return "the bundle server"
		}
		u.User, u.RawQuery, u.Fragment = nil, "", ""
		return u.String()
	}
	return "the embedded bundle"
}

// prefix is what the names of the bundle's files begin with in messages.
func (s *Source) prefix() string {
	switch {
	case s.Dir != "":
		return filepath.ToSlash(filepath.Clean(s.Dir)) + "/"
	case s.Embedded():
		return "policies/bundle/"
	}
	return path.Base(s.String()) + "/"
}

// fetched is a bundle as it lay in its source.
type fetched struct {
	files   files
	mark    string // changes when the bundle does
	archive []byte // as downloaded
}

// fetch reads the bundle; it is nil when mark says that it has not changed.
func (s *Source) fetch(ctx context.Context, mark string) (*fetched, error) {
	switch {
	case s.URL != "":
		return s.download(ctx, mark)
	case s.Embedded():
		if mark != "" {
			return nil, nil
		}
		f, err := readFolder(Default())
		return &fetched{files: f, mark: "embedded"}, err
	}
	for before := mark; ; {
		now, err := s.fingerprint()
		if err != nil {
			return nil, err
		}
		if now == mark {
			return nil, nil
		}
		if mark != "" && now != before { // just changed: perhaps not the last change
			before = now
			if err := sleep(ctx, settle); err != nil {
				return nil, err
			}
			continue
		}
		f, err := s.readLocal()
		if err != nil {
			return nil, err
		}
		if after, err := s.fingerprint(); err == nil && after == now {
			return &fetched{files: f, mark: now}, nil
		}
		before = "" // changed while it was read
		if err := sleep(ctx, settle); err != nil {
			return nil, err
		}
	}
}

func (s *Source) readLocal() (files, error) {
	if s.Dir != "" {
		return readFolder(os.DirFS(s.Dir))
	}
	info, err := os.Stat(s.File)
	if err != nil {
		return nil, cause(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	f, err := os.Open(s.File)
	if err != nil {
		return nil, cause(err)
	}
	defer f.Close()
	return readArchive(f)
}

// cause leaves out of an error the path that the message names already.
func cause(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// fingerprint tells by names, sizes and dates whether files have changed.
func (s *Source) fingerprint() (string, error) {
	sum := sha256.New()
	note := func(name string, info fs.FileInfo) {
		fmt.Fprintf(sum, "%s %d %d\n", name, info.Size(), info.ModTime().UnixNano())
	}
	if s.File != "" {
		info, err := os.Stat(s.File)
		if err != nil {
			return "", cause(err)
		}
		note(s.File, info)
		return hex.EncodeToString(sum.Sum(nil)), nil
	}
	fsys := os.DirFS(s.Dir)
	err := walk(fsys, func(name string) error {
		if !bundled(name) {
			return nil
		}
		info, err := fs.Stat(fsys, name)
		if err == nil {
			note(name, info)
		}
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)), err
}

// etag marks what a server gave an ETag for; what it gave none for is marked by a
// hash of the archive.
const etag = "etag "

// download asks the bundle server, as OPA does: the archive, or 304 when it has not
// changed.
func (s *Source) download(ctx context.Context, mark string) (*fetched, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
	if err != nil {
		return nil, errors.New("the address of the bundle is malformed")
	}
	req.Header.Set("Accept", "application/gzip, application/octet-stream, application/vnd.openpolicyagent.bundles")
	req.Header.Set("Prefer", "modes=snapshot")
	if s.Token != "" {
		req.Header.Set("Authorization", "Bearer "+s.Token)
	}
	if tag, ok := strings.CutPrefix(mark, etag); ok {
		req.Header.Set("If-None-Match", tag)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		var at *url.Error // its text repeats the address, with what may be secret in it
		if errors.As(err, &at) {
			err = at.Err
		}
		return nil, fmt.Errorf("asking the bundle server: %w", err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotModified && mark != "":
		return nil, nil
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the bundle server answered %s", resp.Status)
	}
	archive, err := io.ReadAll(io.LimitReader(resp.Body, maxBundle+1))
	if err != nil {
		return nil, fmt.Errorf("reading from the bundle server: %w", err)
	}
	if len(archive) > maxBundle {
		return nil, fmt.Errorf("the bundle server sent more than %d MiB", maxBundle>>20)
	}
	sum := sha256.Sum256(archive)
	now := hex.EncodeToString(sum[:])
	if tag := resp.Header.Get("ETag"); tag != "" {
		now = etag + tag
	}
	if now == mark {
		return nil, nil
	}
	f, err := readArchive(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	return &fetched{files: f, mark: now, archive: archive}, nil
}

// keep writes an archive beside its place and moves it there, so that the place
// always holds a whole one.
func keep(name string, archive []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(archive)
	err = cmp.Or(err, f.Sync())
	err = cmp.Or(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
