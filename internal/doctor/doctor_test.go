package doctor

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/testkit/pki"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// good is what is seen when all is well.
func good(change func(*Facts)) *Facts {
	here := netip.MustParseAddr("10.1.2.3")
	f := &Facts{
		Target: &Target{Host: "plant-1", Port: 1883, Version: packet.V5, Topic: "a/b"}, Now: noon,
		Name:  &Name{Addresses: []netip.Addr{here}, Took: time.Millisecond},
		Dials: []Dial{{Address: here, Took: time.Millisecond}}, From: netip.MustParseAddr("10.1.2.9"), Identity: "doctor-1",
		Connects:  []Connect{{Version: packet.V5, Ack: packet.Connack{ReceiveMaximum: 10}}},
		Subscribe: &Grant{}, Publish: &Grant{},
	}
	if change != nil {
		change(f)
	}
	return f
}

// line is a finding as the tables below write it.
func line(f Finding) string {
	return fmt.Sprintf("%s %s: %s → %s", f.State, f.Check, f.Saw, f.Advice)
}

// expect wants every text, "state check: saw…advice" with gaps as ..., to be found.
func expect(t *testing.T, name string, r Report, want ...string) {
	t.Helper()
	var all []string
	for _, f := range r.Findings {
		all = append(all, line(f))
	}
	for _, w := range want {
		found := false
		for _, have := range all {
			found = found || fits(have, w)
		}
		if !found {
			t.Errorf("%s: no finding %q among\n%s", name, w, strings.Join(all, "\n"))
		}
	}
}

func fits(have, want string) bool {
	for i, part := range strings.Split(want, "...") {
		at := strings.Index(have, part)
		if at < 0 || i == 0 && at != 0 {
			return false
		}
		have = have[at+len(part):]
	}
	return true
}

func refusedWith(reason byte) func(*Facts) {
	return func(f *Facts) { f.Connects[0].Ack.Reason = reason }
}

