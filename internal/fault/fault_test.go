package fault

import (
	"errors"
	"fmt"
	"testing"
)

func TestEveryCodeHasItsOwnRow(t *testing.T) {
	labels, numbers := map[string]Code{}, map[string]Code{}
	for _, c := range Codes() {
		if c.String() == "" || c.Title() == "" || c.Reason() == 0 || c.HTTPStatus() < 200 {
			t.Errorf("code %d has an incomplete row: %+v", c, table[c])
		}
		if other, taken := labels[c.String()]; taken {
			t.Errorf("%v and %v share the label %s", c, other, c)
		}
		if other, taken := numbers[c.Quote()]; taken {
			t.Errorf("%v and %v share %s", c, other, c.Quote())
		}
		labels[c.String()], numbers[c.Quote()] = c, c
	}
}

func TestTwoReaders(t *testing.T) {
	err := fmt.Errorf("api: %w", Wrap(StorageFull, "stream: append", errors.New("no space left"), "Stream %q is full.", "telemetry"))
	if CodeOf(err) != StorageFull || !errors.Is(err, New(StorageFull, "")) || errors.Is(err, New(NotFound, "")) {
		t.Fatalf("code of %v", err)
	}
	if got := UserMessage(err); got != `Stream "telemetry" is full.` {
		t.Fatalf("user reads %q", got)
	}
	if got := err.Error(); got != `api: stream: append: storage_full: Stream "telemetry" is full.: no space left` {
		t.Fatalf("operator reads %q", got)
	}
	cause := errors.New("EOF")
	if got := Wrap(TLS, "tls", cause, "The TLS handshake failed: %v.", cause).Error(); got != "tls: tls_failed: The TLS handshake failed: EOF." {
		t.Fatalf("operator reads %q", got)
	}
	if got := UserMessage(errors.New("secret internals")); got == "secret internals" || got == "" {
		t.Fatalf("user reads %q", got)
	}
}
