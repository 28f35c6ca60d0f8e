package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

func TestASecondConnectionTakesTheClientOver(t *testing.T) {
	b := start(t, Options{})
	sub := enter(t, b, packet.V5, "watcher")
	sub.subscribe("wills", 0)
	for i := range 10 { // on whichever loop
		id := fmt.Sprint("c", i)
		old := dial(t, b, packet.V5)
		old.write(connectBytes(packet.V5, id, will("wills", 0, false)))
		expect[*packet.Connack](old)
		old.subscribe("a", 0)
		fresh := enter(t, b, packet.V311, id)
		if d := expect[*packet.Disconnect](old); d.Reason != packet.SessionTakenOver {
			t.Fatalf("%+v", d)
		}
		old.closed()
		if got := expect[*packet.Publish](sub); string(got.Topic) != "wills" {
			t.Fatalf("%+v", got)
		}
		fresh.send(packet.Pingreq{})
		expect[packet.Pingresp](fresh)
	}
	eventually(t, "all counted", func() bool {
		s := b.Stats()
		return s.Connections == 11 && s.Subscriptions == 1 && s.Closed[fault.TakenOver] == 10 && len(s.Refused) == 0
	})
}

func TestTheWillIsPublishedUnlessTheClientTakesLeave(t *testing.T) {
	b := start(t, Options{})
	sub := enter(t, b, packet.V5, "sub")
	sub.subscribe("will/+", 1)
	for _, c := range []struct {
		name  string
		leave func(*raw)
		comes bool
	}{
		{"lost", func(r *raw) { _ = r.nc.Close() }, true},
		{"broken", func(r *raw) { r.write([]byte{0}) }, true},
		{"with will", func(r *raw) { r.send(&packet.Disconnect{Reason: packet.DisconnectWithWill}) }, true},
		{"in order", func(r *raw) { r.send(&packet.Disconnect{}) }, false},
	} {
		r := dial(t, b, packet.V5)
		r.write(connectBytes(packet.V5, "c", will("will/"+c.name, 1, false)))
		expect[*packet.Connack](r)
		c.leave(r)
		if c.comes {
			if got := expect[*packet.Publish](sub); string(got.Topic) != "will/"+c.name {
				t.Errorf("%s: %s", c.name, got.Topic)
			}
			continue
		}
		r.closed()
		r = enter(t, b, packet.V5, "other")
		r.send(publish("will/none", "", 1, 1))
		if got := expect[*packet.Publish](sub); string(got.Topic) != "will/none" {
			t.Errorf("%s: %s", c.name, got.Topic)
		}
	}
}

func TestTimersByAnInjectedClock(t *testing.T) {
	clock := newClock()
	b := start(t, Options{Now: clock.now, Zone: Zone{ConnectTimeout: 5 * time.Second}})
	move := func(d time.Duration) { clock.forward(d); b.tick(); settle(b) }

	mute := dial(t, b, packet.V5)
	mute.write([]byte{0x10})
	lively, quiet, forever := dial(t, b, packet.V5), dial(t, b, packet.V5), enter(t, b, packet.V5, "forever")
	for id, r := range map[string]*raw{"lively": lively, "quiet": quiet} {
		r.send(&packet.Connect{Version: 5, CleanStart: true, ClientID: []byte(id), KeepAlive: 10})
		expect[*packet.Connack](r)
	}
	move(4 * time.Second)
	lively.send(packet.Pingreq{})
	expect[packet.Pingresp](lively)
	for range 2 {
		move(time.Second)
	}
	if n := b.Listeners()[0].Refused[fault.ConnectTimeout]; n != 1 || b.Stats().Refused[fault.ConnectTimeout] != 1 {
		t.Fatal(n)
	}
	mute.closed()
	for range 8 {
		move(time.Second)
		lively.send(packet.Pingreq{})
		expect[packet.Pingresp](lively)
	}
	for b.Stats().Closed[fault.KeepAlive] == 0 {
		move(time.Second)
		lively.send(packet.Pingreq{})
		expect[packet.Pingresp](lively)
	}
	if d := expect[*packet.Disconnect](quiet); d.Reason != packet.KeepAliveTimeout {
		t.Fatalf("%+v", d)
	}
	quiet.closed()
	for range 100 {
		move(time.Second)
		lively.send(packet.Pingreq{})
		expect[packet.Pingresp](lively)
	}
	forever.send(packet.Pingreq{})
	expect[packet.Pingresp](forever)
	if n := b.Stats().Connections; n != 2 {
		t.Fatal(n)
	}
}