// Every cause of a failing connection is told by its name, with what to do.
func TestEveryCauseHasAName(t *testing.T) {
	for name, c := range map[string]struct {
		facts func(*Facts)
		want  string
	}{
		"unknown name":        {func(f *Facts) { f.Name = &Name{Trouble: NotFound, Err: "no such host"}; f.Dials = nil }, "fail name: no address is known for plant-1...spelling"},
		"slow name server":    {func(f *Facts) { f.Name = &Name{Trouble: Timeout}; f.Dials = nil }, "fail name: ...took too long...DNS server does not answer"},
		"refused":             {func(f *Facts) { f.Dials[0].Trouble = Refused }, "fail reach: 10.1.2.3 port 1883: connection refused...nothing listens"},
		"refused, others not": {func(f *Facts) { f.Dials[0].Trouble = Refused; f.Others = []int{8883} }, "fail reach: ...port 8883 (MQTT over TLS)"},
		"firewall":            {func(f *Facts) { f.Dials[0].Trouble = Timeout }, "fail reach: ...no answer within...firewall"},
		"no route":            {func(f *Facts) { f.Dials[0].Trouble, f.Dials[0].Err = Unreachable, "no route to host" }, "fail reach: ...no route...VPN"},
		"one address of two":  {func(f *Facts) { f.Dials = append(f.Dials, Dial{Address: f.From, Trouble: Refused}) }, "warn reach: ...10.1.2.9 does not"},
		"HTTP":                {func(f *Facts) { f.Connects[0].Trouble, f.Speaks = Garbage, SpeaksHTTP }, "fail protocol: port 1883 speaks HTTP...web server"},
		"TLS":                 {func(f *Facts) { f.Connects[0].Trouble, f.Speaks = Closed, SpeaksTLS }, "fail protocol: port 1883 speaks TLS...mqtts://"},
		"silence":             {func(f *Facts) { f.Connects[0].Trouble, f.Speaks = Timeout, SpeaksNothing }, "fail protocol: no answer to CONNECT...PROXY header"},
		"closed":              {func(f *Facts) { f.Connects[0].Trouble, f.Speaks = Closed, SpeaksNothing }, "fail protocol: the connection is closed before any answer...ban or limit"},
		"old broker":          {func(f *Facts) { f.Connects = []Connect{{Version: packet.V5, Trouble: Closed}, {Version: packet.V311}} }, "warn version: the broker does not take MQTT 5.0, but 3.1.1"},
		"no version":          {refusedWith(packet.UnsupportedVersion), "fail version: the broker takes none"},
		"bad password":        {refusedWith(packet.BadUserNameOrPassword), "fail credentials: ...user name or the password"},
		"stranger":            {refusedWith(packet.NotAuthorized), "fail credentials: the broker lets nobody in without a user name"},
		"not allowed":         {func(f *Facts) { f.Target.Username = "eve"; refusedWith(packet.NotAuthorized)(f) }, "fail credentials: ...does not allow it in, tried as eve...disabled"},
		"banned":              {refusedWith(packet.Banned), "fail ban: ...banned...ctl bans"},
		"method":              {refusedWith(packet.BadAuthMethod), "fail credentials: ...way of logging in"},
		"identifier":          {refusedWith(packet.ClientIDNotValid), "fail client id: "},
		"busy":                {refusedWith(packet.ServerBusy), "fail limits: ...Server busy (0x89)...Memory"},
		"full":                {refusedWith(packet.QuotaExceeded), "fail limits: ...max_connections"},
		"too fast":            {refusedWith(packet.ConnectionRate), "fail limits: clients connect faster"},
		"large CONNECT":       {refusedWith(packet.PacketTooLarge), "fail limits: ...max_connect_size"},
		"moved": {func(f *Facts) {
			f.Connects[0].Ack = packet.Connack{Reason: packet.ServerMoved, ServerReference: []byte("plant-2")}
		}, "fail redirect: ...plant-2"},
		"something else": {refusedWith(packet.ImplementationError), "fail protocol: the broker refuses the login"},
		"old codes": {func(f *Facts) {
			f.Connects[0].Version, f.Connects[0].Ack.Reason, f.Target.Version = packet.V311, packet.ServerUnavailable, packet.V311
		}, "fail limits: ...3.1.1 has few codes"},
		"taken over": {func(f *Facts) {
			f.Target.TakeOver, f.Target.ClientID = true, "press-7"
			f.Watch = &Watch{Trouble: Closed, Reason: packet.SessionTakenOver, After: time.Second}
		}, `fail client id: another client took the identifier "press-7" over after 1s...its own`},
		"cut without a word": {func(f *Facts) { f.Target.TakeOver, f.Watch = true, &Watch{Trouble: Closed} }, "fail client id: ...was ended"},
		"alone":              {func(f *Facts) { f.Target.TakeOver, f.Watch = true, &Watch{For: time.Second} }, "ok client id: "},
		"lacks":              {func(f *Facts) { f.Connects[0].Ack.NoShared, f.Connects[0].Ack.HasMaximumQoS = true, true }, "warn limits: ...[QoS 1 QoS 2 shared subscriptions]"},
		"no subscribe":       {func(f *Facts) { f.Subscribe.Reason = packet.NotAuthorized }, "fail subscribe: a/b is not allowed...access rules"},
		"no publish":         {func(f *Facts) { f.Publish.Reason = packet.NotAuthorized }, "fail publish: a/b is not allowed...access rules"},
		"hung up":            {func(f *Facts) { f.Publish.Trouble = Closed }, "fail publish: the connection is ended on a/b"},
		"unanswered":         {func(f *Facts) { f.Publish.Trouble = Timeout }, "fail publish: no acknowledgement...disk space"},
		"bad topic":          {func(f *Facts) { f.Publish.Reason, f.Publish.Text = packet.TopicNameInvalid, "too deep" }, `fail publish: a/b is refused: Topic Name invalid (0x90); the broker says: "too deep"`},
		"old publish": {func(f *Facts) { f.Connects[0].Version, f.Target.Version = packet.V311, packet.V311 },
			"warn publish: ...says nothing about the right"},
		"no way back": {func(f *Facts) { f.Target.RoundTrip, f.TripError = true, "nothing within 5s" }, "fail round trip: 0 came back, then: nothing"},
		"trips":       {func(f *Facts) { f.Target.RoundTrip, f.Trips = true, []time.Duration{3e6, 1e6, 2e6} }, "ok round trip: 3 messages...fastest 1ms, median 2ms, slowest 3ms"},
		"cut idle":    {func(f *Facts) { f.Target.Wait, f.Idle = time.Minute, &Idle{Trouble: Closed, After: 30 * time.Second} }, "fail idle: ...cut after 30s...half of that or less (15s)"},
		"lost idle": {func(f *Facts) {
			f.Target.Wait, f.Idle = time.Minute, &Idle{For: time.Minute, Trouble: Timeout}
		}, "fail idle: after 1m0s of silence nothing...NAT"},
		"idle ended": {func(f *Facts) {
			f.Target.Wait, f.Idle = time.Minute, &Idle{Trouble: Closed, Reason: packet.KeepAliveTimeout}
		}, "fail idle: ...Keep Alive timeout"},
		"idle capped": {func(f *Facts) { f.Target.Wait, f.Idle = time.Minute, &Idle{For: time.Second, Capped: true} }, "warn idle: ...keep alive allows"},
		"clock a bit": {func(f *Facts) { f.Dated = &Clock{Theirs: noon.Add(20 * time.Second), Ours: noon} }, "warn clock: the broker's is 20s ahead of"},
		"clock far":   {func(f *Facts) { f.Dated = &Clock{Theirs: noon.Add(-time.Hour), Ours: noon} }, "warn clock: the broker's is 1h0m0s behind...expired"},
		"clock doubts": {func(f *Facts) {
			f.Dated = &Clock{Theirs: noon.Add(6 * time.Second), Ours: noon, Doubt: 2 * time.Second}
		}, "ok clock: "},
	} {
		expect(t, name, Examine(good(c.facts)), c.want)
	}
}

