package sim

import (
	"context"
	"errors"
	"time"

	"github.com/millrace/millrace/internal/mqtt/client"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

const (
	firstBackOff = 100 * time.Millisecond
	lastBackOff  = 5 * time.Second
	connectLimit = 10 * time.Second
	// provenAfter is how long a connection lives until it counts as one that works
	// though nothing was acknowledged on it.
	provenAfter = 5 * time.Second
)

// pauses are those between a device's connections: they grow while connections
// come to nothing. A CONNACK alone is no success, since a broker may close behind
// it. Its zero value is at the beginning.
type pauses struct{ next time.Duration }

// after returns the pause behind a connection that worked or did not.
func (p *pauses) after(worked bool) time.Duration {
	if worked || p.next == 0 {
		p.next = firstBackOff
	}
	d := p.next
	p.next = min(2*p.next, lastBackOff)
	return d
}

// keep keeps the device connected until ctx ends: its goroutine belongs to the run.
// The connection itself is closed by the run.
func (d *device) keep(ctx context.Context) {
	rand := newRandom(d.run.o.Plant.Seed, ^d.index)
	var lost *client.Client // the one before, with what it did not get acknowledged
	var pauses pauses
	for d.run.gate.pass(ctx) {
		c, err := d.connect(ctx, lost)
		began := time.Now()
		if err == nil {
			lost = c
			select {
			case <-ctx.Done():
				return
			case <-c.Done():
				err = errors.Join(c.Err(), client.ErrClosed)
			}
		}
		d.failed(err)
		pause := pauses.after(d.wasProven() || time.Since(began) >= provenAfter)
		if !d.run.pause(ctx, time.Duration(float64(pause)*(0.5+rand.unit()))) {
			return
		}
	}
}

func (d *device) connect(ctx context.Context, lost *client.Client) (*client.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	o := &d.run.o
	again := 0
	if lost != nil {
		lost.Abort() // waits for its last acknowledgements
		again = lost.InFlight()
	}
	d.prove(false)
	c, err := client.Connect(ctx, client.Options{
		Addr: o.Addr, Dial: o.Dial, Version: o.Version, ClientID: d.name, Username: o.Username, Password: o.Password,
		Window: o.Window, Retry: true, Resume: lost, Acked: d.acked,
	})
	if err != nil {
		return nil, err
	}
	d.joined(c, lost == nil, again)
	return c, nil
}

func (d *device) joined(c *client.Client, first bool, again int) {
	t := &d.run.totals
	t.connects.Add(1)
	t.connected.Add(1)
	t.resent.Add(int64(again))
	if first {
		t.everJoined.Add(1)
		d.run.poke()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.client, d.trouble = c, nil
	d.flush()
}

func (d *device) prove(proven bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.proven = proven
}

func (d *device) wasProven() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.proven
}

// failed notes that there is no connection, and why.
func (d *device) failed(err error) {
	d.mu.Lock()
	if d.client != nil {
		d.run.connected.Add(-1)
	}
	d.client, d.trouble = nil, err
	d.mu.Unlock()
	d.run.o.Log.Debug("not connected", "client", d.name, "error", err)
	var refused *client.Refused
	if errors.As(err, &refused) && hopeless(refused.Reason) {
		d.run.give(err)
	}
}

// hopeless names the refusals that trying again will not change.
func hopeless(reason byte) bool {
	switch reason {
	case packet.BadUserNameOrPassword, packet.NotAuthorized, packet.Banned, packet.UnsupportedVersion, packet.ClientIDNotValid:
		return true
	}
	return false
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
