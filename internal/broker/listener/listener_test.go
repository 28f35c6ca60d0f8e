package listener

import (
	"net"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/millrace/millrace/internal/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOnlyLoopbackIsOpenWithoutAuthentication(t *testing.T) {
	for _, c := range []struct {
		address       string
		authenticated bool
		code          fault.Code
		says          string
	}{
		{"127.0.0.1:0", false, 0, ""},
		{"127.9.9.9:0", false, 0, ""},
		{"localhost:0", false, 0, ""},
		{"0.0.0.0:0", false, fault.Invalid, "Configure authentication"},
		{":0", false, fault.Invalid, "Configure authentication"},
		{"[::]:0", false, fault.Invalid, "Configure authentication"},
		{"192.0.2.1:1883", false, fault.Invalid, "loopback address such as 127.0.0.1:1883"},
		{"0.0.0.0:0", true, 0, ""},
		{"nonsense", false, fault.Invalid, "not host:port"},
	} {
		err := startAndClose(t, Options{Address: c.address, Authenticated: c.authenticated})
		switch {
		case c.says == "" && err != nil:
			t.Errorf("%s: %v", c.address, err)
		case c.says != "" && (err == nil || fault.CodeOf(err) != c.code || !strings.Contains(fault.UserMessage(err), c.says)):
			t.Errorf("%s: %v, want code %v and %q", c.address, err, c.code, c.says)
		}
	}
}

func startAndClose(t *testing.T, o Options) error {
	t.Helper()
	o.Accept = func(a Arrival) { _ = a.Conn.Close() }
	l, err := New(o)
	if err != nil {
		return err
	}
	defer l.Close()
	return l.Start(t.Context())
}

func TestAnAddressInUseIsNamed(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	err = startAndClose(t, Options{Address: taken.Addr().String()})
	if err == nil || !strings.Contains(fault.UserMessage(err), taken.Addr().String()+" is in use") {
		t.Fatalf("%v", err)
	}
}

func TestTheConnectionLimitRefusesAndRecovers(t *testing.T) {
	var l *Listener
	taken := make(chan func(), 10)
	refused := make(chan fault.Code, 10)
	l, err := New(Options{
		Address: "127.0.0.1:0", MaxConnections: 1,
		Accept:  func(a Arrival) { taken <- func() { _ = a.Conn.Close(); l.Release(a.Remote.Addr()) } },
		Refused: func(err error, _ net.Addr) { refused <- fault.CodeOf(err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	dial()
	end := <-taken
	second := dial()
	if code := <-refused; code != fault.ConnectionLimit {
		t.Fatal(code)
	}
	if _, err := second.Read(make([]byte, 1)); err == nil {
		t.Fatal("the second connection was not closed")
	}
	end()
	dial()
	(<-taken)()
}
