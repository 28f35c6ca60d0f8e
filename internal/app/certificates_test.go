package app

import (
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker/certs"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/observe"
)

// A certificate grows old, its files are replaced by wrong ones and then by right ones.
func TestCertificatesThatRunOutAreTold(t *testing.T) {
	alarms, begin, day := observe.NewAlarms(observe.AlarmOptions{}), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), 24*time.Hour
	year := certs.State{Since: begin, Expires: begin.Add(365 * day)}
	short := certs.State{Since: begin, Expires: begin.Add(6 * day)}
	unfit, lists := year, year
	unfit.Failed, lists.Lists = fault.New(fault.Invalid, "The key does not fit."), begin.Add(7*day)
	for _, c := range []struct {
		state    certs.State
		after    time.Duration
		priority int
		says     string
	}{
		{year, 0, 0, ""},
		{year, 350 * day, 0, ""},
		{year, 352 * day, 3, "listener tls runs out on"},
		{unfit, 352 * day, 2, "The key does not fit."},
		{year, 366 * day, 1, "listener tls has run out on"},
		{unfit, 366 * day, 1, "has run out"},
		{year, 10 * day, 0, ""},
		{short, 3 * day, 0, ""},
		{short, 5 * day, 3, "listener tls runs out on"},
		{lists, 6 * day, 0, ""},
		{lists, 8 * day, 1, "revocation list of listener tls is out of date since"},
		{year, 8 * day, 0, ""},
	} {
		lookAtCertificate(alarms, "tls", &c.state, begin.Add(c.after))
		priority, text := 0, ""
		for _, a := range alarms.Active() {
			if a.ID == "certificate-tls" {
				priority, text = a.Priority, a.Detail.String()
			}
		}
		if priority != c.priority || !strings.Contains(text, c.says) {
			t.Errorf("after %v: priority %d, %q; want %d, %q", c.after, priority, text, c.priority, c.says)
		}
	}
}
