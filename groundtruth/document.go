package groundtruth

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// The longest names in bytes, so that every store can index them.
const (
	maxID         = 2048
	maxCollection = 512
)

// Check reports what would make a document unusable.
func (d *Document) Check() error {
	switch {
	case d.ID == "":
		return errors.New("storing a document: it has no ID")
	case d.Collection == "":
		return fmt.Errorf("storing %s: it names no collection", d.ID)
	case d.Hash == "":
		return fmt.Errorf("storing %s: it has no hash", d.ID)
	case len(d.ID) > maxID:
		return fmt.Errorf("storing %.60s...: its ID has %d bytes, more than %d", d.ID, len(d.ID), maxID)
	case len(d.Collection) > maxCollection:
		return fmt.Errorf("storing %s: its collection's name has %d bytes, more than %d", d.ID, len(d.Collection), maxCollection)
	}
	for what, text := range map[string]string{"ID": d.ID, "collection": d.Collection, "title": d.Title, "media": d.Media, "hash": d.Hash, "text": d.Text, "embedding": d.Embedding} {
		if !storable(text) {
			return fmt.Errorf("storing %q: its %s is not text: it is not UTF-8, or has a zero byte", d.ID, what)
		}
	}
	dims := 0
	for i, p := range d.Passages {
		if i == 0 {
			dims = len(p.Vector)
		}
		if p.Start < 0 || p.End > len(d.Text) || p.Start > p.End || d.Text[p.Start:p.End] != p.Text {
			return fmt.Errorf("storing %s: passage %d is not the text at %d:%d", d.ID, i, p.Start, p.End)
		}
		if !storable(p.Heading) || !storable(p.Text) {
			return fmt.Errorf("storing %s: passage %d is not text: it is cut inside a character, or its heading is not UTF-8 or has a zero byte", d.ID, i)
		}
		if p.Ordinal != i {
			return fmt.Errorf("storing %s: passage %d calls itself %d", d.ID, i, p.Ordinal)
		}
		if len(p.Vector) != dims {
			return fmt.Errorf("storing %s: passage %d has a vector of %d components, the first one of %d", d.ID, i, len(p.Vector), dims)
		}
		if dims > 0 {
			if err := CheckVector(p.Vector); err != nil {
				return fmt.Errorf("storing %s: passage %d: %w", d.ID, i, err)
			}
		}
	}
	if len(d.Passages) > 0 && (dims > 0) != (d.Embedding != "") {
		return fmt.Errorf("storing %s: its passages have vectors of %d components, made by the model %q: give both or none", d.ID, dims, d.Embedding)
	}
	if err := d.Records.Check(); err != nil {
		return fmt.Errorf("storing %s: %w", d.ID, err)
	}
	return nil
}

// storable reports whether every store can keep text.
func storable(text string) bool { return utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 }

// Source is what a store that took d in says of it.
func (d *Document) Source(at time.Time) Source {
	return Source{ID: d.ID, Collection: d.Collection, Title: d.Title, Media: d.Media, Hash: d.Hash,
		Revision: d.Hash[:min(12, len(d.Hash))], Passages: len(d.Passages), Bytes: len(d.Text), Facts: len(d.Records.Facts), Approved: len(d.Records.Approved), Embedding: d.Embedding,
		Updated: at.UTC().Truncate(time.Millisecond)}
}

// Digest stands for one source in the digest of a store, which is that of all its
// sources by exclusive or.
func Digest(tenant, collection, id, hash, embedding string) uint64 {
	text := fmt.Appendf(nil, "%q %q %q", collection, id, hash)
	if tenant != "" || embedding != "" {
		text = fmt.Appendf(text, " %q %q", tenant, embedding)
	}
	sum := sha256.Sum256(text)
	return binary.BigEndian.Uint64(sum[:])
}

// State names the content of a store: its changes so far and eight digits of its
// digest, "7-ab12cd34".
func State(number int64, digest uint64) string {
	return fmt.Sprintf("%d-%08x", number, uint32(digest>>32))
}
