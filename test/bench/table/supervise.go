package main

import (
	"os/exec"
)

// supervise starts the broker again when it ends, as a service manager does, until the
// function that it returns is called.
func (b *broker) supervise(s settings, name string) (leave func()) {
	over := make(chan struct{})
	go func() {
		defer close(over)
		for {
			err := <-b.ended
			b.mu.Lock()
			if b.end {
				b.mu.Unlock()
				b.ended <- err
				return
			}
			old := b.cmd
			b.cmd = exec.Command(old.Path, old.Args[1:]...)
			b.cmd.Env = old.Env
			cmd := b.cmd
			err = cmd.Start()
			b.mu.Unlock()
			if err != nil {
				b.ended <- err
				return
			}
			go func() { b.ended <- cmd.Wait() }()
		}
	}()
	return func() {
		b.mu.Lock()
		b.end = true
		_ = b.cmd.Process.Kill()
		b.mu.Unlock()
		<-over
	}
}
