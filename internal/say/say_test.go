package say

import (
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

var (
	waits   = New("test_waits", "It waits for {0}{1}.")
	behind  = New("test_behind", ", behind {0}")
	letters = Counted("test_letters", "1 letter", "{0} letters")
	failed  = New("test_failed", "It failed after {0}: {1}.")
	room    = New("test_room", "{0} are free since {1}.")
)

func TestPhrasesAreSaidInEnglish(t *testing.T) {
	for want, s := range map[string]Said{
		"It waits for press-7.":                                                waits.With("press-7", Said{}),
		"It waits for {1}, behind 1 letter.":                                   waits.With("{1}", behind.With(letters.With(1))),
		"It waits for x, behind 12 letters.":                                   waits.With("x", behind.With(letters.With(12))),
		"It failed after 2 min 5 s: queue full (queue_full, MR-4216).":         failed.With(Span(125*time.Second), fault.QueueFull),
		"It failed after 0s: no matching subscriber (no_subscriber, MR-4219).": failed.With(Span(-5), fault.NoSubscriber),
		"1023 B are free since 2026-11-22 18:00:00.":                           room.With(Size(1023), time.Date(2026, 11, 22, 18, 0, 0, 0, time.Local)),
		"1.0 KiB are free since 512.5 MiB.":                                    room.With(Size(1024), Size(1025<<19)),
		"3072.0 TiB are free since 2.0 GiB.":                                   room.With(Size(3<<50), Size(2<<30)),
		"":                                                                     {},
	} {
		if got := s.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestACodeIsGivenOnce(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a second phrase took the code")
		}
	}()
	New("test_waits", "It waits, too.")
}

func TestATextIsCutAtACharacter(t *testing.T) {
	for text, want := range map[string]string{
		"press-7":                              "press-7",
		"press-12":                             "press-12",
		"press-123":                            "press…",
		"prés€s-7":                             "prés…", // € would be cut in two
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff": "…",
	} {
		if got := Cut(text, 8); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
