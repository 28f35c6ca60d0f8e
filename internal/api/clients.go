package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/internal/fault"
)

// Clients are the broker's clients and their sessions. Errors are fault.NotFound
// for an unknown client.
type Clients interface {
	// Clients lists those that match, sorted, and how many match in all.
	Clients(context.Context, ClientQuery) ([]Client, int, error)
	// Client is one client in detail.
	Client(ctx context.Context, id string) (ClientDetail, error)
	// Kick closes the client's connection; session discards its session as well.
	Kick(ctx context.Context, id string, session bool) error
	// Subscriptions lists those that match, sorted, and how many match in all.
	Subscriptions(context.Context, SubscriptionQuery) ([]ClientSubscription, int, error)
	SharedSubscriptions(context.Context, SharedQuery) ([]SharedSubscription, int, error)
}

// Client is one client and its session.
type Client struct {
	ID             string     `json:"id"`
	User           string     `json:"user,omitempty" doc:"The user name that let it in"`
	Address        string     `json:"address" doc:"Where it connects from; of a disconnected client the last one known"`
	Listener       string     `json:"listener" doc:"Name of the listener it came in by"`
	Transport      string     `json:"transport" enum:"tcp,tls,ws,wss,unix"`
	Protocol       string     `json:"protocol" enum:"3.1,3.1.1,5.0"`
	Connected      bool       `json:"connected"`
	ConnectedAt    time.Time  `json:"connectedAt,omitzero"`
	DisconnectedAt time.Time  `json:"disconnectedAt,omitzero"`
	CleanStart     bool       `json:"cleanStart" doc:"True when it asked to begin without an earlier session"`
	SessionExpiry  int64      `json:"sessionExpiry" doc:"Seconds that its session outlives the connection; 4294967295 is for ever"`
	ExpiresAt      time.Time  `json:"expiresAt,omitzero" doc:"When the session of a disconnected client ends"`
	KeepAlive      int        `json:"keepAlive" doc:"Seconds; 0 is none"`
	Subscriptions  int        `json:"subscriptions"`
	Inflight       int        `json:"inflight" doc:"Messages sent to it and not acknowledged"`
	Queued         int        `json:"queued" doc:"Messages that wait for it"`
	QueuedBytes    int64      `json:"queuedBytes" doc:"Bytes in its queue, with messages under way that are kept to be sent again"`
	OutputBytes    int64      `json:"outputBytes" doc:"Bytes that wait in the node until its socket takes them: it reads more slowly than it is sent"`
	MessagesIn     uint64     `json:"messagesIn" doc:"Messages it published on this connection"`
	MessagesOut    uint64     `json:"messagesOut" doc:"Messages it was sent on this connection"`
	BytesIn        uint64     `json:"bytesIn"`
	BytesOut       uint64     `json:"bytesOut"`
	InRate         float64    `json:"inRate" doc:"Messages per second it publishes, since the list was last asked for, or since it connected"`
	OutRate        float64    `json:"outRate" doc:"The same of messages it is sent"`
	Dropped        uint64     `json:"dropped" doc:"Messages it did not get"`
	LastError      *LastError `json:"lastError,omitempty" doc:"What it was last refused, or last missed"`
	Limited        bool       `json:"limited" doc:"True while it is read no further because of a limit"`
}

// LastError is what went wrong with a client last.
type LastError struct {
	Code   string    `json:"code" doc:"What to quote to support" example:"MR-4216"`
	Reason string    `json:"reason" doc:"The word that metrics and logs use" example:"queue_full"`
	Text   string    `json:"text" doc:"For people"`
	At     time.Time `json:"at"`
}

// ClientDetail is a client with what belongs to its session.
type ClientDetail struct {
	Client
	Subscribed []ClientSubscription `json:"subscribed" nullable:"false" doc:"Its subscriptions, by filter; the first 1,000"`
	Flights    []Flight             `json:"flights" nullable:"false" doc:"Messages under way to and from it; the first 100"`
	Queue      []QueuedMessage      `json:"queue" nullable:"false" doc:"Messages that wait for it, oldest first; the first 100"`
	DroppedBy  []DropCount          `json:"droppedBy" nullable:"false" doc:"Of dropped, by reason, most first"`
	Will       *ClientWill          `json:"will,omitempty"`
	TLS        *ClientTLS           `json:"tls,omitempty"`
	Limits     ClientLimits         `json:"limits"`
}