func TestNothingIsWrongWithWhatIsWell(t *testing.T) {
	r := Examine(good(nil))
	if r.Failed+r.Warnings != 0 || r.Target != "plant-1:1883, MQTT over TCP, version 5.0" {
		t.Error(r)
	}
	expect(t, "well", r, "ok name: plant-1 is 10.1.2.3", "ok reach: ", "ok protocol: ", "ok credentials: ", "ok limits: ", "ok subscribe: ", "ok publish: ", "skipped clock: ", "skipped node: ")
}

func TestWhatLiesBehindAFailureIsSkipped(t *testing.T) {
	r := Examine(good(func(f *Facts) { f.Dials[0].Trouble = Timeout; f.Connects, f.Subscribe, f.Publish = nil, nil, nil }))
	expect(t, "skips", r, "skipped credentials: ...(reach)", "skipped publish: ")
	if r.Failed != 1 {
		t.Error(r.Failed, "failed")
	}
}

func TestCertificatesAreJudgedByNameDatesAndChain(t *testing.T) {
	ca, other := pki.New(t, "Plant CA"), pki.New(t, "Other CA")
	now := time.Now()
	days := func(from, to int) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.AddDate(0, 0, from), now.AddDate(0, 0, to) }
	}
	for name, c := range map[string]struct {
		leaf  *pki.Leaf
		facts func(*Facts)
		want  []string
	}{
		"good":         {ca.Server(t, nil, "plant-1"), nil, []string{"ok certificate name: ", "ok certificate dates: ", "ok certificate chain: "}},
		"name":         {ca.Server(t, nil, "broker.local"), nil, []string{"fail certificate name: it is for broker.local, 127.0.0.1, not for plant-1", "skipped credentials"}},
		"named so":     {ca.Server(t, nil, "broker.local"), func(f *Facts) { f.Target.ServerName = "broker.local" }, []string{"ok certificate name: "}},
		"insecure":     {ca.Server(t, nil, "broker.local"), func(f *Facts) { f.Target.Insecure = true }, []string{"warn certificate name: ", "ok credentials"}},
		"over":         {ca.Server(t, days(-90, -3), "plant-1"), nil, []string{"fail certificate dates: it has expired at...Renew", "ok certificate chain: "}},
		"soon":         {ca.Server(t, days(-90, 7), "plant-1"), nil, []string{"warn certificate dates: it expires at...in 6 days"}},
		"not yet":      {ca.Server(t, days(1, 90), "plant-1"), nil, []string{"fail certificate dates: it is not valid before...clock"}},
		"chain":        {other.Server(t, nil, "plant-1"), nil, []string{"fail certificate chain: signed by CN=Other CA, which is not trusted here; the broker sends 1 certificate → ...--cafile"}},
		"not a server": {ca.Client(t, func(c *x509.Certificate) { c.DNSNames = []string{"plant-1"} }, "plant-1"), nil, []string{"fail certificate chain: it is not for servers"}},
		"nameless":     {ca.Server(t, func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = nil, nil }, "plant-1"), nil, []string{"fail certificate name: it is for no name at all"}},
		"wanted":       {ca.Server(t, nil, "plant-1"), func(f *Facts) { f.TLS.Asked, f.TLS.Alert = true, "certificate required" }, []string{"fail client certificate: the broker wants one, and none was given"}},
		"refused": {ca.Server(t, nil, "plant-1"), func(f *Facts) {
			f.TLS.Asked, f.Target.Certificate, f.TLS.Alert = true, true, "unknown certificate authority"
		}, []string{"fail client certificate: the broker does not take ours...client_ca_files"}},
		"optional":  {ca.Server(t, nil, "plant-1"), func(f *Facts) { f.TLS.Asked = true }, []string{"ok client certificate: asked for, not given"}},
		"unwanted":  {ca.Server(t, nil, "plant-1"), func(f *Facts) { f.Target.Certificate = true }, []string{"warn client certificate: the broker does not ask"}},
		"versions":  {ca.Server(t, nil, "plant-1"), func(f *Facts) { f.TLS.Trouble, f.TLS.Alert = Other, "protocol version not supported" }, []string{"fail tls: the broker refuses the version of TLS"}},
		"ciphers":   {ca.Server(t, nil, "plant-1"), func(f *Facts) { f.TLS.Trouble, f.TLS.Alert = Other, "handshake failure" }, []string{"fail tls: ...refuses the handshake...cipher suite"}},
		"SNI":       {ca.Server(t, nil, "plant-1"), func(f *Facts) { f.TLS.Trouble, f.TLS.Alert = Other, "unrecognized name" }, []string{"fail tls: the broker does not know the name plant-1"}},
		"cut short": {ca.Server(t, nil, "plant-1"), func(f *Facts) { f.TLS.Trouble, f.TLS.Peers, f.Speaks = Closed, nil, SpeaksNothing }, []string{"fail tls: port 8883 speaks nothing"}},
	} {
		f := good(func(f *Facts) {
			f.Now, f.Target.TLS, f.Target.Port, f.Target.Roots = now, true, 8883, ca.Pool()
			f.TLS = &TLS{Version: "TLS 1.3", Peers: []*x509.Certificate{c.leaf.Certificate}}
		})
		if c.facts != nil {
			c.facts(f)
		}
		expect(t, name, Examine(f), c.want...)
	}
}

func TestWebSocketsAreJudgedByTheirAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		w    WebSocket
		want string
	}{
		"good":     {WebSocket{Status: 101, Subprotocol: "mqtt"}, "ok websocket: /mqtt is a WebSocket"},
		"other":    {WebSocket{Status: 101, Trouble: Other}, `fail websocket: ...subprotocol mqtt, it says ""`},
		"no path":  {WebSocket{Status: 404, Trouble: Other}, "fail websocket: /mqtt answers with HTTP status 404...no such path"},
		"origin":   {WebSocket{Status: 403, Trouble: Other}, "fail websocket: ...403...origins"},
		"proxy":    {WebSocket{Status: 502, Trouble: Other}, "fail websocket: ...502...behind it"},
		"headers":  {WebSocket{Status: 426, Trouble: Other}, "fail websocket: ...426...Upgrade and Connection"},
		"redirect": {WebSocket{Status: 301, Trouble: Other, Location: "https://x/"}, "fail websocket: ...301...https://x/"},
		"busy":     {WebSocket{Status: 503, Trouble: Other}, "fail websocket: ...503...limits"},
		"silence":  {WebSocket{Trouble: Timeout}, "fail websocket: no answer"},
	} {
		expect(t, name, Examine(good(func(f *Facts) { f.Target.WebSocket, f.Target.Path, f.WebSocket = true, "/mqtt", &c.w })), c.want)
	}
}

