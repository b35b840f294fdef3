package pgtest

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// nobody is the user that the server runs as under root, whom PostgreSQL refuses.
const nobody = 65534

func attributes() *syscall.SysProcAttr {
	attr := new(syscall.SysProcAttr)
	if os.Geteuid() == 0 {
		attr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody, NoSetGroups: false}
	}
	return attr
}

// own gives files to the server's user.
func own(paths ...string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	for _, p := range paths {
		if err := os.Chown(p, nobody, nobody); err != nil {
			return err
		}
	}
	return nil
}

// start starts cmd so that it ends with this process, however that ends: the
// kernel watches the thread that started it, which therefore stays.
func start(cmd *exec.Cmd) error {
	cmd.SysProcAttr.Pdeathsig = syscall.SIGINT
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			select {}
		}
	}()
	return <-started
}
