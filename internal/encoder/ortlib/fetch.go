package ortlib

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

const maxLibrary = 128 << 20 // bytes, unpacked

// Fetch puts the library into the cache folder, unless it is there, and returns its
// path. It asks the first client that works: pip, then Maven. log says what it does.
func Fetch(ctx context.Context, log io.Writer) (string, error) {
	dir, err := CacheFolder()
	if err != nil {
		return "", err
	}
	b, ok := builds[platform()]
	if !ok {
		return "", fmt.Errorf("no library of ONNX Runtime is pinned for %s; give the path of your own", platform())
	}
	file := filepath.Join(dir, fileName())
	if _, err := os.Stat(file); err == nil && verify(file) == nil {
		return file, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	tmp, err := os.MkdirTemp(dir, "fetch-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	var errs []error
	for _, c := range b.clients(tmp) {
		if _, err := exec.LookPath(c.command[0]); err != nil {
			errs = append(errs, fmt.Errorf("%s is not installed", c.command[0]))
			continue
		}
		fmt.Fprintf(log, "fetching ONNX Runtime: %s\n", strings.Join(c.command[:min(3, len(c.command))], " "))
		if err := c.fetch(ctx, tmp, file); err != nil {
			errs = append(errs, err)
			continue
		}
		fmt.Fprintf(log, "ONNX Runtime is at %s\n", file)
		return file, nil
	}
	return "", fmt.Errorf("fetching ONNX Runtime %s: %w", wheelVersion, errors.Join(errs...))
}

// client is one way to a library: a command that downloads an archive, and where the
// library is in it.
type client struct {
	command []string
	archive string // pattern
	member  string // pattern
}

func (b build) clients(dir string) []client {
	pip := []string{"-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:",
		"--platform", b.wheel, "--python-version", "3.12", "--implementation", "cp", "--abi", "cp312",
		"--dest", dir, "onnxruntime==" + wheelVersion}
	member := "onnxruntime/capi/libonnxruntime*" + wheelVersion + "*"
	return []client{
		{append([]string{"python3"}, pip...), "*.whl", member},
		{append([]string{"pip"}, pip[2:]...), "*.whl", member},
		{[]string{"mvn", "--quiet", "--batch-mode", "dependency:copy",
			"-Dartifact=com.microsoft.onnxruntime:onnxruntime:" + jarVersion, "-DoutputDirectory=" + dir},
			"*.jar", "ai/onnxruntime/native/" + b.jar + "/" + fileName()},
	}
}

// fetch runs the command, unpacks the library into dir, checks it and moves it to
// file in one step.
func (c client) fetch(ctx context.Context, dir, file string) error {
	if out, err := exec.CommandContext(ctx, c.command[0], c.command[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %.500s", c.command[0], err, out)
	}
	archives, err := filepath.Glob(filepath.Join(dir, c.archive))
	if err != nil || len(archives) != 1 {
		return fmt.Errorf("%s left %d archives", c.command[0], len(archives))
	}
	unpacked := filepath.Join(dir, fileName())
	if err := unpack(archives[0], c.member, unpacked); err != nil {
		return err
	}
	if err := verify(unpacked); err != nil {
		return err
	}
	return os.Rename(unpacked, file)
}

// unpack copies the one member that matches a pattern.
func unpack(archive, member, to string) error {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return fmt.Errorf("opening %s: %w", archive, err)
	}
	defer z.Close()
	for _, f := range z.File {
		if ok, _ := path.Match(member, f.Name); !ok || f.UncompressedSize64 > maxLibrary {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return fmt.Errorf("unpacking %s: %w", f.Name, err)
		}
		defer r.Close()
		w, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o755)
		if err != nil {
			return err
		}
		_, err = io.Copy(w, io.LimitReader(r, maxLibrary))
		if err := errors.Join(err, w.Close()); err != nil {
			return fmt.Errorf("unpacking %s: %w", f.Name, err)
		}
		return nil
	}
	return fmt.Errorf("%s holds no %s", filepath.Base(archive), member)
}
