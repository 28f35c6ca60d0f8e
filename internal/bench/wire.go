package bench

import (
	"time"
)

// wire moves the bytes of one loop's peers. All but wake are the loop's own to call.
// What happens is told to the loop, from within wait: opened, arrived, drained, gone.
type wire interface {
	// open begins to connect; opened or gone follows.
	open(p *peer)
	// write takes from p.out what it can; drained follows when it took the rest later.
	write(p *peer)
	// queued is how many bytes of the peer wait to be written.
	queued(p *peer) int
	// close ends the connection; gone does not follow.
	close(p *peer)
	// wait waits for something to happen, at most for d.
	wait(d time.Duration)
	// wake ends a wait, from any goroutine.
	wake()
	// end closes what is open and waits for the wire's goroutines.
	end()
}

// handle is what a wire keeps with each peer.
type handle struct {
	fd      int
	armed   bool // watched for room to write
	written int  // bytes at the head of out that are written
	conn    *stream
	layers  *layers // nil: bytes of the socket are MQTT
}
