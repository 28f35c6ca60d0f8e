package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/client/clienttest"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func patience(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// book records what a server got.
type book struct {
	mu   sync.Mutex
	all  []string
	more chan struct{}
}

func newBook() *book { return &book{more: make(chan struct{}, 100_000)} }

func (b *book) note(_ string, p *packet.Publish) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, fmt.Sprintf("%d %s %v", p.ID, p.Payload, p.Dup))
	b.more <- struct{}{}
}

func (b *book) await(t *testing.T, n int) []string {
	t.Helper()
	ctx := patience(t)
	for range n {
		select {
		case <-b.more:
		case <-ctx.Done():
			t.Fatalf("only %d messages came", len(b.all))
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.all)
}

func message(i int, qos byte) *packet.Publish {
	return &packet.Publish{Topic: []byte("a/b"), Payload: fmt.Append(nil, i), QoS: qos}
}

func TestEveryMessageIsAcknowledgedOnceInEveryVersionAndQoS(t *testing.T) {
	const n = 500
	for _, v := range []packet.Version{packet.V31, packet.V311, packet.V5} {
		for qos := range byte(3) {
			t.Run(fmt.Sprint(v, " QoS ", qos), func(t *testing.T) {
				got := newBook()
				s := clienttest.Start(t, &clienttest.Server{Published: got.note})
				acked := map[uint64]int{}
				c, err := Connect(patience(t), Options{
					Addr: s.Addr(), Version: v, ClientID: "c", Window: 8,
					Acked: func(token uint64, _ byte) { acked[token]++ },
				})
				if err != nil {
					t.Fatal(err)
				}
				for i := range n {
					if err := c.Publish(message(i, qos), uint64(i)); err != nil {
						t.Fatal(err)
					}
				}
				if err := c.Drain(patience(t)); err != nil {
					t.Fatal(err)
				}
				if err := c.Close(patience(t)); err != nil {
					t.Fatal(err)
				}
				for i, line := range got.await(t, n) {
					var id, k int
					var dup bool
					if fmt.Sscan(line, &id, &k, &dup); k != i || dup || id > 8 || (id == 0) != (qos == 0) {
						t.Fatalf("message %d came as %q", i, line)
					}
				}
				for i := range n {
					if acked[uint64(i)] != min(int(qos), 1) {
						t.Fatalf("message %d was acknowledged %d times", i, acked[uint64(i)])
					}
				}
			})
		}
	}
}

func TestSubscriberReceivesAtEveryQoS(t *testing.T) {
	s := clienttest.Start(t, &clienttest.Server{})
	got := make(chan string, 100)
	c, err := Connect(patience(t), Options{Addr: s.Addr(), Received: func(p *packet.Publish) { got <- string(p.Payload) }})
	if err != nil {
		t.Fatal(err)
	}
	reasons, err := c.Subscribe(patience(t), packet.Subscription{Filter: []byte("a/+"), QoS: 2}, packet.Subscription{Filter: []byte("z"), QoS: 1})
	if err != nil || !slices.Equal(reasons, []byte{2, 1}) {
		t.Fatal(reasons, err)
	}
	for qos := range byte(3) {
		if err := c.Publish(message(int(qos), qos), 0); err != nil {
			t.Fatal(err)
		}
	}
	for want := range 3 {
		select {
		case p := <-got:
			if p != fmt.Sprint(want) {
				t.Fatalf("got %s, want %d", p, want)
			}
		case <-patience(t).Done():
			t.Fatal("nothing came")
		}
	}
	if _, err := c.Unsubscribe(patience(t), "a/+"); err != nil {
		t.Fatal(err)
	}
	if err := c.Drain(patience(t)); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(patience(t)); err != nil {
		t.Fatal(err)
	}
}

func TestWindowAndReceiveMaximumBoundWhatIsUnderWay(t *testing.T) {
	s := clienttest.Start(t, &clienttest.Server{ReceiveMaximum: 3})
	s.Hold()
	c, err := Connect(patience(t), Options{Addr: s.Addr(), Window: 10})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if sent, err := c.TryPublish(message(i, 1), 0); !sent || err != nil {
			t.Fatal(i, sent, err)
		}
	}
	if sent, err := c.TryPublish(message(3, 1), 0); sent || err != nil || c.InFlight() != 3 {
		t.Fatal("the fourth went out", err)
	}
	if sent, _ := c.TryPublish(message(3, 0), 0); !sent {
		t.Fatal("QoS 0 needs no window")
	}
	waiting := make(chan error, 1)
	go func() { waiting <- c.Publish(message(4, 1), 0) }()
	s.Release()
	if err := <-waiting; err != nil {
		t.Fatal(err)
	}
	if err := c.Close(patience(t)); err != nil {
		t.Fatal(err)
	}
	if err := c.Publish(message(5, 1), 0); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
}

