package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// briefly makes a durable run short.
func briefly(addr string, d DurableOptions, o Options) Options {
	o.Scenario, o.Durable, o.Drain = Durable, d, 200*time.Millisecond
	return brief(o, addr)
}

func TestEveryStepOfDurableComesOutClean(t *testing.T) {
	addr := realBroker(t)
	for _, o := range []Options{
		briefly(addr, DurableOptions{Step: Accept}, Options{Publishers: 3, Rate: 5000}),
		briefly(addr, DurableOptions{Step: Accept, Sessions: -1}, Options{Publishers: 3}),
		briefly(addr, DurableOptions{Step: Accept, Sessions: 4}, Options{Publishers: 3, Threads: 2, QoS: 2, Rate: 1000}),
		briefly(addr, DurableOptions{Step: Online, Sessions: 5}, Options{Version: packet.V311}),
		briefly(addr, DurableOptions{Step: Online, Sessions: 5}, Options{Publishers: 2, QoS: 2, Threads: 3}),
		briefly(addr, DurableOptions{Step: Return, Sessions: 7}, Options{Publishers: 3, Messages: 20}),
		briefly(addr, DurableOptions{Step: Return, Sessions: 7}, Options{Publishers: 3, Messages: 20, QoS: 2, Threads: 2}),
		briefly(addr, DurableOptions{Step: Away, Sessions: 7}, Options{}),
	} {
		for _, portable := range []bool{false, true} {
			o.Portable = portable
			t.Run(fmt.Sprintf("%s %d sessions QoS %d portable %v", o.Durable.Step, o.Durable.Sessions, o.QoS, portable), func(t *testing.T) {
				rep := measured(t, o)
				if !rep.Clean() || rep.Trouble != "" {
					t.Fatalf("%+v %+v %s", rep.Messages, rep.Durable, rep.Trouble)
				}
				if m := rep.Messages; m.Received != m.Expected || o.Durable.Step != Away && m.Sent == 0 || m.Acknowledged != m.Sent {
					t.Errorf("%+v", m)
				}
				if o.Durable.Sessions >= 0 && o.Durable.Step != Away && rep.Messages.Received != rep.Messages.Sent {
					t.Errorf("%+v: not everything was looked at", rep.Messages)
				}
				if err := rep.Write(io.Discard); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// What waits for a session stays below the bound of the broker, however fast it is.
func TestMeasuringEndsBeforeTheBrokerDrops(t *testing.T) {
	o := briefly(realBroker(t), DurableOptions{Step: Accept, Backlog: 50_000}, Options{Publishers: 1, Rate: 5000})
	o.Duration = time.Hour
	rep := measured(t, o)
	if !rep.Clean() || !rep.Durable.Full || rep.Messages.Received == 0 || len(rep.Warnings) == 0 || !strings.Contains(rep.Warnings[0], "--backlog") {
		t.Errorf("%+v %+v %q", rep.Messages, rep.Durable, rep.Warnings)
	}
}

// breaker stands between clients and broker and breaks all connections when told.
type breaker struct {
	l       net.Listener
	running sync.WaitGroup

	mu    sync.Mutex // guards all below
	to    string
	conns []net.Conn
}

func breakable(t *testing.T, to string) *breaker {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &breaker{to: to, l: l}
	b.running.Go(b.accept)
	t.Cleanup(func() { l.Close(); b.cut(); b.running.Wait() })
	return b
}

func (b *breaker) accept() {
	for {
		near, err := b.l.Accept()
		if err != nil {
			return
		}
		b.mu.Lock()
		to := b.to
		b.mu.Unlock()
		far, err := net.Dial("tcp", to)
		if err != nil {
			near.Close()
			continue
		}
		b.mu.Lock()
		b.conns = append(b.conns, near, far)
		b.mu.Unlock()
		b.running.Go(func() { _, _ = io.Copy(far, near); far.Close() })
		b.running.Go(func() { _, _ = io.Copy(near, far); near.Close() })
	}
}

// move has further connections lead elsewhere.
func (b *breaker) move(to string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.to = to
}

func (b *breaker) cut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.conns {
		c.Close()
	}
	b.conns = nil
}

// Whatever the run is doing when its connections break: it goes on, and with QoS 2
// nothing comes twice either.
func TestADurableRunGoesOnWhenConnectionsBreak(t *testing.T) {
	addr := realBroker(t)
	for _, o := range []Options{
		{Durable: DurableOptions{Step: Accept, Sessions: 3}, QoS: 1},
		{Durable: DurableOptions{Step: Accept, Sessions: 3}, QoS: 2},
		{Durable: DurableOptions{Step: Online, Sessions: 10}, QoS: 1, Threads: 2},
		{Durable: DurableOptions{Step: Online, Sessions: 10}, QoS: 2},
		{Durable: DurableOptions{Step: Return, Sessions: 10}, QoS: 2, Messages: 300, Window: 1},
	} {
		for _, portable := range []bool{false, true}[:o.QoS] { // of QoS 1 the state is a part of that of QoS 2
			t.Run(fmt.Sprintf("%s QoS %d portable %v", o.Durable.Step, o.QoS, portable), func(t *testing.T) {
				b := breakable(t, addr)
				o.Addr, o.Scenario, o.Duration, o.Portable, o.Rate, o.Publishers = b.l.Addr().String(), Durable, 250*time.Millisecond, portable, 5000, 5
				ctx, end := context.WithCancel(patience30(t))
				var cutting sync.WaitGroup
				cutting.Go(func() {
					every := time.NewTicker(60 * time.Millisecond)
					defer every.Stop()
					for range 4 {
						select {
						case <-every.C:
							b.cut()
						case <-ctx.Done():
							return
						}
					}
				})
				rep, err := Run(ctx, o)
				end()
				cutting.Wait()
				if err != nil {
					t.Fatal(err)
				}
				if !rep.Clean() || rep.Messages.Received == 0 || rep.Durable.Outages == 0 {
					t.Fatalf("%+v %+v %s", rep.Messages, rep.Durable, rep.Trouble)
				}
			})
		}
	}
}

func TestADurableRunFindsWhatIsLost(t *testing.T) {
	for name, c := range meddlings() {
		t.Run(name, func(t *testing.T) {
			o := briefly(meddle(t, realBroker(t), c.meddle), DurableOptions{Step: Online, Sessions: 1}, Options{Publishers: 1, Rate: 2000})
			o.Duration = 150 * time.Millisecond
			rep := measured(t, o)
			m := rep.Messages
			if got := (Messages{Lost: m.Lost, Doubled: m.Doubled, Disordered: m.Disordered}); got != c.want || rep.Clean() {
				t.Fatalf("%+v", m)
			}
		})
	}
}

func TestASessionThatTheBrokerForgotIsFound(t *testing.T) {
	b := breakable(t, realBroker(t))
	o := briefly(b.l.Addr().String(), DurableOptions{Step: Restart, Sessions: 3}, Options{Publishers: 1, Messages: 10})
	other := realBroker(t)
	o.Durable.Restart = func(context.Context) error { b.move(other); b.cut(); return nil }
	rep := measured(t, o)
	if k := rep.Durable; k.Forgotten != 3 || rep.Messages.Lost != 30 || rep.Clean() || k.AcceptSeconds <= 0 {
		t.Fatalf("%+v %+v", rep.Messages, k)
	}
}

func TestABrokerThatStaysAwayIsGivenUp(t *testing.T) {
	b := breakable(t, realBroker(t))
	o := briefly(b.l.Addr().String(), DurableOptions{Step: Restart, Sessions: 1, Patience: 300 * time.Millisecond}, Options{Publishers: 1, Messages: 1})
	o.Durable.Restart = func(context.Context) error { b.l.Close(); b.cut(); return nil }
	rep := measured(t, o)
	if rep.Clean() || !rep.Durable.Unchecked || rep.Messages.Lost != 0 || !strings.Contains(rep.Trouble, errGone.Error()) {
		t.Fatalf("%+v %+v %s", rep.Messages, rep.Durable, rep.Trouble)
	}
}

func TestTheSuiteIsATable(t *testing.T) {
	o := Options{Addr: realBroker(t), Duration: 20 * time.Millisecond, Warmup: -1}
	s := NewSuite(o, false)
	for i := range s { // a hundredth of it: this broker has no log
		s[i].Options.Durable.Sessions = max(s[i].Options.Durable.Sessions/100, 1)
		s[i].Options.Messages /= 10
		s[i].Options.Rate = 2000
	}
	shown := 0
	all, err := s.Run(patience30(t), func(LineReport) { shown++ })
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := all.Write(&text); err != nil {
		t.Fatal(err)
	}
	if !all.Clean || shown != len(s) || all.Delivered == 0 || !strings.Contains(text.String(), fmt.Sprintf("acknowledged %d, delivered %d, lost 0, twice 0, out of order 0", all.Acknowledged, all.Delivered)) {
		t.Fatal(text.String())
	}
}
