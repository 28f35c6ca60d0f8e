package main

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/api"
)

// search is what of a long list is asked for: flags that the API has under the same
// names.
type search struct {
	values      map[string]*string
	desc        bool
	page, limit int
	cmd         *cobra.Command
	every       time.Duration
}

// searched gives a list command the flags of paging, sorting and filtering; each
// filter is a name and what it is for.
func searched(cmd *cobra.Command, sorts string, filters ...string) *search {
	s := &search{values: map[string]*string{}, cmd: cmd}
	f := cmd.Flags()
	f.IntVar(&s.page, "page", 1, "which page")
	f.IntVar(&s.limit, "limit", 100, "items a page, up to 1000")
	f.DurationVar(&s.every, "watch", 0, "show the list again and again, with this pause, such as 2s")
	if sorts != "" {
		s.values["sort"] = f.String("sort", "", "sort by "+sorts)
		f.BoolVar(&s.desc, "desc", false, "largest or last first")
	}
	for i := 0; i < len(filters); i += 2 {
		s.values[filters[i]] = f.String(filters[i], "", filters[i+1])
	}
	cmd.Args = wants(0, 0)
	return s
}

func (s *search) query() url.Values {
	q := url.Values{"page": {strconv.Itoa(s.page)}, "limit": {strconv.Itoa(s.limit)}}
	for name, v := range s.values {
		if *v != "" {
			q.Set(name, *v)
		}
	}
	if s.desc {
		q.Set("order", "desc")
	}
	return q
}

// watched runs f once, or again and again with --watch.
func (s *search) watched(cmd *cobra.Command, f func() error) error {
	if s.every <= 0 {
		return f()
	}
	for {
		fmt.Fprint(cmd.OutOrStdout(), "\033[H\033[2J", time.Now().Format(time.TimeOnly), "\n")
		if err := f(); err != nil {
			return err
		}
		select {
		case <-cmd.Context().Done():
			return nil
		case <-time.After(max(s.every, 200*time.Millisecond)):
		}
	}
}

// lister makes a list command: where it asks, and how a row looks.
func lister[T any](c *ctl, cmd *cobra.Command, s *search, path, none string, head []any, row func(T) []any) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return s.watched(cmd, func() error {
			return ask(cmd, c, request{path: path, query: s.query()}, listed(none, head, row))
		})
	}
	return cmd
}

func (c *ctl) clientsCommand() *cobra.Command {
	list := &cobra.Command{Use: "list", Short: "List the clients, connected or with a session that waits",
		Example: "  millrace ctl clients list --sort queued --desc --limit 20\n  millrace ctl clients list --reason any --sort lastError --desc\n  millrace ctl clients list --prefix press- --state connected --watch 2s"}
	s := searched(list, "id, user, address, connectedAt, queued, queuedBytes, outputBytes, inflight, dropped, lastError, inRate or outRate",
		"prefix", "only identifiers that begin with this", "search", "only where identifier, user or address contain this",
		"state", "connected, disconnected or all", "listener", "only of this listener", "protocol", "3.1, 3.1.1 or 5.0",
		"user", "only of this user", "address", "only addresses that begin with this", "reason", "only with this last error, such as queue_full, or any")
	lister(c, list, s, "/clients", "No clients.",
		columns("CLIENT", "USER", "ADDRESS", "LISTENER", "MQTT", "STATE", "SINCE", "SUBS", "INFLIGHT", "QUEUED", "BYTES", "OUTPUT", "IN", "OUT", "DROPPED", "LAST ERROR"), clientLine)
	show := &cobra.Command{Use: "show CLIENT", Short: "Show a client with its subscriptions, queue and limits", Args: wants(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, c, request{path: "/clients/" + url.PathEscape(args[0]), hint: notFound("millrace ctl clients list shows the clients")}, drawClient)
		}}
	return listGroup("clients", "MQTT clients and their sessions", list, show, c.kickCommand())
}

