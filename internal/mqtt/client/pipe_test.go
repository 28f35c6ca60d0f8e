package client

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/millrace/millrace/internal/mqtt/client/clienttest"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// pipe returns the two ends of a loopback connection.
func pipe(tb testing.TB) (near, far net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	if near, err = net.Dial("tcp", l.Addr().String()); err != nil {
		tb.Fatal(err)
	}
	if far, err = l.Accept(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { near.Close(); far.Close() })
	return near, far
}

func BenchmarkPublishQoS1(b *testing.B) {
	s := clienttest.Start(b, &clienttest.Server{})
	c, err := Connect(context.Background(), Options{Addr: s.Addr(), Window: 1000, Retry: true, Acked: func(uint64, byte) {}})
	if err != nil {
		b.Fatal(err)
	}
	p := packet.Publish{Topic: []byte("volta/plant1/electrode/line1"), Payload: make([]byte, 200), QoS: 1}
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Publish(&p, 1); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	c.Abort()
}

// What the client itself costs: the window, the encoding and the copy for a retry.
func BenchmarkPublishAndAckInMemory(b *testing.B) {
	c := &Client{o: Options{Buffer: 1 << 20, Retry: true, Version: packet.V5}, wake: make(chan struct{}, 1), win: newWindow(64, 65535, true)}
	c.room = sync.NewCond(&c.mu)
	p := packet.Publish{Topic: []byte("volta/plant1/electrode/line1"), Payload: make([]byte, 200), QoS: 1}
	b.ReportAllocs()
	for b.Loop() {
		if sent, err := c.TryPublish(&p, 1); !sent || err != nil {
			b.Fatal(err)
		}
		c.out = c.out[:0]
		c.acknowledged(&packet.Ack{Kind: packet.TypePuback, ID: p.ID})
	}
}
