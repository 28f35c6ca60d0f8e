package app

import (
	"cmp"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/broker"
)

var _ api.Redirects = redirectAPI{}

// redirectAPI sends clients to another server.
type redirectAPI struct {
	*broker.Broker
	reference string // where nothing else is named
}

func (r redirectAPI) Redirect() api.Redirect {
	to, active := r.Referred()
	if !active {
		return api.Redirect{}
	}
	return api.Redirect{Active: true, Reference: to.Reference, Moved: to.Moved, Since: to.Since.UTC()}
}

func (r redirectAPI) SetRedirect(n api.NewRedirect) api.Redirect {
	r.Refer(cmp.Or(n.Reference, r.reference), n.Moved)
	return r.Redirect()
}

func (r redirectAPI) EndRedirect() { r.Welcome() }

// redirect sends clients away from the start on, where the configuration says so.
func (a *App) redirect(b *broker.Broker) {
	if c := a.cfg.MQTT.Redirect; c.Active {
		b.Refer(c.Reference, c.Moved)
	}
}