func TestResumeSendsAgainInOrderWithTheSameIdentifiers(t *testing.T) {
	got := newBook()
	s := clienttest.Start(t, &clienttest.Server{Published: got.note})
	s.Hold()
	closed := make(chan error, 1)
	o := Options{Addr: s.Addr(), Retry: true, Window: 4, Closed: func(err error) { closed <- err }}
	first, err := Connect(patience(t), o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		if err := first.Publish(message(i, 1), uint64(100+i)); err != nil {
			t.Fatal(err)
		}
	}
	before := got.await(t, 4)
	s.Cut()
	if err := <-closed; err == nil {
		t.Fatal("a cut connection ended without an error")
	}
	acked := make(chan uint64, 10)
	o.Resume, o.Closed, o.Acked = first, nil, func(token uint64, _ byte) { acked <- token }
	s.Release()
	second, err := Connect(patience(t), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Drain(patience(t)); err != nil {
		t.Fatal(err)
	}
	for i, line := range got.await(t, 4)[4:] {
		var id, k, id0, k0 int
		var dup bool
		fmt.Sscan(line, &id, &k, &dup)
		fmt.Sscan(before[i], &id0, &k0)
		if id != id0 || k != i || !dup {
			t.Fatalf("%q came again as %q", before[i], line)
		}
		if token := <-acked; token != uint64(100+i) {
			t.Fatalf("token %d", token)
		}
	}
	if err := second.Close(patience(t)); err != nil {
		t.Fatal(err)
	}
}

func TestRefusalNamesTheReason(t *testing.T) {
	s := clienttest.Start(t, &clienttest.Server{Refuse: packet.BadUserNameOrPassword})
	for _, v := range []packet.Version{packet.V311, packet.V5} {
		_, err := Connect(patience(t), Options{Addr: s.Addr(), Version: v})
		var refused *Refused
		if !errors.As(err, &refused) || refused.Reason != packet.BadUserNameOrPassword {
			t.Fatal(err)
		}
	}
}

func TestCallerIsFreedWhenTheConnectionEnds(t *testing.T) {
	s := clienttest.Start(t, &clienttest.Server{})
	s.Hold()
	c, err := Connect(patience(t), Options{Addr: s.Addr(), Window: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Publish(message(0, 1), 0); err != nil {
		t.Fatal(err)
	}
	blocked := make(chan error, 2)
	go func() { blocked <- c.Publish(message(1, 1), 0) }()
	go func() { blocked <- c.Drain(context.Background()) }()
	c.Abort()
	for range 2 {
		if err := <-blocked; !errors.Is(err, ErrClosed) {
			t.Fatal(err)
		}
	}
	if _, err := c.Subscribe(patience(t), packet.Subscription{Filter: []byte("a")}); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
}

func TestConnectGivesUpWithItsContext(t *testing.T) {
	silent := clienttest.Start(t, &clienttest.Server{})
	silent.Stop()
	if _, err := Connect(patience(t), Options{Addr: silent.Addr()}); err == nil {
		t.Fatal("connected to nobody")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Connect(ctx, Options{Addr: silent.Addr()}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestPingKeepsASilentConnection(t *testing.T) {
	s := clienttest.Start(t, &clienttest.Server{})
	c, err := Connect(patience(t), Options{Addr: s.Addr(), KeepAlive: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	for rounds := 0; rounds < 3; {
		c.mu.Lock()
		if c.pinged {
			rounds++
		}
		c.mu.Unlock()
		select {
		case <-c.Done():
			t.Fatal(c.Err())
		case <-time.After(time.Millisecond):
		}
	}
	if err := c.Close(patience(t)); err != nil {
		t.Fatal(err)
	}
}

func TestGarbageEndsTheConnection(t *testing.T) {
	closed := make(chan error, 1)
	near, far := pipe(t)
	go func() {
		_, _ = io.ReadFull(far, make([]byte, 1))
		_, _ = far.Write((&packet.Connack{}).Append(nil, packet.V5))
		_, _ = far.Write([]byte{0x36, 0x03, 0, 1, 'a'})
		_, _ = io.Copy(io.Discard, far)
	}()
	c, err := Connect(patience(t), Options{Conn: near, Closed: func(err error) { closed <- err }})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-closed; fault.CodeOf(err) != fault.Malformed {
		t.Fatal(err)
	}
	c.Abort()
}