func clientLine(i api.Client) []any {
	state, since := "connected", i.ConnectedAt
	if !i.Connected {
		state, since = "away", i.DisconnectedAt
	}
	if i.Limited {
		state += ", limited"
	}
	failed := "-"
	if i.LastError != nil {
		failed = i.LastError.Reason + " " + i.LastError.At.Local().Format(time.TimeOnly)
	}
	return []any{i.ID, i.User, i.Address, i.Listener, i.Protocol, state, since.Local().Format(time.DateTime), i.Subscriptions, i.Inflight,
		i.Queued, bytesText(i.QueuedBytes), bytesText(i.OutputBytes), rateText(i.InRate), rateText(i.OutRate), i.Dropped, failed}
}

func drawClient(t table, d api.ClientDetail) {
	t.row("Client", d.ID)
	t.row("User", d.User)
	t.row("Address", d.Address)
	t.row("Listener", d.Listener+" ("+d.Transport+")")
	t.row("MQTT", d.Protocol)
	t.row("Connected", d.Connected)
	t.row("Connected at", d.ConnectedAt)
	if !d.Connected {
		t.row("Disconnected at", d.DisconnectedAt)
		t.row("Session ends at", d.ExpiresAt)
	}
	t.row("Session expiry", fmt.Sprint(d.SessionExpiry, " s"))
	t.row("Keep alive", fmt.Sprint(d.KeepAlive, " s"))
	t.row("Messages in", fmt.Sprintf("%d, %s, now %s", d.MessagesIn, bytesText(int64(d.BytesIn)), rateText(d.InRate)))
	t.row("Messages out", fmt.Sprintf("%d, %s, now %s", d.MessagesOut, bytesText(int64(d.BytesOut)), rateText(d.OutRate)))
	t.row("Inflight", fmt.Sprintf("%d of %d", d.Inflight, d.Limits.ClientReceiveMaximum))
	t.row("Queued", queuedText(d))
	t.row("Output", bytesText(d.OutputBytes)+" wait for its socket")
	t.row("Dropped", d.Dropped)
	for _, by := range d.DroppedBy {
		t.row(" ", fmt.Sprintf("%d %s (%s)", by.Count, by.Reason, by.Code))
	}
	if e := d.LastError; e != nil {
		t.row("Last error", fmt.Sprintf("%s (%s) at %s", e.Text, e.Code, e.At.Local().Format(time.DateTime)))
	}
	if w := d.Will; w != nil {
		t.row("Will", fmt.Sprintf("%s, QoS %d, after %d s", w.Topic, w.QoS, w.Delay))
	}
	if s := d.TLS; s != nil {
		t.row("TLS", s.Version+" "+s.Cipher)
		t.row("Certificate", s.Subject)
	}
	drawSession(t, d)
}

// queuedText says what waits for a client, and what bounds it: of a session that lasts
// those of the log.
func queuedText(d api.ClientDetail) string {
	log := d.Limits.Log
	if log == nil {
		return fmt.Sprintf("%d of %d, %s of %s", d.Queued, d.Limits.Queue, bytesText(d.QueuedBytes), bytesText(d.Limits.QueueBytes))
	}
	var most []string
	if log.Messages > 0 {
		most = append(most, fmt.Sprint(log.Messages, " messages"))
	}
	if log.Bytes > 0 {
		most = append(most, bytesText(log.Bytes))
	}
	if log.Age > 0 {
		most = append(most, spanText(time.Duration(log.Age*float64(time.Second))))
	}
	bounds := "without bound"
	if len(most) > 0 {
		bounds = "at most " + strings.Join(most, ", ") + " of each stream"
	}
	return fmt.Sprintf("%d, %s, in the log; %s", d.Queued, bytesText(d.QueuedBytes), bounds)
}

func drawSession(t table, d api.ClientDetail) {
	for i, s := range d.Subscribed {
		t.row(cmp.Or(map[bool]string{true: "Subscribed to"}[i == 0], " "), fmt.Sprintf("%s (QoS %d)", printable(s.Filter), s.QoS))
	}
	for i, f := range d.Flights {
		t.row(cmp.Or(map[bool]string{true: "Under way"}[i == 0], " "), flightText(f))
	}
	for i, q := range d.Queue {
		t.row(cmp.Or(map[bool]string{true: "Waiting"}[i == 0], " "), fmt.Sprintf("%s, QoS %d, packet of %s, since %s", printable(q.Topic), q.QoS, bytesText(q.Size), q.Since.Local().Format(time.DateTime)))
	}
}

