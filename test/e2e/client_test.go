//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/testkit"
)

// caller asks a node's API with a key that it made through millrace ctl.
type caller struct {
	t           *testing.T
	url         string
	key, secret string
}

func newCaller(t *testing.T, n *node, role string) *caller {
	t.Helper()
	var key api.NewAPIKey
	unmarshal(t, []byte(n.ctl(t, "api-key", "create", "e2e", "--role", role, "--json")), &key)
	if key.Key == "" || key.Secret == "" {
		t.Fatalf("api-key create printed no key and secret: %+v", key)
	}
	return &caller{t, n.url, key.Key, key.Secret}
}

// get decodes the answer to GET path into v and fails unless it is 200.
func (c *caller) get(path string, query url.Values, v any) {
	c.t.Helper()
	status, body := c.do(http.MethodGet, path+"?"+query.Encode(), "")
	if status != http.StatusOK {
		c.t.Fatalf("GET %s?%s: %d %s", path, query.Encode(), status, body)
	}
	unmarshal(c.t, body, v)
}

func (c *caller) do(method, path, body string) (int, []byte) {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	request.SetBasicAuth(c.key, c.secret)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer.StatusCode, b
}

// latest returns the newest value of every series under prefix.
func (c *caller) latest(prefix string) map[string]any {
	c.t.Helper()
	var page api.Page[api.Latest]
	c.get("/api/v1/series/latest", url.Values{"prefix": {prefix}, "limit": {"1000"}}, &page)
	values := map[string]any{}
	for _, item := range page.Items {
		values[item.Series] = item.Value
	}
	return values
}

// raw returns every stored sample of one series.
func (c *caller) raw(series string) api.RangeSeries {
	c.t.Helper()
	var all api.RangeSeries
	from := "2020-01-01T00:00:00Z"
	for {
		var answer api.RangeAnswer
		c.get("/api/v1/series/range", url.Values{"series": {series}, "from": {from}, "to": {"2100-01-01T00:00:00Z"}}, &answer)
		if len(answer.Items) != 1 {
			c.t.Fatalf("range of %s: %+v", series, answer)
		}
		item := answer.Items[0]
		all.Times, all.Values = append(all.Times, item.Times...), append(all.Values, item.Values...)
		if !item.Truncated {
			return all
		}
		from = item.NextFrom.Format(time.RFC3339Nano)
	}
}

// eventually waits until check is true; the limit only bounds a failure.
func eventually(t *testing.T, what string, check func() bool) {
	t.Helper()
	testkit.Within(t, 30*time.Second, check, what)
}

func unmarshal(t *testing.T, b []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
}

// into hands what a client receives to got while the test runs; its client could not
// disconnect while a message waited there.
func into(t *testing.T, got chan<- *paho.Publish) func(*paho.Publish) {
	return func(p *paho.Publish) {
		select {
		case got <- p:
		case <-t.Context().Done():
		}
	}
}

// connect returns a paho MQTT 5 client that is connected.
func connect(t *testing.T, n *node, id string, received func(*paho.Publish)) *paho.Client {
	t.Helper()
	client, err := dial(t.Context(), n, id, received)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(&paho.Disconnect{}) })
	return client
}

func dial(ctx context.Context, n *node, id string, received func(*paho.Publish)) (*paho.Client, error) {
	conn, err := n.dial(ctx)
	if err != nil {
		return nil, err
	}
	config := paho.ClientConfig{Conn: conn}
	if received != nil {
		config.OnPublishReceived = []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) {
			received(p.Packet)
			return true, nil
		}}
	}
	client := paho.NewClient(config)
	ack, err := client.Connect(ctx, &paho.Connect{ClientID: id, KeepAlive: 30, CleanStart: true})
	if err != nil {
		return nil, err
	}
	if ack.ReasonCode != 0 {
		return nil, fmt.Errorf("CONNACK 0x%02x", ack.ReasonCode)
	}
	return client, nil
}

// alarms are those that are active.
func alarms(c *caller) []api.Alarm {
	var page api.Page[api.Alarm]
	c.get("/api/v1/alarms", nil, &page)
	return page.Items
}
