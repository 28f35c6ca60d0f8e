package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

const (
	startLimit = 15 * time.Second
	stopLimit  = 10 * time.Second
)

// broker is a running one.
type broker struct {
	cmd   *exec.Cmd
	addr  string
	dir   string
	ended chan error

	mu  sync.Mutex // guards cmd and end while the broker is supervised
	end bool
}

// start runs the broker on processor 0 and waits until it takes connections.
func start(ctx context.Context, s settings, name string, secure bool) (*broker, error) {
	dir, err := os.MkdirTemp("", "bench-"+name+"-")
	if err != nil {
		return nil, err
	}
	b := &broker{dir: dir, ended: make(chan error, 1)}
	if err := b.launch(s, name, secure); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	go func() { b.ended <- b.cmd.Wait() }()
	if err := b.await(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), b.stop())
	}
	return b, nil
}

func (b *broker) launch(s settings, name string, secure bool) error {
	addrs, err := freeAddrs(3)
	if err != nil {
		return err
	}
	b.addr = addrs[0]
	cert, key := "", ""
	if secure {
		if cert, key, err = certificate(b.dir); err != nil {
			return err
		}
	}
	args, env, err := command(s, name, addrs, b.dir, cert, key)
	if err != nil {
		return err
	}
	b.cmd = exec.Command("taskset", append([]string{"-c", s.processors("0")}, args...)...)
	b.cmd.Env = append(os.Environ(), env...)
	return b.cmd.Start()
}

// command is how each broker is started, with its defaults but for what is said. With
// cert it serves TLS on the address.
func command(s settings, name string, addrs []string, dir, cert, key string) (args, env []string, err error) {
	switch name {
	case "millrace", "millrace-process":
		// No stream captures the load: the peers keep nothing either.
		env = []string{"MILLRACE_STREAMS=[]"}
		if name == "millrace-process" {
			env = append(env, "MILLRACE_DURABILITY=process")
		}
		if cert != "" {
			env = append(env, fmt.Sprintf(`MILLRACE_MQTT__LISTENERS=[{"name":"tls","kind":"tls","address":%q,"anonymous":true,"certificate_files":[%q],"key_files":[%q]}]`, addrs[0], cert, key))
			addrs[0] = addrs[2]
		}
		return []string{s.millrace, "serve", "--data", dir, "--mqtt", addrs[0], "--http", addrs[1]}, env, nil
	case "mosquitto", "mosquitto-kept":
		conf := filepath.Join(dir, "mosquitto.conf")
		host, port, _ := net.SplitHostPort(addrs[0])
		text := fmt.Sprintf("listener %s %s\nallow_anonymous true\nlog_dest none\n", port, host)
		if name == "mosquitto-kept" {
			text += fmt.Sprintf("persistence true\npersistence_location %s/\nautosave_interval 1\nmax_queued_messages 0\nmax_inflight_messages 1000\nuser root\n", dir)
		}
		if cert != "" {
			text += fmt.Sprintf("certfile %s\nkeyfile %s\nuser root\n", cert, key)
		}
		return []string{"mosquitto", "-c", conf}, nil, os.WriteFile(conf, []byte(text), 0o644)
	case "mochi":
		return []string{filepath.Join(s.peers, "mochi"), "-addr", addrs[0], "-cert", cert, "-key", key}, nil, nil
	case "nats", "nats-power":
		args := []string{filepath.Join(s.peers, "nats"), "-addr", addrs[0], "-dir", dir, "-cert", cert, "-key", key}
		if name == "nats-power" {
			args = append(args, "-power")
		}
		return args, nil, nil
	}
	return nil, nil, fmt.Errorf("no broker is called %q", name)
}

// freeAddrs asks the system for ports of loopback that nobody uses.
func freeAddrs(n int) ([]string, error) {
	var addrs []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		addrs = append(addrs, l.Addr().String())
	}
	return addrs, nil
}

func (b *broker) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		if conn, err := net.Dial("tcp", b.addr); err == nil {
			return conn.Close()
		}
		select {
		case err := <-b.ended:
			b.ended <- err
			return fmt.Errorf("ended at once: %v", err)
		case <-ctx.Done():
			return fmt.Errorf("takes no connection: %w", ctx.Err())
		case <-look.C:
		}
	}
}

// stop ends the broker and removes its folder.
func (b *broker) stop() error {
	_ = b.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-b.ended:
	case <-time.After(stopLimit):
		_ = b.cmd.Process.Kill()
		<-b.ended
	}
	return os.RemoveAll(b.dir)
}