// flightText says of what is known of a message under way: of a session that ends with
// its connection no topic is kept.
func flightText(f api.Flight) string {
	text := fmt.Sprintf("%s %d awaits %s", f.Direction, f.PacketID, f.Awaits)
	if f.Topic != "" {
		text += ", " + printable(f.Topic)
	}
	if !f.Since.IsZero() {
		text += ", since " + f.Since.Local().Format(time.DateTime)
	}
	return text
}

func (c *ctl) kickCommand() *cobra.Command {
	var session bool
	cmd := &cobra.Command{Use: "kick CLIENT...", Short: "Close connections; with --session the sessions end as well", Args: wants(1, 10000),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return ask(cmd, c, request{method: http.MethodPost, path: "/clients/kick", body: api.KickClients{IDs: args, Session: session}}, drawKicked)
			}
			r := request{method: http.MethodDelete, path: "/clients/" + url.PathEscape(args[0]), hint: notFound("millrace ctl clients list shows the clients")}
			if session {
				r.query = url.Values{"session": {"true"}}
			}
			return ask(cmd, c, r, done("Client %s is kicked.", printable(args[0])))
		}}
	cmd.Flags().BoolVar(&session, "session", false, "end the session as well: subscriptions and waiting messages are gone")
	return cmd
}

func drawKicked(t table, k api.Kicked) {
	t.row(fmt.Sprintf("%d kicked.", k.Kicked))
	if len(k.Missing) > 0 {
		t.row("Not there: " + strings.Join(k.Missing, ", "))
	}
}

func (c *ctl) subscriptionsCommand() *cobra.Command {
	list := &cobra.Command{Use: "list", Short: "List who is subscribed to what",
		Example: "  millrace ctl subscriptions list --topic plant/oven/temperature\n  millrace ctl subscriptions list --client press-7"}
	s := searched(list, "filter, client or qos", "client", "only of this client", "prefix", "only filters that begin with this",
		"search", "only where filter or client contain this", "topic", "only those that get this topic's messages", "shared", "only, none or all",
		"filter", "only exactly this filter, with $share/NAME/ before a shared one: the members of a group")
	lister(c, list, s, "/subscriptions", "No subscriptions.", columns("FILTER", "CLIENT", "QOS", "OPTIONS", "ID", "CONNECTED", "IN FLIGHT", "QUEUED"), func(s api.ClientSubscription) []any {
		var options []string
		if s.NoLocal {
			options = append(options, "no local")
		}
		if s.RetainAsPublished {
			options = append(options, "as published")
		}
		if s.Share == "" { // nobody counts by subscription
			return []any{s.Filter, s.Client, s.QoS, strings.Join(options, ", "), s.ID, s.Connected, "", ""}
		}
		return []any{s.Filter, s.Client, s.QoS, strings.Join(options, ", "), s.ID, s.Connected, s.InFlight, s.Queued}
	})
	return listGroup("subscriptions", "Subscriptions of clients", list, c.sharedCommand())
}

func (c *ctl) sharedCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "shared", Short: "List shared subscriptions and how much waits for each",
		Example: "  millrace ctl subscriptions shared --sort waiting --desc"}
	s := searched(cmd, "filter, share, members, connected, waiting or lost", "search", "only where share name or filter contain this")
	lister(c, cmd, s, "/subscriptions/shared", "No shared subscriptions.", columns("SHARE", "FILTER", "STRATEGY", "MEMBERS", "CONNECTED", "WAITING", "BYTES", "OLDEST", "UNACKED", "DROPPED"), func(s api.SharedSubscription) []any {
		if !s.Lasting { // its members' queues have what waits
			return []any{s.Share, s.Filter, s.Strategy, s.Members, s.Connected, "", "", "", "", droppedText(s)}
		}
		return []any{s.Share, s.Filter, s.Strategy, s.Members, s.Connected, s.Waiting, bytesText(s.WaitingBytes), s.Oldest, s.Unacknowledged, droppedText(s)}
	})
	return cmd
}

// droppedText is what no member got, and why.
func droppedText(s api.SharedSubscription) string {
	if s.Dropped == 0 {
		return "0"
	}
	by := make([]string, len(s.DroppedBy))
	for i, d := range s.DroppedBy {
		by[i] = fmt.Sprintf("%d %s", d.Count, d.Reason)
	}
	return strings.Join(by, ", ")
}
