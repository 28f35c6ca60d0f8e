//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// A client may change the keys of TLS 1.3 at any moment, and ask the node to change
// its own; openssl does so on a command line of its own ("k", "K").
func TestAClientUpdatesItsKeys(t *testing.T) {
	s := startSecure(t)
	trace := filepath.Join(t.TempDir(), "messages")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "openssl", "s_client", "-connect", s.tls, "-CAfile", s.ca, "-verify_return_error", "-tls1_3", "-quiet", "-no_ign_eof", "-msg", "-msgfile", trace)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said syncBuffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close(); _ = cmd.Wait() }()
	send := func(p packet.Packet) {
		t.Helper()
		if _, err := in.Write(p.Append(nil, packet.V311)); err != nil {
			t.Fatal(err, said.String())
		}
	}
	comes := func(p packet.Packet) {
		t.Helper()
		want := p.Append(nil, packet.V311)
		got := make([]byte, len(want))
		if _, err := io.ReadFull(out, got); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%v, want %T, got %.20q, openssl says %s", err, p, got, said.String())
		}
	}
	send(&packet.Connect{Version: packet.V311, CleanStart: true, ClientID: []byte("keys")})
	if _, err := io.ReadFull(out, make([]byte, 4)); err != nil { // CONNACK
		t.Fatal(err, said.String())
	}
	for i := range 20 {
		if _, err := io.WriteString(in, []string{"k", "K"}[i%2]+"\n"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "openssl has read the command", func() bool { return strings.Count(said.String(), "KEYUPDATE") == i+1 })
		send(packet.Pingreq{})
		comes(packet.Pingresp{})
	}
	messages, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	if mine, theirs := updates(messages, ">>>"), updates(messages, "<<<"); mine != 20 || theirs != 10 {
		t.Errorf("%d updates of the client, %d of the node", mine, theirs)
	}
}

// updates counts the KeyUpdate messages of one direction.
func updates(trace []byte, direction string) (n int) {
	for line := range strings.Lines(string(trace)) {
		if strings.HasPrefix(line, direction) && strings.Contains(line, "KeyUpdate") {
			n++
		}
	}
	return n
}
