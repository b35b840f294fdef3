//go:build !linux

package pgtest

import (
	"os/exec"
	"syscall"
)

func attributes() *syscall.SysProcAttr { return new(syscall.SysProcAttr) }

func own(...string) error { return nil }

func start(cmd *exec.Cmd) error { return cmd.Start() }
