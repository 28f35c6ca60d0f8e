package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/millrace/millrace/internal/mqtt/client/clienttest"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func patience30(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// brief makes a run short.
func brief(o Options, addr string) Options {
	o.Addr, o.Duration, o.Warmup = addr, 60*time.Millisecond, -1
	return o
}

func measured(t *testing.T, o Options) *Report {
	t.Helper()
	rep, err := Run(patience30(t), o)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func TestEveryScenarioComesOutCleanOnEveryWire(t *testing.T) {
	for _, o := range []Options{
		{Scenario: Conn, Connections: 20},
		{Scenario: Conn, Connections: 10, Rate: 1000},
		{Scenario: Pub, Publishers: 3, Topics: 2},
		{Scenario: Pub, Publishers: 3, QoS: 1, Version: packet.V31},
		{Scenario: Sub, Subscribers: 2},
		{Scenario: P2P, Publishers: 5},
		{Scenario: P2P, Publishers: 5, QoS: 1, Version: packet.V311, Threads: 2},
		{Scenario: P2P, Publishers: 5, QoS: 1, Rate: 2000},
		{Scenario: Fanout, Subscribers: 7, QoS: 1, Threads: 3},
		{Scenario: Fanin, Publishers: 7, Subscribers: 2, Payload: 5000},
		{Scenario: Wildcard, Publishers: 2, Subscribers: 6, Topics: 9, Subscriptions: 45, QoS: 1},
		{Scenario: Retained, Subscribers: 3, Topics: 20, Publishers: 2, QoS: 1},
	} {
		for _, portable := range []bool{false, true} {
			o.Portable = portable
			t.Run(fmt.Sprintf("%s QoS %d portable %v", o.Scenario, o.QoS, portable), func(t *testing.T) {
				s := clienttest.Start(t, &clienttest.Server{})
				rep := measured(t, brief(o, s.Addr()))
				checkClean(t, o, rep)
				if n := s.Retained(); n != 0 {
					t.Errorf("%d retained messages are left behind", n)
				}
			})
		}
	}
}

func checkClean(t *testing.T, o Options, rep *Report) {
	t.Helper()
	m := rep.Messages
	if !rep.Clean() || rep.Trouble != "" {
		t.Fatalf("%+v %s", m, rep.Trouble)
	}
	if o.Scenario != Conn && o.Scenario != Sub && m.Sent == 0 {
		t.Error("nothing was sent")
	}
	if o.QoS == 1 && m.Acknowledged != m.Sent {
		t.Errorf("%d of %d acknowledged", m.Acknowledged, m.Sent)
	}
	if m.Received != m.Expected || rep.Subscribers > 0 && o.Scenario != Sub && m.Received == 0 {
		t.Errorf("%d of %d received", m.Received, m.Expected)
	}
	if rep.Connect.Count == 0 || rep.Own.CPUSeconds < 0 || rep.Seconds <= 0 {
		t.Errorf("%+v", rep)
	}
	if err := rep.Write(io.Discard); err != nil {
		t.Error(err)
	}
}

// meddler stands between clients and broker and treats the broker's PUBLISH packets
// as told: the n-th of each connection goes through meddle, which returns what the
// client gets instead.
type meddler struct {
	to     string
	meddle func(n int, p []byte) [][]byte
	l      net.Listener
	all    sync.WaitGroup
}

func meddle(t *testing.T, to string, f func(n int, p []byte) [][]byte) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &meddler{to: to, meddle: f, l: l}
	m.all.Go(m.accept)
	t.Cleanup(func() { l.Close(); m.all.Wait() })
	return l.Addr().String()
}

func (m *meddler) accept() {
	for {
		near, err := m.l.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", m.to)
		if err != nil {
			near.Close()
			return
		}
		m.all.Go(func() { _, _ = io.Copy(far, near); far.Close() })
		m.all.Go(func() { m.down(near, far); near.Close() })
	}
}