func TestCloseTellsClientsAndWaitsForTheLog(t *testing.T) {
	t.Parallel() // it waits, for a second at most
	log := &fakeLog{}
	log.hold()
	b := start(t, Options{Keeper: log})
	five, three := enter(t, b, packet.V5, "five"), enter(t, b, packet.V311, "three")
	five.send(publish("a", "", 1, 1))
	eventually(t, "handed over", func() bool { return b.Stats().Unkept > 0 })
	closed := make(chan error)
	go func() { closed <- stop(b) }()
	eventually(t, "drained", func() bool {
		nc, err := dialTry(b)
		if err == nil {
			_ = nc.Close()
		}
		return err != nil
	})
	log.release(nil)
	if a := expect[*packet.Ack](five); a.ID != 1 {
		t.Fatalf("%+v", a)
	}
	if d := expect[*packet.Disconnect](five); d.Reason != packet.ServerShuttingDown {
		t.Fatalf("%+v", d)
	}
	five.closed()
	three.closed()
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	if _, err := b.Publish(t.Context(), message("a", 0)); fault.CodeOf(err) != fault.Unavailable {
		t.Fatal(err)
	}
}

func TestCloseEndsThoughTheLogNeverAnswers(t *testing.T) {
	t.Parallel() // it waits, for a second at most
	log := &fakeLog{}
	log.hold()
	b := start(t, Options{Keeper: log})
	c := enter(t, b, packet.V5, "c")
	c.send(publish("a", "", 1, 1))
	eventually(t, "handed over", func() bool { return b.Stats().Unkept > 0 })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Close(ctx); fault.CodeOf(err) != fault.Timeout {
		t.Fatal(err)
	}
	log.release(nil) // too late, and harmless
}

// nobodyButAnna is an Authenticator.
type nobodyButAnna struct{}

func (nobodyButAnna) Authenticate(l *Login, _ func(Verdict)) (Verdict, bool) {
	if string(l.Username) == "anna" {
		return Verdict{Identity: &Identity{Username: "anna"}}, true
	}
	return Verdict{Err: fault.New(fault.Unauthenticated, "You are not Anna.")}, true
}

func (nobodyButAnna) Exchange(string, *Login) (Exchange, error) { return nil, errAuthMethod }

func (nobodyButAnna) Recheck(id *Identity) (*Identity, error) { return id, nil }

func TestAnAuthenticatorDecidesWhoComesIn(t *testing.T) {
	b := start(t, Options{Authenticator: nobodyButAnna{}})
	for _, v := range versions {
		r := dial(t, b, v)
		r.write(connectBytes(v, "c", nil))
		if a := expect[*packet.Connack](r); a.Reason != packet.BadUserNameOrPassword {
			t.Errorf("%v: %+v", v, a)
		}
		r.closed()
		r = dial(t, b, v)
		r.write(connectBytes(v, "c", func(p *packet.Connect) { p.Username = []byte("anna") }))
		if a := expect[*packet.Connack](r); a.Reason != packet.Success {
			t.Errorf("%v: %+v", v, a)
		}
	}
	eventually(t, "three refusals", func() bool { return b.Stats().Refused[fault.Unauthenticated] == 3 })
}

func TestWithoutAuthenticatorOnlyLoopbackIsListenedOn(t *testing.T) {
	b, err := New(Options{Listeners: []Listener{{Address: "0.0.0.0:0"}}})
	if err != nil {
		t.Fatal(err)
	}
	err = b.Start(t.Context())
	if fault.CodeOf(err) != fault.Invalid || !strings.Contains(fault.UserMessage(err), "Configure authentication") {
		t.Fatal(err)
	}
	if err := b.Close(t.Context()); err != nil { // nothing is left running
		t.Fatal(err)
	}
}

func TestRefusalsDoNotFloodTheLog(t *testing.T) {
	var text strings.Builder
	clock := newClock()
	l := limitedLog{to: slog.New(slog.NewTextHandler(&text, nil)), now: clock.now}
	for range 100 {
		l.log("refused", "error", errors.New("x"))
	}
	if n := strings.Count(text.String(), "msg=refused"); n != refusalsPerSecond {
		t.Errorf("%d lines", n)
	}
	clock.forward(time.Second)
	l.log("refused")
	if !strings.Contains(text.String(), "count=90") {
		t.Error(text.String())
	}
}
