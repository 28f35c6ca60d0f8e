package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/doctor"
)

// fetch asks a node and decodes its answer.
func fetch[T any](ctx context.Context, c *client, r request) (T, error) {
	var answer T
	content, err := c.do(ctx, r)
	if err != nil {
		return answer, err
	}
	if err := json.Unmarshal(content, &answer); err != nil {
		return answer, fmt.Errorf("the answer of %s is not understood; is it of another version? %w", c.where, err)
	}
	return answer, nil
}

// part asks for one thing and notes when it is not answered.
func part[T any](ctx context.Context, c *client, n *doctor.Node, what string, r request) (T, bool) {
	answer, err := fetch[T](ctx, c, r)
	if err != nil {
		n.Missing = append(n.Missing, what+": "+firstLine(err.Error()))
	}
	return answer, err == nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// askClient asks what the node has under an identifier, before anybody connects.
func askClient(ctx context.Context, c *client, n *doctor.Node, id string) {
	if id == "" {
		return
	}
	d, err := fetch[api.ClientDetail](ctx, c, request{path: "/clients/" + url.PathEscape(id)})
	var no *refused
	switch {
	case err == nil:
		n.Client = knownClient(d.Client)
	case errors.As(err, &no) && no.Status == http.StatusNotFound:
	default:
		n.Missing = append(n.Missing, "the client: "+firstLine(err.Error()))
	}
}

func knownClient(c api.Client) *doctor.Client {
	k := &doctor.Client{ID: c.ID, User: c.User, Address: c.Address, Listener: c.Listener, Connected: c.Connected, Since: c.ConnectedAt, Queued: c.Queued, Dropped: c.Dropped}
	if !c.Connected {
		k.Since = c.DisconnectedAt
	}
	if e := c.LastError; e != nil {
		k.LastError = fmt.Sprintf("%s (%s)", e.Text, e.Code)
	}
	return k
}

// askNode asks the node how it is and, when a client was tried, about that client.
func askNode(ctx context.Context, c *client, f *doctor.Facts, began time.Time) {
	n := f.Node
	asked := time.Now()
	s, err := fetch[api.Status](ctx, c, request{path: "/status"})
	if err != nil {
		f.Node = &doctor.Node{Where: n.Where, Err: firstLine(err.Error())}
		return
	}
	ours := time.Now()
	n.Clock = &doctor.Clock{Theirs: s.Now, Ours: ours, Doubt: ours.Sub(asked)}
	takeStatus(n, s)
	if list, ok := part[api.Page[api.Listener]](ctx, c, n, "the listeners", request{path: "/listeners"}); ok {
		for _, l := range list.Items {
			n.Listeners = append(n.Listeners, knownListener(l))
		}
	}
	if f.Target == nil {
		return
	}
	askBans(ctx, c, f)
	askRefusals(ctx, c, f, began)
	askRights(ctx, c, f)
}

func takeStatus(n *doctor.Node, s api.Status) {
	n.Name, n.Version, n.Ready, n.Connections = s.Node, s.Version, s.Ready, s.Broker.Connections
	n.DiskFree, n.DiskTotal = s.Process.DiskFree, s.Process.DiskTotal
	for _, p := range s.Parts {
		if !p.Ready {
			n.NotReady = append(n.NotReady, doctor.Part{Name: p.Name, Err: p.Error})
		}
	}
	for _, x := range s.Streams {
		if x.Refusing {
			n.Refusing = append(n.Refusing, x.Name)
		}
	}
	for _, a := range s.Alarms {
		n.Alarms = append(n.Alarms, doctor.Alarm{Priority: a.Priority, Title: a.Title, Detail: a.Detail})
	}
}

func knownListener(l api.Listener) doctor.Listener {
	k := doctor.Listener{Name: l.Name, Kind: l.Kind, Address: l.Address, Listening: l.Listening, Anonymous: l.Anonymous}
	if l.Certificate != nil {
		k.Ends, k.Failed = l.Certificate.NotAfter, l.Certificate.Failed
	}
	return k
}

// askBans finds the bans that meet the client.
func askBans(ctx context.Context, c *client, f *doctor.Facts) {
	list, ok := part[api.Page[api.Ban]](ctx, c, f.Node, "the bans", request{path: "/bans", query: url.Values{"limit": {"1000"}}})
	if !ok {
		return
	}
	for _, b := range list.Items {
		if meets(b.NewBan, f) {
			f.Node.Bans = append(f.Node.Bans, doctor.Ban{Kind: b.Kind, Value: b.Value, Reason: b.Reason, By: b.By, Until: b.Until})
		}
	}
}

func meets(b api.NewBan, f *doctor.Facts) bool {
	t := f.Target
	switch b.Kind {
	case "client_id":
		return b.Value == t.ClientID
	case "client_prefix":
		return t.ClientID != "" && strings.HasPrefix(t.ClientID, b.Value)
	case "user":
		return t.Username != "" && b.Value == t.Username
	case "login":
		return t.Username != "" && b.Value == t.Username+"@"+f.From.String()
	case "address":
		return b.Value == f.From.String()
	case "network":
		p, err := netip.ParsePrefix(b.Value)
		return err == nil && p.Contains(f.From)
	}
	return false
}

// mostRefusals are shown.
const mostRefusals = 5

// askRefusals asks for those of this program's attempts, of the client and of its user,
// and, when it is not known otherwise, of this address.
func askRefusals(ctx context.Context, c *client, f *doctor.Facts, began time.Time) {
	ago := time.Since(began) + doctor.Recent
	seen := map[string]bool{}
	for _, by := range [][2]string{{"client", f.Identity}, {"client", f.Target.ClientID}, {"user", f.Target.Username}, {"address", f.From.String()}} {
		if by[1] == "" || !f.From.IsValid() && by[0] == "address" {
			continue
		}
		q := url.Values{by[0]: {by[1]}, "since": {fmt.Sprintf("-%ds", int(ago.Seconds()))}, "limit": {fmt.Sprint(mostRefusals)}}
		list, ok := part[api.Page[api.Refusal]](ctx, c, f.Node, "the refused clients", request{path: "/refused", query: q})
		if !ok {
			return
		}
		for _, r := range list.Items {
			key := strings.Join([]string{r.Client, r.User, r.Address, r.Reason, r.Listener}, "\x00")
			if !seen[key] && len(f.Node.Refusals) < mostRefusals {
				seen[key] = true
				f.Node.Refusals = append(f.Node.Refusals, doctor.Refusal{Last: r.LastAt, Count: r.Count, Client: r.Client, User: r.User, Address: r.Address, Code: r.Code, Reason: r.Reason, Text: r.Text})
			}
		}
	}
}

// askRights tries the access rules as the client.
func askRights(ctx context.Context, c *client, f *doctor.Facts) {
	t := f.Target
	actions := []string{"publish", "subscribe"}
	if strings.ContainsAny(t.Topic, "+#") {
		actions = actions[1:]
	}
	if t.Topic == "" {
		return
	}
	q := api.AccessQuestion{Client: t.ClientID, User: t.Username, Topic: t.Topic, QoS: 1}
	if q.Client == "" {
		q.Client = f.Identity
	}
	if f.From.IsValid() {
		q.Address = f.From.String()
	}
	if i := slices.IndexFunc(f.Node.Listeners, f.Serves); i >= 0 {
		q.Listener = f.Node.Listeners[i].Name
	}
	for _, q.Action = range actions {
		a, ok := part[api.AccessAnswer](ctx, c, f.Node, "the access rules", request{method: http.MethodPost, path: "/access/test", body: q})
		if ok {
			f.Node.Access = append(f.Node.Access, doctor.Access{Action: q.Action, Topic: q.Topic, Allowed: a.Allowed, Why: a.Why})
		}
	}
}

// The words of a report, by state and side.
var (
	stateWords = map[doctor.State]string{doctor.OK: "ok", doctor.Warn: "WARN", doctor.Fail: "FAIL", doctor.Skipped: "-"}
	sideWords  = map[doctor.Side]string{doctor.FromClient: "From here", doctor.FromNode: "The node", doctor.FromMachine: "This machine"}
)

// drawReport writes a line for each finding, and below it what to do.
func drawReport(out io.Writer, r doctor.Report) error {
	var b strings.Builder
	if r.Target != "" {
		fmt.Fprintln(&b, r.Target)
	}
	side := doctor.Side("")
	for _, f := range r.Findings {
		if f.Side != side {
			side = f.Side
			fmt.Fprintf(&b, "\n%s\n", sideWords[side])
		}
		fmt.Fprintf(&b, "  %-4s  %-18s  %s\n", stateWords[f.State], f.Check, printable(f.Saw))
		if f.Advice != "" {
			fmt.Fprintf(&b, "  %-4s  %-18s  → %s\n", "", "", printable(f.Advice))
		}
	}
	warnings := "warnings"
	if r.Warnings == 1 {
		warnings = "warning"
	}
	fmt.Fprintf(&b, "\n%d failed, %d %s.\n", r.Failed, r.Warnings, warnings)
	_, err := io.WriteString(out, strings.TrimLeft(b.String(), "\n"))
	return err
}
