package observe

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// TestOneReadingAgreesWithItself: figures that are taken before the reading are the
// same under every name.
func TestOneReadingAgreesWithItself(t *testing.T) {
	m := NewMetrics()
	count, now := 0.0, 0.0
	m.Before(func() { count++; now = count })
	m.Counter("a_total", "One name.", func() float64 { return now })
	m.Counter("b_total", "Another.", func() float64 { return now })
	for _, want := range []string{"1", "2"} {
		w := httptest.NewRecorder()
		m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		for _, name := range []string{"a_total ", "b_total "} {
			if !strings.Contains(w.Body.String(), "\n"+name+want+"\n") {
				t.Errorf("no %s%s", name, want)
			}
		}
	}
}
