package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/api"
)

// table writes aligned columns.
type table struct{ w *tabwriter.Writer }

// row writes one line of cells.
func (t table) row(cells ...any) {
	line := make([]string, len(cells))
	for i, c := range cells {
		line[i] = cellText(c)
	}
	fmt.Fprintln(t.w, strings.Join(line, "\t"))
}

// ask sends the request and writes its answer: the API's JSON, or what draw makes
// of it for people.
func ask[T any](cmd *cobra.Command, c *ctl, r request, draw func(table, T)) error {
	node, err := c.client(cmd)
	if err != nil {
		return err
	}
	content, err := node.do(cmd.Context(), r)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if c.json {
		if len(content) == 0 {
			content = []byte(`{"done": true}`) // the API answers 204
		}
		return indentJSON(out, content)
	}
	var answer T
	if len(content) > 0 {
		if err := json.Unmarshal(content, &answer); err != nil {
			return fmt.Errorf("the answer of %s is not understood; is it of another version? %w", node.where, err)
		}
	}
	t := table{tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
	draw(t, answer)
	return t.w.Flush()
}

// listed draws a page: head, a row for each item, and a note when there is more.
func listed[T any](none string, head []any, row func(T) []any) func(table, api.Page[T]) {
	return func(t table, p api.Page[T]) {
		if len(p.Items) == 0 {
			t.row(none)
			return
		}
		t.row(head...)
		for _, item := range p.Items {
			t.row(row(item)...)
		}
		if p.Meta.Count > len(p.Items) {
			_ = t.w.Flush()
			fmt.Fprintf(t.w, "%d of %d; more with --page and --limit\n", len(p.Items), p.Meta.Count)
		}
	}
}

func columns(names ...any) []any { return names }

// done draws a line of text whatever the answer is.
func done(format string, args ...any) func(table, json.RawMessage) {
	return func(t table, _ json.RawMessage) { fmt.Fprintf(t.w, format+"\n", args...) }
}

func indentJSON(out io.Writer, content []byte) error {
	if len(bytes.TrimSpace(content)) == 0 {
		return nil
	}
	var b bytes.Buffer
	if err := json.Indent(&b, bytes.TrimSpace(content), "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err := b.WriteTo(out)
	return err
}

func printJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// cellText writes a value for people. Control characters are spelt out: a topic or
// a value comes from strangers and must not move the terminal.
func cellText(v any) string {
	switch x := v.(type) {
	case nil:
		return "-"
	case string:
		return printable(x)
	case float64:
		return numberText(x)
	case *float64:
		if x == nil {
			return "-"
		}
		return numberText(*x)
	case time.Time:
		if x.IsZero() {
			return "-"
		}
		return x.Local().Format("2006-01-02 15:04:05.000")
	}
	return printable(fmt.Sprint(v))
}

func printable(s string) string {
	if s == "" {
		return "-"
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			q := strconv.Quote(s)
			return q[1 : len(q)-1]
		}
	}
	return s
}

func numberText(v float64) string { return strconv.FormatFloat(v, 'g', 10, 64) }

// rateText writes a rate per second with the digits that matter.
func rateText(v float64) string {
	switch {
	case v == 0:
		return "0/s"
	case math.Abs(v) < 10:
		return strconv.FormatFloat(v, 'f', 2, 64) + "/s"
	}
	return strconv.FormatFloat(v, 'f', 0, 64) + "/s"
}

// bytesText writes bytes in the unit that suits.
func bytesText[N int | int64 | float64](n N) string {
	v, units := float64(n), []string{"B", "KiB", "MiB", "GiB", "TiB"}
	for math.Abs(v) >= 1024 && len(units) > 1 {
		v, units = v/1024, units[1:]
	}
	if units[0] == "B" || v >= 100 {
		return fmt.Sprintf("%.0f %s", v, units[0])
	}
	return fmt.Sprintf("%.1f %s", v, units[0])
}

// spanText writes how long something lasts, in its two largest units.
func spanText(d time.Duration) string {
	switch d = d.Round(time.Second); {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm%ds", d/time.Minute, d%time.Minute/time.Second)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%dd%dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
}
