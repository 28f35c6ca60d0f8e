package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/fault"
)

// socketName is the file in the data folder that a node answers ctl on.
const socketName = "ctl.sock"

// maxAnswer bounds what is read of an answer.
const maxAnswer = 256 << 20

// client asks one node's REST API.
type client struct {
	http  *http.Client
	base  string // scheme and host
	where string // what a person calls this node
	user  string
	pass  string
}

// client returns the way to the node that the flags name. A --data that is given
// beats an address in the environment.
func (c *ctl) client(cmd *cobra.Command) (*client, error) {
	if c.url != "" && (cmd.Flags().Changed("url") || !cmd.Flags().Changed("data")) {
		return c.remote()
	}
	socket := filepath.Join(c.data, socketName)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	return &client{
		http: &http.Client{Timeout: c.timeout, Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}},
		base: "http://millrace", where: c.data,
	}, nil
}

func (c *ctl) remote() (*client, error) {
	u, err := url.Parse(c.url)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, usage("--url wants an address such as http://plant-1:18083, not %q", c.url)
	}
	key, err := c.apiKey()
	if err != nil {
		return nil, err
	}
	user, pass, ok := strings.Cut(key, ":")
	if !ok || user == "" || pass == "" {
		return nil, usage("--url needs an API key as key:secret, by --api-key-file, MILLRACE_API_KEY or --api-key; millrace ctl api-key create makes one")
	}
	return &client{
		http: &http.Client{Timeout: c.timeout, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}, CheckRedirect: noRedirect},
		base: u.Scheme + "://" + u.Host, where: c.url, user: user, pass: pass,
	}, nil
}

// noRedirect keeps the key from following an answer to somewhere else.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// apiKey is the key of the nearest source: flag, file flag, environment.
func (c *ctl) apiKey() (string, error) {
	if c.key != "" {
		return c.key, nil
	}
	file := c.keyFile
	if file == "" {
		if key := os.Getenv("MILLRACE_API_KEY"); key != "" {
			return key, nil
		}
		file = os.Getenv("MILLRACE_API_KEY_FILE")
	}
	if file == "" {
		return "", nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the API key: %w", err)
	}
	return keyText(content), nil
}

// keyText reads key:secret, or what api-key create --json printed.
func keyText(content []byte) string {
	var printed api.NewAPIKey
	if json.Unmarshal(content, &printed) == nil && printed.Key != "" {
		return printed.Key + ":" + printed.Secret
	}
	return strings.TrimSpace(string(content))
}

// request is one call of the API.
type request struct {
	method string // "" is GET
	path   string // below /api/v1, its variable parts escaped
	query  url.Values
	body   any
	hint   hint
}

// hint is the way out of one kind of refusal.
type hint struct {
	status int
	text   string
}

func notFound(text string) hint { return hint{http.StatusNotFound, text} }

// do sends the request and returns the answer's body.
func (c *client) do(ctx context.Context, r request) ([]byte, error) {
	var body io.Reader
	if r.body != nil {
		encoded, err := json.Marshal(r.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(encoded)
	}
	address := c.base + "/api/v1" + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, cmp.Or(r.method, http.MethodGet), address, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.user != "" {
		req.SetBasicAuth(c.user, c.pass)
	}
	return c.answer(req, r.hint)
}

func (c *client) answer(req *http.Request, way hint) ([]byte, error) {
	answer, err := c.http.Do(req)
	if err != nil {
		return nil, c.explain(err)
	}
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("the answer of %s broke off: %w", c.where, err)
	}
	if len(content) > maxAnswer {
		return nil, fmt.Errorf("the answer of %s is larger than %s; ask for less", c.where, bytesText(maxAnswer))
	}
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return nil, refusal(answer, content, way)
	}
	return content, nil
}

// explain says what to do about a node that cannot be reached.
func (c *client) explain(err error) error {
	var timeout interface{ Timeout() bool }
	if errors.Is(err, context.Canceled) {
		return err
	}
	if errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("%s did not answer in time, %s; --timeout grants more", c.where, c.http.Timeout)
	}
	if c.user != "" {
		return fmt.Errorf("%s cannot be reached: %w; --url wants the address of the node's console, its http.listen", c.where, errors.Unwrap(err))
	}
	socket := filepath.Join(c.where, socketName)
	start := "start one with: millrace serve --data " + c.where
	_, missing := os.Stat(socket)
	switch {
	case errors.Is(missing, syscall.ENOTDIR):
		return fmt.Errorf("%s is no folder; --data wants the data folder of a node", c.where)
	case errors.Is(missing, os.ErrNotExist):
		return fmt.Errorf("no node runs on %s; %s", c.where, start)
	case fault.ConnectionRefused(err):
		return fmt.Errorf("no node runs on %s, its last one was cut off; %s", c.where, start)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("you may not use %s; run this as the user that the node runs as", socket)
	case len(socket) > 100:
		return fmt.Errorf("the path %s is too long for a socket; run this inside the data folder's parent, with a short --data", socket)
	}
	return fmt.Errorf("%s: %w", socket, err)
}

// refusal is the error of an answer that is no success: the API's problem document,
// or what else answered.
func refusal(answer *http.Response, content []byte, way hint) error {
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	var p api.Problem
	if kind != "application/problem+json" || json.Unmarshal(content, &p) != nil {
		return fmt.Errorf("the answer is %s, and not from a millrace node; --url wants the address of the node's console, its http.listen", answer.Status)
	}
	if unknownToNode(answer.StatusCode, &p) {
		return &refused{p, "this millrace is version " + thisBuild().Version + ": is the node's another? millrace ctl status shows it"}
	}
	switch answer.StatusCode {
	case way.status:
	case http.StatusUnauthorized:
		way.text = "on the node's machine, millrace ctl api-key list shows the keys and api-key create makes one"
	case http.StatusForbidden:
		way.text = "on the node's machine, millrace ctl api-key create --role makes a key that may"
	default:
		way.text = ""
	}
	return &refused{p, way.text}
}

// unknownToNode says whether the node knows no such request: it may be older.
func unknownToNode(status int, p *api.Problem) bool {
	return status == http.StatusMethodNotAllowed || status == http.StatusNotFound && strings.HasPrefix(p.Detail, "There is no /api/") ||
		slices.ContainsFunc(p.Errors, func(d api.ProblemDetail) bool { return d.Message == "unexpected property" })
}

// asTyped is what was typed for one of the API's places: query.limit is --limit.
func asTyped(place string) string {
	if name, ok := strings.CutPrefix(place, "query."); ok {
		return "--" + name
	}
	return strings.TrimPrefix(place, "body.")
}

// refused is a request that the node said no to.
type refused struct {
	api.Problem
	way string
}

// Error is the problem's detail and code, and further invalid parts on lines of
// their own.
func (r *refused) Error() string {
	text := cmp.Or(r.Detail, r.Title)
	if len(r.Errors) == 1 {
		place := r.Errors[0].Location
		text = strings.Replace(text, place+":", asTyped(place)+":", 1)
	}
	if r.Code != "" {
		text += " (" + r.Code + ")"
	}
	if len(r.Errors) > 1 {
		for _, e := range r.Errors {
			text += fmt.Sprintf("\n  %s: %s", asTyped(e.Location), e.Message)
		}
	}
	if r.way != "" {
		text += "\n  " + r.way
	}
	return text
}
