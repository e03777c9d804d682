package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is one measured program, run beside this one.
type process struct {
	command *exec.Cmd
	output  *bufio.Reader
}

// start runs a program; its complaints go to this program's own.
func start(ctx context.Context, env []string, name string, args ...string) (*process, error) {
	command := exec.CommandContext(ctx, name, args...)
	command.Env = append(os.Environ(), env...)
	command.Stderr = os.Stderr
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 10 * time.Second
	pipe, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return &process{command: command, output: bufio.NewReader(pipe)}, nil
}

// line returns what the program says next.
func (p *process) line() (string, error) {
	text, err := p.output.ReadString('\n')
	return strings.TrimSpace(text), err
}

// stop ends the program and waits for it.
func (p *process) stop() {
	_ = p.command.Process.Signal(syscall.SIGTERM)
	_, _ = io.Copy(io.Discard, p.output)
	_ = p.command.Wait()
}

// cpu is the processor time that the program has used.
func (p *process) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	return ticks(string(text))
}

// beside is the processor time of the databases that an edition uses: of every
// process here by their programs' names, whoever else may use them.
func (e edition) beside() func() time.Duration {
	var names []string
	if e.postgres != "" {
		names = append(names, "(postgres)")
	}
	if e.redis != "" {
		names = append(names, "(redis-server)", "(valkey-server)")
	}
	return func() (used time.Duration) {
		processes, _ := filepath.Glob("/proc/[0-9]*/stat")
		for _, path := range processes {
			text, err := os.ReadFile(path)
			if err != nil || !slices.ContainsFunc(names, func(n string) bool { return strings.Contains(string(text), n) }) {
				continue // it has ended, or is somebody else
			}
			if t, err := ticks(string(text)); err == nil {
				used += t
			}
		}
		return used
	}
}

// ticks reads a process's line of statistics.
func ticks(text string) (time.Duration, error) {
	// The name in the second field may hold blanks; what follows its bracket
	// does not. User and system ticks are fields 14 and 15 (proc(5)), and a
	// tick is a hundredth of a second on every Linux that Go runs on.
	_, rest, _ := strings.Cut(text, ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("unreadable process state")
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond, nil
}

// memory is the resident size of the program in bytes.
func (p *process) memory() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if number, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kilobytes, err := strconv.ParseInt(strings.Fields(number)[0], 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("no resident size")
}