// DropCount is how many messages were dropped for one reason.
type DropCount struct {
	Code   string `json:"code" doc:"What to quote to support" example:"MR-4216"`
	Reason string `json:"reason" doc:"The word that metrics and logs use" example:"queue_full"`
	Count  uint64 `json:"count"`
}

// Flight is a message of QoS 1 or 2 that is not done with.
type Flight struct {
	PacketID  int       `json:"packetId"`
	Direction string    `json:"direction" enum:"in,out" doc:"in is from the client"`
	Awaits    string    `json:"awaits" doc:"The packet that is due next, such as PUBACK"`
	Topic     string    `json:"topic,omitempty" doc:"Where it is known"`
	QoS       int       `json:"qos"`
	Since     time.Time `json:"since,omitzero"`
}

// QueuedMessage is a message that waits for a client.
type QueuedMessage struct {
	Topic string    `json:"topic"`
	QoS   int       `json:"qos"`
	Size  int       `json:"size" doc:"Bytes of the packet"`
	Since time.Time `json:"since,omitzero"`
}

// ClientWill is the message that is published when a client is lost.
type ClientWill struct {
	Topic  string `json:"topic"`
	QoS    int    `json:"qos"`
	Retain bool   `json:"retain"`
	Delay  int64  `json:"delay" doc:"Seconds"`
	Size   int    `json:"size" doc:"Bytes of the payload"`
}

// ClientTLS is a client's encrypted connection.
type ClientTLS struct {
	Version    string    `json:"version"`
	Cipher     string    `json:"cipher"`
	ServerName string    `json:"serverName,omitempty" doc:"The name it asked for"`
	Subject    string    `json:"subject,omitempty" doc:"Of its certificate"`
	Issuer     string    `json:"issuer,omitempty"`
	NotAfter   time.Time `json:"notAfter,omitzero"`
}

// ClientLimits are what a client is held to, and what it asked for.
type ClientLimits struct {
	ReceiveMaximum       int   `json:"receiveMaximum" doc:"Messages of QoS 1 and 2 it may have under way to the node"`
	ClientReceiveMaximum int   `json:"clientReceiveMaximum" doc:"Messages of QoS 1 and 2 it may be sent before it acknowledges one: of its last connection while it is away, 0 when it was away since the node started"`
	MaxPacketSize        int64 `json:"maxPacketSize" doc:"Largest packet it may send, in bytes"`
	ClientMaxPacketSize  int64 `json:"clientMaxPacketSize" doc:"Largest packet it takes; 0 is any"`
	Queue                int   `json:"queue" doc:"Messages that may wait for it"`
	QueueBytes           int64 `json:"queueBytes"`
	Subscriptions        int   `json:"subscriptions"`
	AliasesIn            int   `json:"aliasesIn" doc:"Topic aliases it has set"`
	AliasesOut           int   `json:"aliasesOut" doc:"Topic aliases it was given"`
	TopicAliases         int   `json:"topicAliases" doc:"Topic aliases it may set"`
	// What waits for a session that lasts stands in the log.
	Log *LogLimits `json:"log,omitempty" doc:"Of a session that lasts: what may wait for it in the log, which queue and queueBytes do not bound"`
}

// LogLimits bound what the log keeps of each stream for one session; 0 is no bound.
type LogLimits struct {
	Messages int64   `json:"messages"`
	Bytes    int64   `json:"bytes"`
	Age      float64 `json:"age" doc:"Seconds"`
}

