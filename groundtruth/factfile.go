package groundtruth

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Media of documents that hold nothing but records.
const (
	MediaFacts    = "application/x-facts"
	MediaApproved = "application/x-approved"
)

// maxFaults is how many bad records of a file are told.
const maxFaults = 20

// ReadFacts reads a file of facts: CSV with a header, JSONL, or a list in YAML. The
// fields are subject, attribute, value, unit, region, product, audience, valid_from,
// valid_to, source and author; the first three are needed. Any bad record makes the
// file unusable; the error names the first 20. author stands where a record names
// none. It leaves ID and Collection to the caller.
func ReadFacts(name string, data []byte, author string) (Document, error) {
	var r Records
	err := readRecords(name, data, func(e *entryAt) error {
		f := Fact{}
		targets := map[string]*string{"subject": &f.Subject, "attribute": &f.Attribute, "value": &f.Value, "unit": &f.Unit}
		if err := e.into(targets, &f.Scope, &f.Valid, &f.Source, &f.Author, "|"); err != nil {
			return err
		}
		if f.Author == "" {
			f.Author = author
		}
		f.Identify()
		r.Facts = append(r.Facts, f)
		return f.Check()
	})
	return recordsDocument(name, MediaFacts, r, err)
}

// ReadApproved reads a file of approved answers, as ReadFacts does. The fields are
// question, answer, region, product, audience, valid_from, valid_to, source and
// author; the first two are needed. question may be a list; in CSV "|" stands
// between several, unless the text begins with "re:".
func ReadApproved(name string, data []byte, author string) (Document, error) {
	var r Records
	err := readRecords(name, data, func(e *entryAt) error {
		a := Approved{}
		kept := e.fields[:0:0]
		for _, f := range e.fields {
			if fieldName(f.name) != "question" {
				kept = append(kept, f)
				continue
			}
			for _, q := range f.values {
				if f.list || strings.HasPrefix(q, "re:") {
					a.Questions = append(a.Questions, q)
				} else {
					a.Questions = append(a.Questions, alternatives(q)...)
				}
			}
		}
		e.fields = kept
		if err := e.into(map[string]*string{"answer": &a.Answer}, &a.Scope, &a.Valid, &a.Source, &a.Author, " "); err != nil {
			return err
		}
		if a.Author == "" {
			a.Author = author
		}
		a.Identify()
		r.Approved = append(r.Approved, a)
		return a.Check()
	})
	return recordsDocument(name, MediaApproved, r, err)
}

// readRecords calls each for every record and joins what is wrong with them.
func readRecords(name string, data []byte, each func(*entryAt) error) error {
	read := recordFormats[strings.ToLower(path.Ext(name))]
	if read == nil {
		return errors.New("its name ends neither in .csv, .tsv, .jsonl, .ndjson, .yaml nor .yml")
	}
	text, _, err := decode("text/plain", data)
	if err != nil {
		return err
	}
	list, err := read(text)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return errors.New("it holds no records")
	}
	if len(list) > MaxRecords {
		return fmt.Errorf("it holds %d records, more than %d", len(list), MaxRecords)
	}
	var faults []error
	for i := range list {
		if err := each(&list[i]); err != nil {
			if len(faults) == maxFaults {
				return errors.Join(append(faults, errors.New("and more"))...)
			}
			faults = append(faults, fmt.Errorf("line %d: %w", list[i].line, err))
		}
	}
	return errors.Join(faults...)
}

func fieldName(name string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), " ", "_")
}

// into writes the fields to where they belong.
func (e *entryAt) into(targets map[string]*string, scope *Scope, valid *Span, source, author *string, join string) error {
	all := map[string]*string{"region": &scope.Region, "product": &scope.Product, "audience": &scope.Audience,
		"valid_from": &valid.From, "valid_to": &valid.To, "source": source, "author": author}
	for name, to := range targets {
		all[name] = to
	}
	seen := map[string]bool{}
	for _, f := range e.fields {
		name := fieldName(f.name)
		to := all[name]
		if to == nil {
			var known []string
			for k := range all {
				known = append(known, k)
			}
			slices.Sort(known)
			return fmt.Errorf("there is no field %q; there are: %s", f.name, strings.Join(known, ", "))
		}
		if seen[name] {
			return fmt.Errorf("the field %q is given twice", name)
		}
		seen[name] = true
		*to = strings.TrimSpace(strings.Join(f.values, join))
	}
	return nil
}

// recordsDocument makes the document that holds records.
func recordsDocument(name, media string, r Records, err error) (Document, error) {
	if err != nil {
		return Document{}, err
	}
	if twice := r.twice(); twice != "" {
		return Document{}, fmt.Errorf("%s stands in it twice", twice)
	}
	return NewRecords(path.Base(name), media, r), nil
}

// twice names a record that is there twice, "" if none is.
func (r *Records) twice() string {
	seen := map[string]bool{}
	for i := range r.Facts {
		if f := &r.Facts[i]; seen[f.ID] {
			return "the fact \"" + f.Statement() + "\""
		} else {
			seen[f.ID] = true
		}
	}
	for i := range r.Approved {
		if a := &r.Approved[i]; seen[a.ID] {
			return "the approved answer to \"" + a.Questions[0] + "\""
		} else {
			seen[a.ID] = true
		}
	}
	return ""
}

// NewRecords makes a document of nothing but records. Its text lists them, a line
// each, and is not searched: what holds only for some or for a time must not be found
// as if it held always.
func NewRecords(title, media string, r Records) Document {
	var b strings.Builder
	for i := range r.Facts {
		f := &r.Facts[i]
		line := f.Statement()
		if valid := f.Valid.String(); valid != "" {
			line += " Valid " + valid + "."
		}
		b.WriteString(line + "\n")
	}
	for i := range r.Approved {
		a := &r.Approved[i]
		b.WriteString(strings.Join(a.Questions, " | ") + ": " + oneLine(a.Answer) + "\n")
	}
	sum := sha256.Sum256([]byte(media + " " + r.Encode()))
	return Document{Title: title, Media: media, Hash: hex.EncodeToString(sum[:]), Text: b.String(), Records: r}
}
