package conformance

import (
	"bytes"

	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/fault"
)

// gate lets in who shows nothing, or the password "right", or goes through the method
// STEPS: the client says what it likes, is asked "more", and then says "yes".
type gate struct{}

func (gate) Authenticate(l *broker.Login, _ func(broker.Verdict)) (v broker.Verdict, now bool) {
	if l.Password != nil && string(l.Password) != "right" {
		return broker.Verdict{Err: fault.New(fault.BadPassword, "The password is wrong.")}, true
	}
	return broker.Verdict{Identity: &broker.Identity{Username: string(l.Username)}}, true
}

func (gate) Exchange(method string, _ *broker.Login) (broker.Exchange, error) {
	if method != "STEPS" {
		return nil, fault.New(fault.BadAuthMethod, "There is one method here, STEPS.")
	}
	return &steps{}, nil
}

func (gate) Recheck(id *broker.Identity) (*broker.Identity, error) { return id, nil }

// steps is one run of the method.
type steps struct{ asked bool }

func (s *steps) Step(data []byte) (answer []byte, id *broker.Identity, err error) {
	switch {
	case !s.asked:
		s.asked = true
		return []byte("more"), nil, nil
	case string(data) == "yes":
		return []byte("well"), &broker.Identity{Username: "steps", By: "STEPS"}, nil
	}
	return nil, nil, fault.New(fault.BadPassword, "The client did not say yes.")
}

func (s *steps) User() string { return "" }

// Rights keep everybody from what begins with "secret".
func (gate) Rights(*broker.Identity, *broker.Login) broker.Rights { return rights{} }

type rights struct{}

func (rights) MayPublish(topic []byte, _ byte, _ bool) bool { return !secret(topic) }

func (rights) MaySubscribe(filter []byte, _ byte) bool { return !secret(filter) }

func secret(topic []byte) bool { return bytes.HasPrefix(topic, []byte("secret")) }
