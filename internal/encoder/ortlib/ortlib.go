// Package ortlib finds the native library of ONNX Runtime, and fetches it. It is
// taken from a package of pinned version by an ordinary client, and a library whose
// SHA-256 is not one of those written here is not used.
package ortlib

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// ErrMissing is wrapped by the error of Find when there is no library.
var ErrMissing = errors.New("the native library of ONNX Runtime is not there")

// build is the library for one platform, as two package registries carry it.
type build struct {
	wheel       string // platform tag of the Python wheel
	jar         string // folder in the Maven jar
	wheelSHA256 string // of the library in the wheel
	jarSHA256   string // of the library in the jar
}

const (
	wheelVersion = "1.32.0" // PyPI, onnxruntime; half the download
	jarVersion   = "1.29.0" // Maven, com.microsoft.onnxruntime:onnxruntime; its newest
)

// builds by GOOS/GOARCH. Both versions carry the C API that onnxruntime_go asks for.
var builds = map[string]build{
	"linux/amd64": {
		"manylinux_2_28_x86_64", "linux-x64",
		"6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f",
		"5715f06d8992ca8eeeddcce43df3a7d38f97d537052126f558e912cb312460ca",
	},
	"linux/arm64": {
		"manylinux_2_28_aarch64", "linux-aarch64",
		"49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a",
		"a27d21126db312aa8f02f3d5eaebe466e991f51f469882e6d0407d5a8b64afda",
	},
	"darwin/arm64": {
		"macosx_14_0_arm64", "osx-aarch64",
		"fa585fabbea65b823b9a8f7e27d46aee3989d1be7e36b528203d3a1fd613aae7",
		"07c5a23fecedb27d9325b1b2ba0c87830173f87b64edf2b294e32931af5c09cb",
	},
}

func platform() string { return runtime.GOOS + "/" + runtime.GOARCH }

// fileName is the library's name in the cache folder and beside the program.
func fileName() string {
	if runtime.GOOS == "darwin" {
		return "libonnxruntime.dylib"
	}
	return "libonnxruntime.so"
}

// CacheFolder is where Fetch keeps the library: touchstone/onnxruntime in the user's
// cache folder.
func CacheFolder() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the cache folder: %w", err)
	}
	return filepath.Join(dir, "touchstone", "onnxruntime"), nil
}

// Find returns the path of the library: path itself where it is not empty, which is
// then the operator's own and is not checked; otherwise the one beside the program or
// in the cache folder, whose SHA-256 must be known.
func Find(path string) (string, error) {
	if path != "" {
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("%w: %w", ErrMissing, err)
		}
		return path, nil
	}
	var places []string
	if exe, err := os.Executable(); err == nil {
		places = append(places, filepath.Dir(exe))
	}
	if dir, err := CacheFolder(); err == nil {
		places = append(places, dir)
	}
	for _, dir := range places {
		file := filepath.Join(dir, fileName())
		if _, err := os.Stat(file); err != nil {
			continue
		}
		if err := verify(file); err != nil {
			return "", err
		}
		return file, nil
	}
	return "", fmt.Errorf("%w: no %s in %v; `make encoder-lib` fetches it", ErrMissing, fileName(), places)
}

// verify compares the SHA-256 of a library with those known for this platform.
func verify(file string) error {
	b, ok := builds[platform()]
	if !ok {
		return fmt.Errorf("no library of ONNX Runtime is pinned for %s", platform())
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); !slices.Contains([]string{b.wheelSHA256, b.jarSHA256}, got) {
		return fmt.Errorf("%s has SHA-256 %s, expected %s (onnxruntime %s) or %s (%s): delete it and run `make encoder-lib`",
			file, got, b.wheelSHA256, wheelVersion, b.jarSHA256, jarVersion)
	}
	return nil
}
