package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Refusal is why a client was turned away, closed, or not allowed something. One
// that is refused the same again and again is one Refusal with a count.
type Refusal struct {
	At       time.Time `json:"at" doc:"The first time"`
	LastAt   time.Time `json:"lastAt" doc:"The last time"`
	Count    uint64    `json:"count"`
	Client   string    `json:"client,omitempty" doc:"The client identifier it came with, if it came that far"`
	User     string    `json:"user,omitempty"`
	Address  string    `json:"address" doc:"Without the port"`
	Listener string    `json:"listener,omitempty"`
	Admitted bool      `json:"admitted" doc:"True when it had been let in, and was then closed or not allowed something"`
	Kind     string    `json:"kind" enum:"password,unknown,acl,protocol,tls,limit,ban,other" doc:"What sort of reason it is"`
	Reason   string    `json:"reason" doc:"The word that metrics and logs use"`
	Code     string    `json:"code" doc:"What to quote to support" example:"MR-4202"`
	Text     string    `json:"text" doc:"For people, of the last time"`
}

// RefusedQuery asks for refusals.
type RefusedQuery struct {
	Paging
	Kind    string `query:"kind" enum:",password,unknown,acl,protocol,tls,limit,ban,other"`
	Reason  string `query:"reason" maxLength:"64" doc:"Exactly this reason, such as malformed_packet"`
	Client  string `query:"client" maxLength:"256" doc:"What client identifiers begin with"`
	Address string `query:"address" maxLength:"256" doc:"What addresses begin with"`
	User    string `query:"user" maxLength:"256" doc:"Exactly this user name"`
	In      string `query:"admitted" enum:",true,false" doc:"true: only of clients that had been let in, false: only of those at the door"`
	Search  string `query:"search" maxLength:"256" doc:"What client, user, address or text contain, letter case ignored"`
	Since   string `query:"since" default:"-1d" doc:"Those that came since: RFC 3339, milliseconds since 1970, or relative such as -1h"`
	Sort    string `query:"sort" enum:"lastAt,at,count,client,user,address,reason" default:"lastAt"`
	Order   string `query:"order" enum:"asc,desc" default:"desc"`
}

// Admitted is whether the clients had been let in; nil is either.
func (q *RefusedQuery) Admitted() *bool {
	if q.In == "" {
		return nil
	}
	return new(q.In == "true")
}

func (a *API) refusedOperations() {
	register(a, huma.Operation{OperationID: "list-refused", Method: http.MethodGet, Path: "/refused", Tags: []string{"Clients"},
		Summary: "Who was refused, and why", Description: "Of the last day, as far as there is room: the node keeps a bounded number and forgets the oldest."}, a.listRefused)
}

func (a *API) listRefused(_ context.Context, in *RefusedQuery) (*answer[Page[Refusal]], error) {
	if a.Refused == nil {
		return nil, unavailable("list of refused clients")
	}
	since, err := parseTime(in.Since, a.Now())
	if err != nil {
		return nil, err
	}
	list, count := a.Refused(*in, since)
	return reply(pageOf(list, in.Paging, count), nil)
}