func TestTheNodeExplainsItsSide(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Facts)
		want   string
	}{
		"no access":    {func(f *Facts) { f.Node = &Node{Err: "no node runs on ./data"} }, "warn node: no node runs"},
		"not ready":    {func(f *Facts) { f.Node.Ready, f.Node.NotReady = false, []Part{{"streams", "disk full"}} }, "fail node: ...is not ready: streams: disk full"},
		"full disk":    {func(f *Facts) { f.Node.Refusing = []string{"telemetry"} }, "fail disk: the disk is too full for telemetry"},
		"nearly full":  {func(f *Facts) { f.Node.DiskFree, f.Node.DiskTotal = 1<<30, 100<<30 }, "warn disk: 1 GiB of 100 GiB"},
		"alarm":        {func(f *Facts) { f.Node.Alarms = []Alarm{{1, "Memory nearly used up", "Find out what takes it."}} }, "warn alarm: Memory nearly used up (priority 1) → Find out"},
		"stopped":      {func(f *Facts) { f.Node.Listeners[0].Listening = false }, "fail listener: default on 0.0.0.0:1883 is stopped"},
		"other kind":   {func(f *Facts) { f.Node.Listeners[0].Kind = "tls" }, "fail listener: default on 0.0.0.0:1883 speaks MQTT over TLS...mqtts://"},
		"other port":   {func(f *Facts) { f.Target.Port = 1884 }, "warn listener: the node listens nowhere on port 1884; it has default 0.0.0.0:1883 (tcp)"},
		"strangers":    {func(f *Facts) {}, "warn listener: ...lets no stranger in"},
		"broken files": {func(f *Facts) { f.Node.Listeners[0].Failed = "no key" }, "warn listener: ...could not read its new certificate: no key"},
		"ends":         {func(f *Facts) { f.Node.Listeners[0].Ends = noon.AddDate(0, 0, 5) }, "warn listener: a certificate of default"},
		"ban":          {func(f *Facts) { f.Node.Bans = []Ban{{Kind: "user", Value: "eve", Reason: "test", Until: noon}} }, `fail ban: user "eve" is banned until...by the node itself: test...ctl bans delete user "eve"`},
		"clash": {func(f *Facts) {
			f.Target.ClientID, f.Node.Client = "p7", &Client{ID: "p7", User: "u", Address: "10.9.9.9", Connected: true, LastError: "taken over (MR-4210)"}
		}, `warn client id: "p7" is connected from 10.9.9.9 as u...MR-4210...its own`},
		"away":    {func(f *Facts) { f.Target.ClientID, f.Node.Client = "p7", &Client{ID: "p7", Queued: 3} }, `ok client id: "p7" is away...3 messages wait`},
		"unknown": {func(f *Facts) { f.Target.ClientID = "p7" }, `ok client id: no client with the identifier "p7"`},
		"own": {func(f *Facts) {
			f.Node.Refusals = []Refusal{{Client: "doctor-1", User: "eve", Address: "10.1.2.9", Reason: "bad_password", Text: "The password is wrong.", Code: "MR-4403", Count: 1, Last: noon}}
		}, `fail refused: this program's attempt, "doctor-1" as eve from 10.1.2.9: The password is wrong. (bad_password), 1 time, `},
		"at the door": {func(f *Facts) {
			f.Connects[0].Trouble = Closed
			f.Node.Refusals = []Refusal{{Address: "10.1.2.9", Reason: "address_limit", Text: "Too many.", Count: 2, Last: noon}}
		}, `fail refused: this program's attempt, a client from 10.1.2.9: Too many. (address_limit), 2 times`},
		"the client": {func(f *Facts) {
			f.Node.Refusals = []Refusal{{Client: "press-7", Address: "10.1.2.9", Text: "Malformed.", Last: noon.Add(-time.Minute)}}
		}, `warn refused: "press-7" from`},
		"noise": {func(f *Facts) {
			f.Node.Refusals = []Refusal{{Client: "doctor-2", Last: noon.Add(-time.Minute)}, {Address: "10.1.2.9", Last: noon}}
		}, "ok refused: the node refused nobody else"},
		"denied":  {func(f *Facts) { f.Node.Access = []Access{{Action: "publish", Topic: "a/b", Why: "rule 2"}} }, "fail access: publish a/b is denied: rule 2"},
		"allowed": {func(f *Facts) { f.Node.Access = []Access{{"subscribe", "a/b", "rule 1", true}} }, "ok access: subscribe a/b is allowed: rule 1"},
		"missing": {func(f *Facts) { f.Node.Missing = []string{"the bans: forbidden"} }, "warn node: not answered: the bans"},
		"clock":   {func(f *Facts) { f.Node.Clock = &Clock{Theirs: noon.Add(time.Minute), Ours: noon} }, "warn clock: the broker's is 1m0s ahead"},
	} {
		f := good(func(f *Facts) {
			f.Node = &Node{Name: "n1", Version: "1", Ready: true, Listeners: []Listener{{Name: "default", Kind: "tcp", Address: "0.0.0.0:1883", Listening: true}}}
		})
		c.change(f)
		expect(t, name, Examine(f), c.want)
	}
}

