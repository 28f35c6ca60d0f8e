package main

import (
	"encoding/json"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/doctor"
	"github.com/millrace/millrace/internal/testkit"
)

func TestDoctorSaysWhatIsWrongWithItsCommandLine(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "no", "file")
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"http://plant-1", exitUsage, "mqtt://"},
		{"plant-1 plant-2", exitUsage, "[ADDR]"},
		{"plant-1 --mqtt 6", exitUsage, "--mqtt"},
		{"plant-1 --roundtrip", exitUsage, "--topic"},
		{"plant-1 --roundtrip --topic a/#", exitUsage, "without wildcards"},
		{"plant-1 --take-over", exitUsage, "--client-id"},
		{"plant-1 --timeout 0s", exitUsage, "--timeout"},
		{"plant-1 --config x", exitUsage, "leave ADDR out"},
		{"plant-1 --cert c.pem", exitUsage, "--tls"},
		{"--topic a", exitUsage, "ADDR"},
		{"plant-1 --password-file " + missing, exitFailed, "password"},
		{"127.0.0.1 --url ftp://x", exitUsage, "--url"},
		{"127.0.0.1 --url http://127.0.0.1:1", exitUsage, "API key"},
	} {
		code, out, errs := millrace(t, "", append([]string{"doctor"}, strings.Fields(c.args)...)...)
		if code != c.code || !strings.Contains(errs, c.says) || out != "" {
			t.Errorf("%s: exit %d, %s%s", c.args, code, errs, out)
		}
	}
}

// What cannot be reached is told in text and as JSON, and the exit code says so.
func TestDoctorReportsInTextAndJSON(t *testing.T) {
	t.Chdir(t.TempDir())
	address := testkit.FreeAddr(t)
	code, out, errs := millrace(t, "", "doctor", address)
	if code != exitFailed || !strings.Contains(errs, "1 of ") {
		t.Error(code, errs)
	}
	for _, want := range []string{address + ", MQTT over TCP", "From here\n", "FAIL  reach", "connection refused", "→ ", "1 failed, 0 warnings."} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	code, out, _ = millrace(t, "", "doctor", address, "--json")
	var r doctor.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != exitFailed || r.Failed != 1 || r.Findings[1].State != doctor.Fail {
		t.Error(code, err, out)
	}
}

// A key that may see little does not keep the rest from being told.
func TestDoctorSaysWhatTheNodeDidNotAnswer(t *testing.T) {
	n := startFake(t)
	n.status, n.kind = http.StatusForbidden, "application/problem+json"
	n.answer = `{"title": "Not allowed", "detail": "Your role does not allow that.", "code": "MR-4030", "status": 403}`
	_, out, _ := millrace(t, "", "doctor", testkit.FreeAddr(t), "--data", n.data, "--client-id", "press-7")
	if !strings.Contains(out, "WARN  node") || !strings.Contains(out, "Your role does not allow that.") {
		t.Error(out)
	}
}

// What strangers send moves no terminal.
func TestDoctorSpellsControlCharactersOut(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("\x1b[31mred\r\n"))
			_ = c.Close()
		}
	}()
	t.Chdir(t.TempDir())
	_, out, _ := millrace(t, "", "doctor", l.Addr().String())
	_ = l.Close()
	<-done
	if strings.Contains(out, "\x1b") || !strings.Contains(out, "FAIL  protocol") {
		t.Errorf("%q", out)
	}
}
