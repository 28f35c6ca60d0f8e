package app

import (
	"context"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/broker/certs"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/observe"
	"github.com/millrace/millrace/internal/say"
)

const (
	certificateEvery = 2 * time.Second // between two looks
	certificateAlarm = "certificate-"  // and the listener's name
	// certificateWarning is when an end of a certificate is told before: in the last
	// third of its time, so many days at most.
	certificateWarning = 14 * 24 * time.Hour
)

// startCertificates tells of certificates that run out, and of files that cannot be used.
func (a *App) startCertificates(context.Context) (stop, error) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		clock := time.NewTicker(certificateEvery)
		defer clock.Stop()
		for {
			for _, l := range a.broker.Listeners() {
				if l.Certificates != nil {
					lookAtCertificate(a.alarms, l.Name, l.Certificates, time.Now())
				}
			}
			select {
			case <-clock.C:
			case <-ctx.Done():
				return
			}
		}
	})
	return simple(func() error { cancel(); running.Wait(); return nil }), nil
}

// What alarms say of a listener's TLS files.
var (
	certificateOut    = say.New("alarm_certificate_out", "A certificate has run out")
	certificateOutOf  = say.New("alarm_certificate_out_of", "The certificate of listener {0} has run out on {1}: clients that look at it refuse the node. Replace its files; they are read within five seconds, and connections stay.")
	certificateEnds   = say.New("alarm_certificate_ends", "A certificate runs out soon")
	certificateEndsOf = say.New("alarm_certificate_ends_of", "The certificate of listener {0} runs out on {1}. Replace its files before; they are read within five seconds, and connections stay.")
	listOut           = say.New("alarm_revocations_out", "A revocation list is out of date")
	listOutOf         = say.New("alarm_revocations_out_of", "A revocation list of listener {0} is out of date since {1}: no client of its authority comes in. Put a new one in its place.")
	tlsUnusable       = say.New("alarm_tls_files_unusable", "TLS files cannot be used")
	tlsUnusableOf     = say.New("alarm_tls_files_unusable_of", "Listener {0}: {1} What was read before stays in force; its certificate ends on {2}.")
)

// lookAtCertificate raises the alarm of a listener, or clears it: what is wrong most is
// what it says.
func lookAtCertificate(alarms *observe.Alarms, listener string, s *certs.State, now time.Time) {
	id, early := certificateAlarm+listener, min(certificateWarning, s.Expires.Sub(s.Since)/3)
	switch {
	case now.After(s.Expires):
		alarms.Raise(id, 1, certificateOut.With(), certificateOutOf.With(listener, s.Expires))
	case !s.Lists.IsZero() && now.After(s.Lists):
		alarms.Raise(id, 1, listOut.With(), listOutOf.With(listener, s.Lists))
	case s.Failed != nil:
		alarms.Raise(id, 2, tlsUnusable.With(), tlsUnusableOf.With(listener, fault.UserMessage(s.Failed), s.Expires))
	case now.After(s.Expires.Add(-early)):
		alarms.Raise(id, 3, certificateEnds.With(), certificateEndsOf.With(listener, s.Expires))
	default:
		alarms.Clear(id)
	}
}