// ClientQuery asks for clients.
type ClientQuery struct {
	Paging
	Prefix   string `query:"prefix" maxLength:"256" doc:"What client identifiers begin with"`
	Search   string `query:"search" maxLength:"256" doc:"What the client identifier, user or address contains, letter case ignored"`
	State    string `query:"state" enum:"connected,disconnected,all" default:"all"`
	Listener string `query:"listener" maxLength:"256" doc:"Name of a listener"`
	Protocol string `query:"protocol" enum:",3.1,3.1.1,5.0"`
	User     string `query:"user" maxLength:"256" doc:"Exactly this user name"`
	Address  string `query:"address" maxLength:"256" doc:"What addresses begin with"`
	Reason   string `query:"reason" maxLength:"64" doc:"Those whose last error has this reason, such as queue_full; any for those with one"`
	Sort     string `query:"sort" enum:"id,user,address,connectedAt,queued,queuedBytes,outputBytes,inflight,dropped,lastError,inRate,outRate" default:"id" doc:"lastError sorts by its time"`
	Order    string `query:"order" enum:"asc,desc" default:"asc"`
}

// KickClients names the clients to kick.
type KickClients struct {
	IDs     []string `json:"ids" minItems:"1" maxItems:"10000" nullable:"false"`
	Session bool     `json:"session,omitempty" doc:"Discard their sessions as well"`
}

// Kicked says what became of a KickClients.
type Kicked struct {
	Kicked  int      `json:"kicked"`
	Missing []string `json:"missing" nullable:"false" doc:"Those that were not there"`
}

// ClientPath names a client in a path.
type ClientPath struct {
	ID string `path:"id" maxLength:"65535" doc:"Client identifier, escaped"`
}

type kickInput struct {
	ClientPath
	Session bool `query:"session" doc:"Discard the session as well"`
}

type kickAllInput struct{ Body KickClients }

func (a *API) clientOperations() {
	register(a, huma.Operation{OperationID: "list-clients", Method: http.MethodGet, Path: "/clients", Tags: []string{"Clients"},
		Summary: "The clients, connected or with a session that waits for them"}, a.listClients)
	register(a, huma.Operation{OperationID: "get-client", Method: http.MethodGet, Path: "/clients/{id}", Tags: []string{"Clients"},
		Summary: "One client with its subscriptions, queue and limits"}, a.getClient)
	register(a, huma.Operation{OperationID: "kick-client", Method: http.MethodDelete, Path: "/clients/{id}", Tags: []string{"Clients"},
		Summary: "Close a client's connection", Description: "Most clients connect again. With session its session ends as well: subscriptions and what waits for it are gone."}, a.kickClient)
	register(a, huma.Operation{OperationID: "kick-clients", Method: http.MethodPost, Path: "/clients/kick", Tags: []string{"Clients"},
		Summary: "Close the connections of many clients"}, a.kickClients)
}

func (a *API) clients() (Clients, error) {
	if a.Clients == nil {
		return nil, unavailable("list of clients")
	}
	return a.Clients, nil
}

func (a *API) listClients(ctx context.Context, in *ClientQuery) (*answer[Page[Client]], error) {
	c, err := a.clients()
	if err != nil {
		return nil, err
	}
	list, count, err := c.Clients(ctx, *in)
	return reply(pageOf(list, in.Paging, count), err)
}

func (a *API) getClient(ctx context.Context, in *ClientPath) (*answer[ClientDetail], error) {
	c, err := a.clients()
	if err != nil {
		return nil, err
	}
	d, err := c.Client(ctx, in.ID)
	d.Subscribed, d.Flights, d.Queue = filled(d.Subscribed), filled(d.Flights), filled(d.Queue)
	return reply(d, err)
}

// filled is a list that JSON writes as one, empty or not.
func filled[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func (a *API) kickClient(ctx context.Context, in *kickInput) (*none, error) {
	c, err := a.clients()
	if err != nil {
		return nil, err
	}
	return nil, c.Kick(ctx, in.ID, in.Session)
}

func (a *API) kickClients(ctx context.Context, in *kickAllInput) (*answer[Kicked], error) {
	c, err := a.clients()
	if err != nil {
		return nil, err
	}
	out := Kicked{Missing: []string{}}
	for _, id := range in.Body.IDs {
		switch err := c.Kick(ctx, id, in.Body.Session); {
		case err == nil:
			out.Kicked++
		case fault.CodeOf(err) == fault.NotFound:
			out.Missing = append(out.Missing, id)
		default:
			return nil, err
		}
	}
	return reply(out, nil)
}
