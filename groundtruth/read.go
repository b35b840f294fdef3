package groundtruth

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// readerVersion is part of every document's hash: raise it when readers change
// what they make of the same bytes, so that sources are read again.
const readerVersion = "1"

// ErrUnknownType means that no reader knows this kind of file.
var ErrUnknownType = errors.New("not a kind of file that can be read: it is neither Markdown, text, HTML, PDF, CSV nor JSONL")

var medias = map[string]string{
	".md": "text/markdown", ".markdown": "text/markdown", ".mdx": "text/markdown",
	".txt": "text/plain", ".text": "text/plain",
	".html": "text/html", ".htm": "text/html", ".xhtml": "text/html",
	".pdf": "application/pdf",
	".csv": "text/csv", ".tsv": "text/csv",
	".jsonl": "application/jsonl", ".ndjson": "application/jsonl",
}

// Media tells the type of a file by its extension, or by its first bytes if
// that says nothing; "" if no reader knows it.
func Media(name string, data []byte) string {
	if m := medias[strings.ToLower(path.Ext(name))]; m != "" {
		return m
	}
	start := data[:min(len(data), 1024)]
	low := bytes.ToLower(bytes.TrimSpace(bytes.TrimPrefix(start, []byte("\ufeff"))))
	switch {
	case bytes.HasPrefix(start, []byte("%PDF-")):
		return "application/pdf"
	case bytes.HasPrefix(low, []byte("<!doctype html")), bytes.HasPrefix(low, []byte("<html")):
		return "text/html"
	case len(start) > 0 && utf8.Valid(start[:wordEnd(start)]) && bytes.IndexByte(start, 0) < 0:
		return "text/plain"
	}
	return ""
}

// wordEnd leaves off a character that may be cut at the end of b.
func wordEnd(b []byte) int {
	if n := len(b) - utf8.UTFMax; n > 0 {
		for i := len(b) - 1; i > n; i-- {
			if utf8.RuneStart(b[i]) {
				return i
			}
		}
	}
	return len(b)
}

// Hash is the Hash of the document that Read makes of a file.
func Hash(media string, data []byte) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s\n", readerVersion, media)
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}

// readTimeout bounds the reading of one file: parsers take very long for some
// that are small.
const readTimeout = time.Minute

// Read extracts the text of a file and cuts it into passages. It leaves ID and
// Collection to the caller. Notices say what a person should know although the
// file could be read. A parser cannot be interrupted: it is left behind when ctx
// ends or a minute has passed.
func Read(ctx context.Context, name string, data []byte) (doc Document, notices []string, err error) {
	media := Media(name, data)
	if media == "" {
		return doc, nil, ErrUnknownType
	}
	text := ""
	if media != "application/pdf" {
		var notice string
		if text, notice, err = decode(media, data); err != nil {
			return doc, nil, err
		}
		if notice != "" {
			notices = []string{notice}
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, readTimeout, fmt.Errorf("not read within %s", readTimeout))
	defer cancel()
	type result struct {
		doc Document
		err error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		r.err = recovered(func() error {
			x := &extract{}
			if err := x.parse(ctx, media, text, data); err != nil {
				return err
			}
			r.doc = x.document()
			return nil
		})
		done <- r
	}()
	select {
	case <-ctx.Done():
		return doc, notices, context.Cause(ctx)
	case r := <-done:
		doc, err = r.doc, r.err
	}
	switch {
	case err != nil:
		return Document{}, notices, err
	case len(doc.Passages) == 0 && media == "application/pdf":
		return Document{}, notices, errors.New("it holds no text: a scan needs text recognition (OCR) first")
	case len(doc.Passages) == 0:
		return Document{}, notices, errors.New("it holds no text")
	}
	if doc.Title == "" {
		doc.Title = strings.TrimSuffix(path.Base(name), path.Ext(name))
	}
	doc.Media, doc.Hash = media, Hash(media, data)
	return doc, notices, nil
}

// parse takes the text of a file, or the bytes of a PDF.
func (x *extract) parse(ctx context.Context, media, text string, data []byte) error {
	switch media {
	case "application/pdf":
		return x.pdf(ctx, data)
	case "text/html":
		return x.html(text)
	case "text/csv":
		return x.csv(text)
	case "application/jsonl":
		return x.jsonl(text)
	case "text/markdown":
		x.markdown(text)
	default:
		x.plain(text)
	}
	return nil
}

// recovered runs f and turns a panic into an error.
func recovered(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the file is broken: %v", r)
		}
	}()
	return f()
}

// decode turns the bytes of a text file into UTF-8.
func decode(media string, data []byte) (text, notice string, err error) {
	switch {
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}), bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		b, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(data)
		if err != nil {
			return "", "", fmt.Errorf("decoding UTF-16: %w", err)
		}
		return string(b), "", nil
	case bytes.IndexByte(data, 0) >= 0:
		return "", "", errors.New("it holds NUL bytes: a binary file, or UTF-16 without a byte order mark")
	case utf8.Valid(data):
		return string(bytes.TrimPrefix(data, []byte("\ufeff"))), "", nil
	}
	enc, name := charmap.Windows1252.NewDecoder(), "windows-1252"
	if media == "text/html" { // a page may say what it is
		if e, n, _ := charset.DetermineEncoding(data, ""); n != "" && n != "utf-8" {
			enc, name = e.NewDecoder(), n
		}
	}
	b, err := enc.Bytes(data)
	if err != nil {
		return "", "", fmt.Errorf("decoding %s: %w", name, err)
	}
	return string(b), "it is not UTF-8; read as " + name, nil
}