func (m *meddler) down(near, far net.Conn) {
	var in []byte
	chunk := make([]byte, 16<<10)
	for n := 0; ; {
		k, err := far.Read(chunk)
		in = append(in, chunk[:k]...)
		for {
			size, _ := packet.Frame(in, 0)
			if size == 0 || size > len(in) {
				break
			}
			p := append([]byte(nil), in[:size]...)
			in = in[size:]
			out := [][]byte{p}
			if packet.TypeOf(p[0]) == packet.TypePublish {
				out = m.meddle(n, p)
				n++
			}
			for _, b := range out {
				_, _ = near.Write(b)
			}
		}
		if err != nil {
			return
		}
	}
}

// meddling is what happens on the way, and what a run is to find of it.
type meddling struct {
	meddle func(n int, p []byte) [][]byte
	want   Messages
}

// meddlings lose, double and hold up one message.
func meddlings() map[string]meddling {
	var held []byte
	return map[string]meddling{
		"lost": {func(n int, p []byte) [][]byte {
			if n == 3 {
				return nil
			}
			return [][]byte{p}
		}, Messages{Lost: 1}},
		"doubled": {func(n int, p []byte) [][]byte {
			if n == 3 {
				return [][]byte{p, p}
			}
			return [][]byte{p}
		}, Messages{Doubled: 1}},
		"disordered": {func(n int, p []byte) [][]byte {
			switch n {
			case 3:
				held = p
				return nil
			case 4:
				return [][]byte{p, held}
			}
			return [][]byte{p}
		}, Messages{Disordered: 1}},
	}
}

func TestALostADoubledAndADisorderedMessageAreEachFound(t *testing.T) {
	all := meddlings()
	all["the last lost"] = meddling{func(n int, p []byte) [][]byte {
		if n > 9 {
			return nil
		}
		return [][]byte{p}
	}, Messages{Lost: 10}}
	for name, c := range all {
		t.Run(name, func(t *testing.T) {
			s := clienttest.Start(t, &clienttest.Server{})
			o := brief(Options{Scenario: P2P, Publishers: 1, Rate: 2000}, meddle(t, s.Addr(), c.meddle))
			o.Duration = 150 * time.Millisecond
			rep := measured(t, o)
			m := rep.Messages
			if name == "the last lost" {
				c.want.Lost = m.Sent - 10
			}
			got := Messages{Lost: m.Lost, Doubled: m.Doubled, Disordered: m.Disordered}
			if got != c.want || rep.Clean() || m.Sent < 11 || m.Expected != m.Sent {
				t.Fatalf("%+v", m)
			}
		})
	}
}

func TestALostRetainedMessageIsFound(t *testing.T) {
	s := clienttest.Start(t, &clienttest.Server{})
	addr := meddle(t, s.Addr(), func(n int, p []byte) [][]byte {
		switch n {
		case 2:
			return nil
		case 3:
			return [][]byte{p, p}
		}
		return [][]byte{p}
	})
	rep := measured(t, brief(Options{Scenario: Retained, Subscribers: 1, Topics: 5}, addr))
	if rep.Messages.Lost != 1 || rep.Messages.Doubled != 1 || rep.Clean() {
		t.Fatalf("%+v", rep.Messages)
	}
}

func TestWhatIsNotAcknowledgedIsCounted(t *testing.T) {
	s := clienttest.Start(t, &clienttest.Server{})
	s.Hold()
	o := brief(Options{Scenario: Pub, Publishers: 2, QoS: 1, Window: 3}, s.Addr())
	o.Drain = 10 * time.Millisecond
	rep := measured(t, o)
	if rep.Messages.Unacknowledged != 6 || rep.Messages.Sent != 6 || rep.Clean() {
		t.Fatalf("%+v", rep.Messages)
	}
}

