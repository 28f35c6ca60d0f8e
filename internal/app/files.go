package app

import (
	"context"
	"fmt"
	"time"

	"github.com/millrace/millrace/internal/access"
	"github.com/millrace/millrace/internal/broker/certs"
	"github.com/millrace/millrace/internal/config"
	"github.com/millrace/millrace/internal/fault"
)

// filesOf are the settings of a listener by the kind of their files.
var filesOf = [...]string{
	certs.Certificates: "certificate_files", certs.Keys: "key_files", certs.Staples: "staple_files",
	certs.Authorities: "client_ca_files", certs.RevocationLists: "revocation_files",
}

// CheckFiles reads the files that the configuration names: certificates, keys,
// authorities and revocation lists of all listeners, users and access rules. Its error
// is a *config.Error with all that is wrong with them; warnings keep no node from
// starting. It changes nothing.
func CheckFiles(cfg *config.Config, origins *config.Origins) (warnings []string, err error) {
	var wrong []config.Problem
	for i := range cfg.MQTT.Listeners {
		l := &cfg.MQTT.Listeners[i]
		if !l.TLS() {
			continue
		}
		for _, f := range certificates(l).Check(time.Now()) {
			p := origins.Problem(fmt.Sprintf("mqtt.listeners[%d].%s[%d]", i, filesOf[f.Kind], f.At), f.Text)
			if f.Warning {
				warnings = append(warnings, p.String())
			} else {
				wrong = append(wrong, p)
			}
		}
	}
	users, rules := access.Check(accessFiles(cfg))
	if users != nil {
		wrong = append(wrong, origins.Problem("mqtt.access.users", fault.UserMessage(users)))
	}
	if rules != nil {
		wrong = append(wrong, origins.Problem("mqtt.access.rules", fault.UserMessage(rules)))
	}
	if len(wrong) > 0 {
		return warnings, &config.Error{Problems: wrong}
	}
	return warnings, nil
}

// checkFiles says all that is wrong with the files before anything is started.
func (a *App) checkFiles(context.Context) (stop, error) {
	warnings, err := CheckFiles(a.cfg, a.origins)
	for _, text := range warnings {
		a.log.Warn("a file is out of date", "why", text)
	}
	return nil, err
}
