package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// alone makes a process the first of its own process namespace, as that of a
// container is: it gets no signal that it does not ask for, and every orphan.
func alone() *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	if os.Geteuid() != 0 {
		attributes.Cloneflags |= syscall.CLONE_NEWUSER
		attributes.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}}
		attributes.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}}
	}
	return attributes
}

// TestTheFirstProcessOfAContainerEndsInOrderAndLeavesNoZombie makes it the first
// wherever the machine lets a test do so; elsewhere the same is asked of it as
// an ordinary process.
func TestTheFirstProcessOfAContainerEndsInOrderAndLeavesNoZombie(t *testing.T) {
	try := command(t.Context(), t.TempDir(), "version")
	try.SysProcAttr = alone()
	refused := try.Run()
	cmd := command(context.Background(), configure(t, ownBroker), "run")
	if refused == nil {
		cmd.SysProcAttr = alone()
	}
	p := start(t, cmd)
	if status := p.status(cmd.Process.Pid); refused == nil && !strings.HasSuffix(status["NSpid"], "\t1") {
		t.Fatalf("it is process %s", status["NSpid"])
	}
	p.awaitReady()
	before := children(p)
	killBroker(t, p)
	var now []int
	eventually(t, 20*time.Second, func() bool {
		now = children(p)
		return len(now) == 1 && now[0] != before[0] && !strings.HasPrefix(p.status(now[0])["State"], "Z")
	}, func() string { return fmt.Sprintf("processes %v, before %v", now, before) })
	p.awaitReady()
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// status is what the kernel says of a process.
func (p *process) status(pid int) map[string]string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	status := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			status[name] = strings.TrimSpace(value)
		}
	}
	return status
}
