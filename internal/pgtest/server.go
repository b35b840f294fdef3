package pgtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Server is a PostgreSQL server on a loopback port, with a data folder of its
// own. It ends with this process.
type Server struct {
	bin, dir string
	port     int
	password string
	settings []string
	process  *os.Process
	exited   chan struct{} // closed when the process has ended
	log      *os.File
}

// Start makes a data folder and starts a server on it. settings are of
// postgresql.conf, such as "fsync=on"; without any, the server is fast and
// careless.
func Start(ctx context.Context, settings ...string) (*Server, error) {
	bin, err := Fetch(ctx, os.Stderr)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "touchstone-postgres-")
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, dir: dir, password: rand.Text(), settings: settings}
	if len(settings) == 0 {
		s.settings = []string{"fsync=off", "synchronous_commit=off", "full_page_writes=off"}
	}
	if err := s.initialise(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	// Below the ports that connections are given, so that none takes it while the
	// server restarts.
	for try := 0; ; try++ {
		n, err := rand.Int(rand.Reader, big.NewInt(15000))
		if err != nil {
			return nil, err
		}
		s.port = 15000 + int(n.Int64())
		if err = s.Restart(ctx); err == nil {
			return s, nil
		}
		if try == 5 || ctx.Err() != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
	}
}

// initialise makes the data folder.
func (s *Server) initialise(ctx context.Context) error {
	password := filepath.Join(s.dir, "password")
	if err := os.WriteFile(password, []byte(s.password), 0o600); err != nil {
		return err
	}
	if err := own(s.dir, password); err != nil {
		return fmt.Errorf("giving the data folder to the server's user: %w", err)
	}
	cmd := s.command(ctx, "initdb", "--pgdata", s.data(), "--username", "postgres", "--encoding", "UTF8", "--locale", "C",
		"--auth", "scram-sha-256", "--pwfile", password, "--no-sync")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %.1000s", err, out)
	}
	return nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, name), args...)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+filepath.Join(s.bin, "..", "lib"), "HOME="+s.dir)
	cmd.SysProcAttr = attributes()
	return cmd
}

// Restart starts the server again on its port and folder, after Kill or Stop, and
// waits until it answers.
func (s *Server) Restart(ctx context.Context) error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	args := []string{"-D", s.data(), "-p", strconv.Itoa(s.port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "max_connections=100", "-c", "timezone=UTC"}
	for _, set := range s.settings {
		args = append(args, "-c", set)
	}
	for {
		if conn, err := net.DialTimeout("tcp", s.address(), time.Second); err == nil {
			conn.Close()
			return fmt.Errorf("port %d is in use", s.port)
		}
		cmd := s.command(context.Background(), "postgres", args...)
		cmd.Stdout, cmd.Stderr = log, log
		if err := start(cmd); err != nil {
			return fmt.Errorf("starting postgres: %w", err)
		}
		s.process, s.exited = cmd.Process, make(chan struct{})
		go func(done chan struct{}) {
			cmd.Wait()
			close(done)
		}(s.exited)
		ended, err := s.await(ctx)
		if err == nil {
			return nil
		}
		text, _ := os.ReadFile(log.Name())
		if !ended || !bytes.Contains(text, []byte("pre-existing shared memory block")) || ctx.Err() != nil {
			return errors.Join(fmt.Errorf("postgres did not start: %w: %.2000s", err, text[max(0, len(text)-2000):]), s.Kill())
		}
		// The children of a killed server need a moment to see that it is gone.
		time.Sleep(50 * time.Millisecond)
		if err := os.Truncate(log.Name(), 0); err != nil {
			return err
		}
	}
}

func (s *Server) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// await waits until the server answers, or has ended.
func (s *Server) await(ctx context.Context) (ended bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		var conn *pgx.Conn
		if conn, err = pgx.Connect(ctx, s.DSN("postgres")); err == nil {
			return false, conn.Close(ctx)
		}
		select {
		case <-s.exited:
			return true, errors.New("it ended at once")
		case <-ctx.Done():
			return false, err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// DSN is the address of a database on the server, for its superuser.
func (s *Server) DSN(database string) string {
	return fmt.Sprintf("postgres://postgres:%s@%s/%s?sslmode=disable", s.password, s.address(), database)
}

// Kill ends the server as a crash would.
func (s *Server) Kill() error { return s.end(syscall.SIGKILL) }

// Stop ends the server and removes its folder.
func (s *Server) Stop() error {
	return errors.Join(s.end(syscall.SIGINT), os.RemoveAll(s.dir))
}

func (s *Server) end(sig syscall.Signal) error {
	if s.process == nil {
		return nil
	}
	if err := s.process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ending postgres: %w", err)
	}
	select {
	case <-s.exited:
		return nil
	case <-time.After(30 * time.Second):
		return errors.Join(errors.New("postgres did not end within 30 s"), s.process.Kill())
	}
}
