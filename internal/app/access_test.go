package app

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"hash"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/eclipse/paho.golang/paho"

	"github.com/millrace/millrace/internal/access"
	"github.com/millrace/millrace/internal/broker"
)

// scramClient is paho's side of SCRAM (RFC 5802).
type scramClient struct {
	method         string
	hash           func() hash.Hash
	size           int
	user, password string
	bare, said     string
	serverKey      []byte
	done           bool
}

func (s *scramClient) first() []byte {
	s.bare = "n=" + s.user + ",r=nonceOfTheClient"
	return []byte("n,," + s.bare)
}

func (s *scramClient) mac(key []byte, text string) []byte {
	h := hmac.New(s.hash, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// Authenticate answers the server: its first message, or that it wants ours.
func (s *scramClient) Authenticate(a *paho.Auth) *paho.Auth {
	answer := &paho.Auth{ReasonCode: 0x18, Properties: &paho.AuthProperties{AuthMethod: s.method}}
	challenge := string(a.Properties.AuthData)
	f := strings.Split(challenge, ",")
	if len(f) != 3 {
		return answer
	}
	salt, _ := base64.StdEncoding.DecodeString(f[1][2:])
	iterations, _ := strconv.Atoi(f[2][2:])
	salted, _ := pbkdf2.Key(s.hash, s.password, salt, iterations, s.size)
	proof, stored := s.mac(salted, "Client Key"), s.hash()
	stored.Write(proof)
	final := "c=biws," + f[0]
	s.said = s.bare + "," + challenge + "," + final
	subtle.XORBytes(proof, proof, s.mac(stored.Sum(nil), s.said))
	s.serverKey = s.mac(salted, "Server Key")
	answer.Properties.AuthData = []byte(final + ",p=" + base64.StdEncoding.EncodeToString(proof))
	return answer
}

// Authenticated is called when a re-authentication has ended well.
func (s *scramClient) Authenticated() { s.done = true }

// proved says whether the server has shown that it knows the password, too.
func (s *scramClient) proved(data []byte) bool {
	return string(data) == "v="+base64.StdEncoding.EncodeToString(s.mac(s.serverKey, s.said))
}

// behindAccess starts a broker that lets anna in, over the adapters of this package.
func behindAccess(t *testing.T) *broker.Broker {
	t.Helper()
	path, users, anna := filepath.Join(t.TempDir(), "users"), &access.Users{}, &access.User{Name: "anna"}
	if err := anna.SetPassword("anna-secret", access.Cost{Memory: 8, Passes: 1, Lanes: 1}, true); err != nil {
		t.Fatal(err)
	}
	if err := users.Set(anna); err != nil {
		t.Fatal(err)
	}
	if err := access.WriteUsers(path, users); err != nil {
		t.Fatal(err)
	}
	a := access.New(access.Options{Users: path})
	if err := a.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	b, err := broker.New(broker.Options{Listeners: []broker.Listener{{Address: "127.0.0.1:0"}}, Authenticator: accessBroker{a}, Authorizer: accessBroker{a}, Loops: 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close(context.Background()) })
	return b
}

// The overview says which rules cannot do what they say.
func TestTheOverviewOfAccessWarns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.yaml")
	rules := "rules:\n  - deny: subscribe\n    topics: [plant/secret/#]\n  - allow: subscribe\n    topics: [plant/+/state]\n"
	if err := os.WriteFile(path, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	a := access.New(access.Options{Rules: path})
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	if said := (accessAPI{a}).Overview().Warnings; len(said) != 1 || !strings.Contains(said[0], "Rule 2, line 4") {
		t.Error(said)
	}
}

func TestPahoComesInByScram(t *testing.T) {
	b := behindAccess(t)
	for _, password := range []string{"anna-secret", "wrong"} {
		for _, s := range []*scramClient{
			{method: "SCRAM-SHA-256", hash: sha256.New, size: sha256.Size, user: "anna", password: password},
			{method: "SCRAM-SHA-512", hash: sha512.New, size: sha512.Size, user: "anna", password: password},
		} {
			t.Run(s.method+" "+password, func(t *testing.T) { comeByScram(t, b, s, password == "anna-secret") })
		}
	}
}

func comeByScram(t *testing.T, b *broker.Broker, s *scramClient, right bool) {
	nc, err := net.Dial("tcp", b.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c := paho.NewClient(paho.ClientConfig{Conn: nc, AuthHandler: s})
	answer, err := c.Connect(t.Context(), &paho.Connect{ClientID: s.method, CleanStart: true, KeepAlive: 30,
		Properties: &paho.ConnectProperties{AuthMethod: s.method, AuthData: s.first()}})
	if !right {
		if err == nil || answer == nil || answer.ReasonCode != 0x86 {
			t.Errorf("%+v %v", answer, err)
		}
		return
	}
	if err != nil || !s.proved([]byte(answer.Properties.AuthData)) {
		t.Fatalf("%+v %v", answer, err)
	}
	again, err := c.Authenticate(t.Context(), &paho.Auth{ReasonCode: 0x19, Properties: &paho.AuthProperties{AuthMethod: s.method, AuthData: s.first()}})
	if err != nil || !again.Success {
		t.Errorf("re-authentication: %+v %v", again, err)
	}
	if err := c.Disconnect(&paho.Disconnect{}); err != nil {
		t.Error(err)
	}
}
