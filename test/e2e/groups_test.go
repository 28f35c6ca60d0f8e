//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/millrace/millrace/internal/api"
)

// share is what the consumers of a group have seen.
type share struct {
	mu     sync.Mutex      // guards the fields below
	acked  map[string]bool // payloads whose acknowledgement was answered
	asked  map[string]bool // ... was sent, and the node was killed before it could answer
	pulled map[string]int
	wrong  []string
}

func (s *share) take(m *api.GroupMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pulled[m.Payload]++
	if s.acked[m.Payload] {
		s.wrong = append(s.wrong, m.Payload+" comes again after its acknowledgement")
	}
}

func (s *share) done(payloads []string, answered bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range payloads {
		if answered {
			s.acked[p] = true
		} else {
			s.asked[p] = true
		}
	}
}

// ask is one request that may fail, since the node is killed meanwhile.
func (c *caller) ask(method, path, body string, into any) bool {
	r, err := http.NewRequest(method, c.url+path, strings.NewReader(body))
	if err != nil {
		return false
	}
	r.SetBasicAuth(c.key, c.secret)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	return err == nil && answer.StatusCode == http.StatusOK && json.NewDecoder(bytes.NewReader(content)).Decode(into) == nil
}

// consume pulls and acknowledges until the node is gone or everything is done; every
// third message it forgets.
func (s *share) consume(c *caller, n int) {
	const group = "/api/v1/streams/telemetry/groups/reports"
	var got api.GroupMessages
	var g api.ConsumerGroup
	for c.ask(http.MethodGet, group, "", &g) && int(g.Acked) < n && c.ask(http.MethodPost, group+"/pull?max=5&wait=1", "", &got) {
		var at, payloads []string
		for i := range got.Messages {
			m := &got.Messages[i]
			if s.take(m); rand.IntN(3) > 0 {
				at, payloads = append(at, `"`+m.Position+`"`), append(payloads, m.Payload)
			}
		}
		var done api.GroupAcked
		if len(at) > 0 {
			s.done(payloads, c.ask(http.MethodPost, group+"/ack", `{"positions":[`+strings.Join(at, ",")+`]}`, &done))
		}
	}
}

// A consumer group over kills of the node: what was acknowledged never comes again, and
// everything is acknowledged in the end.
func TestAConsumerGroupSurvivesKills(t *testing.T) {
	dir := t.TempDir()
	n := startNode(t, dir, nil)
	c := newCaller(t, n, "operator")
	if status, body := c.do(http.MethodPost, "/api/v1/streams/telemetry/groups", `{"name":"reports","filter":"plant/+","ackWait":0.5}`); status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	s := &share{acked: map[string]bool{}, asked: map[string]bool{}, pulled: map[string]int{}}
	const rounds, each = 4, 40
	for round := range rounds {
		var consumers sync.WaitGroup
		for range 3 {
			consumers.Go(func() { s.consume(c, rounds*each) })
		}
		publishNumbers(c, round*each, (round+1)*each)
		if round == rounds-1 {
			consumers.Wait()
			break
		}
		n.kill(t)
		consumers.Wait()
		n = startNode(t, dir, nil)
		c.url = n.url
	}
	for i := range rounds * each {
		if p := fmt.Sprint(i); !s.acked[p] && !s.asked[p] {
			t.Errorf("%d was pulled %d times and is not done", i, s.pulled[fmt.Sprint(i)])
		}
	}
	for _, w := range s.wrong {
		t.Error(w)
	}
	var g api.ConsumerGroup
	c.get("/api/v1/streams/telemetry/groups/reports", nil, &g)
	if g.Acked < rounds*each || g.InFlight != 0 || g.Lost != 0 || g.GivenUp != 0 {
		t.Errorf("%+v", g)
	}
	tryGroupsByHand(t, n)
	n.stop(t)
}

func tryGroupsByHand(t *testing.T, n *node) {
	n.ctl(t, "streams", "groups", "create", "telemetry", "billing", "--ack-wait", "1m")
	var got api.GroupMessages
	unmarshal(t, []byte(n.ctl(t, "streams", "groups", "pull", "telemetry", "billing", "--max", "3", "--json")), &got)
	if len(got.Messages) != 3 || got.Messages[2].Payload != "2" {
		t.Fatalf("%+v", got)
	}
	n.ctl(t, "streams", "groups", "ack", "telemetry", "billing", got.Messages[0].Position)
	out := n.ctl(t, "streams", "groups", "ack", "telemetry", "billing", "--up-to", got.Messages[2].Position)
	if !strings.Contains(out, "2 messages") {
		t.Error(out)
	}
	n.ctl(t, "streams", "groups", "change", "telemetry", "billing", "--from", "now", "--max-in-flight", "7")
	if out := n.ctl(t, "streams", "show", "telemetry"); !strings.Contains(out, "billing (consumers)") {
		t.Error(out)
	}
	if out := n.ctl(t, "streams", "groups", "list", "telemetry"); !strings.Contains(out, "billing") || !strings.Contains(out, "reports") {
		t.Error(out)
	}
	n.ctl(t, "streams", "groups", "delete", "telemetry", "billing")
}
