// Package probe looks at a broker as a client would, step by step, and writes down what
// it sees as facts for package doctor.
//
// It opens one connection at a time and ends each. It logs in under an identifier of its
// own unless it is told to take the client's over, and begins no session that outlives
// the connection. What it publishes is one short text to the topic it is given, and five
// for round trips. Over TLS that it does not trust it says no password.
package probe

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"github.com/millrace/millrace/internal/doctor"
	"github.com/millrace/millrace/internal/fault"
)

// Options say what to look at.
type Options struct {
	Target doctor.Target
	// Certificates are the client's own.
	Certificates []tls.Certificate
	Password     []byte
	// Timeout bounds each step.
	Timeout time.Duration
	// Resolver looks names up; nil is the system's.
	Resolver func(ctx context.Context, host string) ([]netip.Addr, error)
	// Dial opens connections; nil is the network's.
	Dial func(ctx context.Context, address string) (net.Conn, error)
}

// probe is one look.
type probe struct {
	Options
	f    *doctor.Facts
	addr string // of the address that answers
	// first is the connection by which that was found; the first step uses it up, so that
	// the broker sees no client that leaves at once.
	first net.Conn
}

// Run looks at the broker until ctx ends. What was not reached stays nil.
func Run(ctx context.Context, o Options) *doctor.Facts {
	p := &probe{Options: o, f: &doctor.Facts{Target: &o.Target, Now: time.Now()}}
	if p.Resolver == nil {
		p.Resolver = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	if p.Dial == nil {
		p.Dial = func(ctx context.Context, address string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", address)
		}
	}
	p.f.Identity = identity()
	if o.Target.TakeOver {
		p.f.Identity = o.Target.ClientID
	}
	if p.name(ctx) && p.reach(ctx) {
		p.mqtt(ctx)
	}
	if p.first != nil {
		p.first.Close()
	}
	return p.f
}

// identity is one that nobody else uses, short enough for MQTT 3.1.
func identity() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	return doctor.IdentityPrefix + hex.EncodeToString(b[:])
}

// step is a context for one step.
func (p *probe) step(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, p.Timeout)
}

func (p *probe) name(ctx context.Context) bool {
	host := p.Target.Host
	n := &doctor.Name{}
	p.f.Name = n
	if a, err := netip.ParseAddr(host); err == nil {
		n.Literal, n.Addresses = true, []netip.Addr{a}
		return true
	}
	ctx, cancel := p.step(ctx)
	defer cancel()
	began := time.Now()
	list, err := p.Resolver(ctx, host)
	n.Took = time.Since(began)
	var dns *net.DNSError
	switch {
	case err == nil && len(list) > 0:
	case err == nil || errors.As(err, &dns) && dns.IsNotFound:
		n.Trouble = doctor.NotFound
	default:
		n.Trouble = trouble(err)
	}
	if err != nil {
		n.Err = err.Error()
	}
	for _, a := range list {
		n.Addresses = append(n.Addresses, a.Unmap())
	}
	return n.Trouble == doctor.None
}

// mostAddresses bounds how many addresses of one name are tried.
const mostAddresses = 8

func (p *probe) reach(ctx context.Context) bool {
	addresses := p.f.Name.Addresses
	for _, a := range addresses[:min(len(addresses), mostAddresses)] {
		d := p.dial(ctx, a)
		p.f.Dials = append(p.f.Dials, d)
		if d.Trouble == doctor.None && p.addr == "" {
			p.addr = p.at(a, p.Target.Port)
		}
	}
	if p.addr == "" && len(addresses) > 0 {
		p.others(ctx, addresses[0])
	}
	return p.addr != ""
}

func (p *probe) at(a netip.Addr, port int) string {
	return net.JoinHostPort(a.String(), strconv.Itoa(port))
}

func (p *probe) dial(ctx context.Context, a netip.Addr) doctor.Dial {
	ctx, cancel := p.step(ctx)
	defer cancel()
	began := time.Now()
	conn, err := p.Dial(ctx, p.at(a, p.Target.Port))
	d := doctor.Dial{Address: a, Took: time.Since(began), Trouble: trouble(err)}
	if err != nil {
		d.Err = plain(err)
		return d
	}
	if p.first == nil {
		p.first = conn
	} else {
		defer conn.Close()
	}
	if from, ok := conn.LocalAddr().(*net.TCPAddr); ok {
		p.f.From = from.AddrPort().Addr().Unmap()
	}
	return d
}

// others looks at the usual ports of a machine that does not answer on the one asked.
func (p *probe) others(ctx context.Context, a netip.Addr) {
	if d := p.f.Dials[0]; d.Trouble != doctor.Refused {
		return
	}
	for _, port := range []int{1883, 8883, 8083, 8084} {
		ctx, cancel := p.step(ctx)
		conn, err := p.Dial(ctx, p.at(a, port))
		cancel()
		if err == nil {
			conn.Close()
			p.f.Others = append(p.f.Others, port)
		}
	}
}

// connection is one to the address that answers.
func (p *probe) connection(ctx context.Context) (net.Conn, error) {
	if conn := p.first; conn != nil {
		p.first = nil
		return conn, nil
	}
	return p.Dial(ctx, p.addr)
}

// trouble says what kind of failure an error is.
func trouble(err error) doctor.Trouble {
	var timeout interface{ Timeout() bool }
	switch {
	case err == nil:
		return doctor.None
	case fault.ConnectionRefused(err):
		return doctor.Refused
	case is(err, syscall.EHOSTUNREACH, wsaHost), is(err, syscall.ENETUNREACH, wsaNet):
		return doctor.Unreachable
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return doctor.Timeout
	case closed(err):
		return doctor.Closed
	}
	return doctor.Other
}

// What Windows says, which package syscall does not map.
const (
	wsaNet  = syscall.Errno(10051)
	wsaHost = syscall.Errno(10065)
)

func is(err error, any ...error) bool {
	for _, x := range any {
		if errors.Is(err, x) {
			return true
		}
	}
	return false
}

// plain is an error without the address that the finding names already.
func plain(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err.Error()
	}
	return err.Error()
}
