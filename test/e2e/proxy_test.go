//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/testkit"
)

// HAProxy in front of the node: each client keeps its own address, told by a PROXY
// header of either version, or by X-Forwarded-For to the WebSocket listener.
func TestBehindHAProxy(t *testing.T) {
	behind, web := testkit.FreeAddr(t), testkit.FreeAddr(t)
	n := startNode(t, t.TempDir(), []string{"MILLRACE_MQTT__LISTENERS=" + `[
		{"name": "behind", "kind": "tcp", "address": "` + behind + `", "anonymous": true, "proxy_protocol": true, "trusted_proxies": ["127.0.0.1"]},
		{"name": "web", "kind": "ws", "address": "` + web + `", "anonymous": true, "trusted_proxies": ["127.0.0.1"]}]`})
	one, two, front := testkit.FreeAddr(t), testkit.FreeAddr(t), testkit.FreeAddr(t)
	startHAProxy(t, one, `
defaults
  mode tcp
  timeout connect 5s
  timeout client 1m
  timeout server 1m
listen one
  bind `+one+`
  server node `+behind+` send-proxy
listen two
  bind `+two+`
  server node `+behind+` send-proxy-v2
listen http
  mode http
  timeout tunnel 1m
  option forwardfor
  bind `+front+`
  server node `+web+`
`)
	c := newCaller(t, n, "viewer")
	for i, door := range []string{one, two} {
		_, port, _ := net.SplitHostPort(door)
		id, address := fmt.Sprint("press-", i), fmt.Sprint("127.0.0.", 7+i)
		_, answer := listening(t, n, "-p", port, "-A", address, "-i", id, "-q", "1", "-t", id, "-C", "1")
		if got := addressOf(t, c, id); got != address {
			t.Errorf("%s is shown as %s, want %s", id, got, address)
		}
		mosquittoPub(t, n, "-p", port, "-A", address, "-q", "1", "-t", id, "-m", "through")
		if got := answer(); len(got) != 1 || got[0] != "through" {
			t.Errorf("%s: got %q", id, got)
		}
	}
	pahoThree(t, mqtt.NewClientOptions().AddBroker("ws://"+front+"/mqtt").SetClientID("dashboard").
		SetHTTPHeaders(http.Header{"X-Forwarded-For": {"192.0.2.9"}})) // as a proxy before this one adds it
	if got := addressOf(t, c, "dashboard"); got != "192.0.2.9" {
		t.Errorf("dashboard is shown as %s", got)
	}
	_, port, _ := net.SplitHostPort(behind)
	if exec.CommandContext(t.Context(), "mosquitto_pub", "-h", "127.0.0.1", "-p", port, "-A", "127.0.0.8", "-t", "t", "-m", "m").Run() == nil {
		t.Error("somebody who is no trusted proxy came in")
	}
}

// startHAProxy runs it until the test ends and waits until address is served.
func startHAProxy(t *testing.T, address, config string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	if err := os.WriteFile(file, []byte(config[1:]), 0o600); err != nil {
		t.Fatal(err)
	}
	var out syncBuffer
	cmd := exec.CommandContext(t.Context(), "haproxy", "-db", "-f", file)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(out.String())
		}
	})
	eventually(t, "haproxy serves", func() bool {
		nc, err := net.Dial("tcp", address)
		if err == nil {
			_ = nc.Close()
		}
		return err == nil
	})
}

// addressOf is where the API says that a client connects from.
func addressOf(t *testing.T, c *caller, id string) string {
	t.Helper()
	var d api.ClientDetail
	c.get("/api/v1/clients/"+url.PathEscape(id), nil, &d)
	host, _, err := net.SplitHostPort(d.Address)
	if err != nil {
		return d.Address
	}
	return host
}