func TestACutConnectionIsNamed(t *testing.T) {
	for _, portable := range []bool{false, true} {
		var once sync.Once
		s := &clienttest.Server{}
		s.Published = func(string, *packet.Publish) { once.Do(func() { go s.Cut() }) }
		clienttest.Start(t, s)
		o := brief(Options{Scenario: P2P, Publishers: 2, Portable: portable}, s.Addr())
		o.Duration = 300 * time.Millisecond
		rep := measured(t, o)
		if rep.Messages.Disconnected != 4 || rep.Clean() || !strings.Contains(rep.Trouble, "bench-") {
			t.Errorf("portable %v: %+v %q", portable, rep.Messages, rep.Trouble)
		}
	}
}

func TestARefusedClientEndsTheRun(t *testing.T) {
	s := clienttest.Start(t, &clienttest.Server{Refuse: packet.NotAuthorized})
	for _, portable := range []bool{false, true} {
		_, err := Run(patience30(t), brief(Options{Portable: portable}, s.Addr()))
		if err == nil || !strings.Contains(err.Error(), packet.ReasonName(packet.NotAuthorized)) {
			t.Error(portable, err)
		}
	}
}

func TestNobodyThereIsSaid(t *testing.T) {
	s := clienttest.Start(t, &clienttest.Server{})
	addr := s.Addr()
	s.Stop()
	for _, portable := range []bool{false, true} {
		if _, err := Run(patience30(t), brief(Options{Portable: portable}, addr)); err == nil {
			t.Error("connected to nobody")
		}
	}
	for _, bad := range []string{"nowhere", "127.0.0.1:mqtt-over-pigeon"} {
		if _, err := Run(patience30(t), brief(Options{}, bad)); err == nil {
			t.Error(bad, "is no address")
		}
	}
}

func TestASilentBrokerEndsTheRunInTime(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	o := brief(Options{Scenario: Conn, Connections: 3}, l.Addr().String())
	o.ConnectTimeout = 50 * time.Millisecond
	if _, err := Run(patience30(t), o); err == nil || !strings.Contains(err.Error(), "0 of 3") {
		t.Fatal(err)
	}
}

func TestInterruptReportsWhatThereIs(t *testing.T) {
	s := clienttest.Start(t, &clienttest.Server{})
	ctx, cancel := context.WithCancel(patience30(t))
	o := brief(Options{Scenario: P2P, Publishers: 2}, s.Addr())
	o.Duration = time.Hour
	o.Progress = func(Progress) { cancel() }
	rep, err := Run(ctx, o)
	if err != nil || !rep.Interrupted || !rep.Clean() || rep.Messages.Sent == 0 {
		t.Fatal(rep, err)
	}
	cancel()
	if _, err := Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestSubscribersCountWhatAnotherRunPublishes(t *testing.T) {
	s := clienttest.Start(t, &clienttest.Server{})
	began := make(chan struct{})
	result := make(chan *Report, 1)
	var once sync.Once
	go func() {
		o := brief(Options{Scenario: Sub, Subscribers: 2, Progress: func(p Progress) { once.Do(func() { close(began) }) }}, s.Addr())
		o.Duration = 2 * time.Second
		rep, _ := Run(context.Background(), o)
		result <- rep
	}()
	<-began
	sent := measured(t, brief(Options{Scenario: Pub, Publishers: 3, QoS: 1}, s.Addr()))
	rep := <-result
	if rep == nil || rep.Messages.Received != 2*sent.Messages.Sent || !rep.Clean() {
		t.Fatalf("%d sent, %+v", sent.Messages.Sent, rep)
	}
}

func TestUsageOfAProcess(t *testing.T) {
	u, err := processUsage(os.Getpid())
	if err == nil && (u.private <= 0 || u.resident <= u.private) || err != nil && u != (usage{}) {
		t.Fatal(u, err)
	}
	if _, err := processUsage(1 << 30); err == nil {
		t.Fatal("a process that does not exist was measured")
	}
	if ownCPU() <= 0 {
		t.Fatal("no processor time of our own")
	}
}