func TestTheMachineExplainsItsSide(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Machine)
		want   string
	}{
		"config":       {func(m *Machine) { m.Problems = []string{"mqtt.listen: has the port x"} }, "fail config: mqtt.listen"},
		"warning":      {func(m *Machine) { m.Warnings = []string{"a list is overdue"} }, "warn config: a list is overdue"},
		"unreadable":   {func(m *Machine) { m.Folder.Err = "permission denied" }, "fail data folder: d cannot be used: permission denied"},
		"fresh":        {func(m *Machine) { m.Folder.Exists = false }, "ok data folder: d is not there yet"},
		"hangs":        {func(m *Machine) { m.Folder.Held, m.Folder.Holder = true, "77" }, "fail data folder: d is in use (process 77), but no node answers"},
		"runs":         {func(m *Machine) { m.Runs, m.Folder.Held, m.Folder.Holder = true, true, "77" }, "ok data folder: d is in use by a node that answers (process 77)"},
		"free":         {func(m *Machine) {}, "warn data folder: d is free: no node runs...millrace serve --data d"},
		"open":         {func(m *Machine) { m.Folder.Open = "0755" }, "warn data folder: others may look into d (0755)"},
		"disk":         {func(m *Machine) { m.Folder.Free = 1 }, "fail disk: 1 B of 100 GiB are free; the node wants 256 MiB"},
		"disk soon":    {func(m *Machine) { m.Folder.Free = 1 << 30 }, "warn disk: 1 GiB of 100 GiB"},
		"taken":        {func(m *Machine) { m.Doors[0].Taken = true }, "fail port: 127.0.0.1:1883 is in use, and not by this node...mqtt.listen"},
		"forbidden":    {func(m *Machine) { m.Doors[0].Err = "permission denied" }, "fail port: 127.0.0.1:1883 cannot be opened: permission denied"},
		"other config": {func(m *Machine) { m.Runs = true }, "warn port: 127.0.0.1:1883 (mqtt.listen) is not in use although a node runs...flags"},
		"ports":        {func(m *Machine) {}, "ok port: 127.0.0.1:1883: free"},
		"expired":      {func(m *Machine) { m.Certificates[0].To = noon.Add(-time.Hour) }, "fail certificate: c.pem has expired"},
		"expires":      {func(m *Machine) { m.Certificates[0].To = noon.Add(time.Hour) }, "warn certificate: c.pem expires"},
		"early":        {func(m *Machine) { m.Certificates[0].From = noon.Add(time.Hour) }, "fail certificate: c.pem is not valid before"},
		"few files":    {func(m *Machine) { m.Files = 1024 }, "warn open files: this shell's processes may have 1024 open...100000...LimitNOFILE=100200"},
		"node's files": {func(m *Machine) { m.OfNode = 4096 }, "warn open files: the node may have 4096"},
		"no limit":     {func(m *Machine) { m.Files = 1 << 62 }, "ok open files: ...any number"},
		"not told":     {func(m *Machine) { m.Files = 0 }, "skipped open files: "},
		"past":         {func(m *Machine) { m.Clock.Newest = noon.Add(time.Hour) }, "fail clock: it shows 2026-05-04 12:00:00Z, and the data folder's newest file is from"},
		"before build": {func(m *Machine) { m.Clock.Built = noon.Add(time.Hour) }, "fail clock: ...this program is from"},
		"alone":        {func(m *Machine) { m.Clock.Known = true }, "warn clock: ...nothing synchronises it"},
		"synchronised": {func(m *Machine) { m.Clock.Known, m.Clock.Synchronised = true, true }, "ok clock: ...is synchronised"},
	} {
		m := &Machine{
			Folder: Folder{Path: "d", Exists: true, Free: 50 << 30, Total: 100 << 30, Reserve: 256 << 20}, Connections: 100_000, Files: 1 << 20,
			Doors: []Door{{Key: "mqtt.listen", Address: "127.0.0.1:1883"}}, Certificates: []Certificate{{"c.pem", noon.AddDate(0, -1, 0), noon.AddDate(1, 0, 0)}},
		}
		c.change(m)
		expect(t, name, Examine(&Facts{Now: noon, Machine: m}), c.want)
	}
}

func TestTargetsAreReadAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]string{
		"plant-1": "plant-1:1883 tcp ", "plant-1:8883": "plant-1:8883 tls ", "plant-1:8083": "plant-1:8083 ws ", "plant-1:8084": "plant-1:8084 wss ",
		"mqtt://plant-1:8883": "plant-1:8883 tcp ", "mqtts://plant-1": "plant-1:8883 tls ", "ssl://plant-1:1": "plant-1:1 tls ",
		"ws://plant-1/x": "plant-1:8083 ws /x", "wss://plant-1:443/mqtt": "plant-1:443 wss /mqtt", "::1": "[::1]:1883 tcp ", "[::1]:99": "[::1]:99 tcp ",
		"http://plant-1": "no way to MQTT", "": "no address", "plant-1:x": "no", "plant-1:70000": "no port", "mqtt://u:p@plant-1": "--username", "plant-1/x": "has a path", "a b": "no address",
	} {
		got, err := ParseTarget(text, false, false)
		have := fmt.Sprintf("%s %s %s", got.Address(), got.Kind(), got.Path)
		if err != nil {
			have = err.Error()
		}
		if have != want && (err == nil || !strings.Contains(have, want)) {
			t.Errorf("%q: %s, want %s", text, have, want)
		}
	}
	if got, _ := ParseTarget("plant-1", true, true); got.Kind() != "wss" || got.Port != 8084 {
		t.Error(got)
	}
}
