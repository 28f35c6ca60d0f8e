package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/api"
)

// filter is which items of a list are asked for.
type filter struct {
	prefix, search, parent string
	flat                   bool
	page, limit            int
}

func (f *filter) flags(cmd *cobra.Command) *cobra.Command {
	cmd.Args = wants(0, 0)
	cmd.Flags().StringVar(&f.search, "search", "", "only names that contain this")
	cmd.Flags().IntVar(&f.page, "page", 1, "which page")
	cmd.Flags().IntVar(&f.limit, "limit", 100, "items a page, up to 1000")
	return cmd
}

func (f *filter) query() url.Values {
	q := url.Values{"page": {strconv.Itoa(f.page)}, "limit": {strconv.Itoa(f.limit)}}
	for name, v := range map[string]string{"prefix": f.prefix, "search": f.search, "parent": f.parent} {
		if v != "" {
			q.Set(name, v)
		}
	}
	if f.flat {
		q.Set("flat", "true")
	}
	return q
}

func (c *ctl) seriesCommand() *cobra.Command {
	var names, values filter
	list := names.flags(&cobra.Command{
		Use: "list", Short: "List the series that the historian keeps",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, c, request{path: "/series", query: names.query()}, listed("No series.", columns("SERIES", "KIND", "NEWEST"),
				func(s api.Series) []any { return []any{s.Series, s.Kind, s.Time} }))
		},
	})
	latest := values.flags(&cobra.Command{
		Use: "latest", Short: "Show the newest value of each series",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, c, request{path: "/series/latest", query: values.query()}, listed("No series.", columns("SERIES", "VALUE", "TIME"),
				func(s api.Latest) []any { return []any{s.Series, s.Value, s.Time} }))
		},
	})
	list.Flags().StringVar(&names.prefix, "prefix", "", "only names that begin with this")
	latest.Flags().StringVar(&values.prefix, "prefix", "", "only names that begin with this")
	return listGroup("series", "Points over time", list, latest, c.rangeCommand())
}

func (c *ctl) rangeCommand() *cobra.Command {
	var from, to, bucket, columns string
	var limit int
	cmd := &cobra.Command{
		Use: "range SERIES…", Short: "Show samples or buckets of a span of time", Args: wants(1, 20),
		Example: "  millrace ctl series range plant/line1/oven/temperature --from -2h --bucket 10m",
		RunE: func(cmd *cobra.Command, args []string) error {
			q := url.Values{"series": args, "from": {from}, "to": {to}, "bucket": {bucket}, "fn": {columns}, "limit": {strconv.Itoa(limit)}}
			return ask(cmd, c, request{path: "/series/range", query: q, hint: notFound("millrace ctl series list --search shows the series")}, drawRange)
		},
	}
	f := cmd.Flags()
	f.StringVar(&from, "from", "-1h", "begin: RFC 3339, milliseconds since 1970, or relative such as -1h")
	f.StringVar(&to, "to", "now", "end, written the same way")
	f.StringVar(&bucket, "bucket", "0", "width of buckets such as 10s; 0 shows raw samples")
	f.StringVar(&columns, "fn", "avg,min,max,first,last,count", "columns of buckets")
	f.IntVar(&limit, "limit", 10000, "samples or buckets of each series at most")
	return cmd
}

func drawRange(t table, a api.RangeAnswer) {
	for i, s := range a.Items {
		if len(a.Items) > 1 {
			if i > 0 {
				fmt.Fprintln(t.w)
			}
			fmt.Fprintln(t.w, printable(s.Series))
		}
		drawSeries(t, s)
		_ = t.w.Flush()
		if s.Truncated && s.NextFrom != nil {
			fmt.Fprintf(t.w, "cut at the limit; go on with --from %s\n", s.NextFrom.Format("2006-01-02T15:04:05.999999999Z07:00"))
		}
	}
}

// drawSeries writes the columns that the answer has.
func drawSeries(t table, s api.RangeSeries) {
	if len(s.Times) == 0 {
		t.row("No points in this span.")
		return
	}
	head, cells := columns("TIME"), []func(int) any{func(i int) any { return s.Times[i] }}
	add := func(name string, n int, cell func(int) any) {
		if n == len(s.Times) {
			head, cells = append(head, name), append(cells, cell)
		}
	}
	add("VALUE", len(s.Values), func(i int) any { return s.Values[i] })
	add("AVG", len(s.Avg), func(i int) any { return s.Avg[i] })
	add("MIN", len(s.Min), func(i int) any { return s.Min[i] })
	add("MAX", len(s.Max), func(i int) any { return s.Max[i] })
	add("FIRST", len(s.First), func(i int) any { return s.First[i] })
	add("LAST", len(s.Last), func(i int) any { return s.Last[i] })
	add("COUNT", len(s.Count), func(i int) any { return s.Count[i] })
	t.row(head...)
	for i := range s.Times {
		row := make([]any, len(cells))
		for j, cell := range cells {
			row[j] = cell(i)
		}
		t.row(row...)
	}
}

func (c *ctl) topicsCommand() *cobra.Command {
	var f filter
	list := f.flags(&cobra.Command{
		Use: "list", Short: "List one level of the topic tree, or the topics found by --search",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, c, request{path: "/topics", query: f.query()}, listed("No topics seen.", columns("TOPIC", "BELOW", "RATE", "LAST", "PAYLOAD"), topicRow))
		},
	})
	list.Flags().StringVar(&f.parent, "parent", "", "level to look below, such as plant/line1; the root without it")
	list.Flags().BoolVar(&f.flat, "flat", false, "all topics at and below the level")
	return listGroup("topics", "Topics seen since the start", list)
}

func topicRow(n api.TopicNode) []any {
	name := n.Topic
	if n.Children > 0 {
		name += "/"
	}
	return []any{name, n.Topics, rateText(n.Rate), n.Time, n.Preview}
}

// maxPayload bounds the payload read from a file or pipe.
const maxPayload = 16 << 20

func (c *ctl) publishCommand() *cobra.Command {
	var message, file string
	var qos int
	cmd := &cobra.Command{
		Use: "publish TOPIC", Short: "Publish a message", Args: wants(1, 1),
		Example: "  millrace ctl publish plant/oven -m '{\"temperature\": 21.5}' -q 1\n  millrace ctl publish plant/picture -f picture.jpg",
		RunE: func(cmd *cobra.Command, args []string) error {
			if qos != 0 && qos != 1 {
				return usage("-q wants 0 or 1, not %d", qos)
			}
			body, err := payload(cmd, message, file)
			if err != nil {
				return err
			}
			body.Topic, body.QoS = args[0], qos
			return ask(cmd, c, request{method: http.MethodPost, path: "/publish", body: body}, drawPublished)
		},
	}
	cmd.Flags().StringVarP(&message, "message", "m", "", "payload")
	cmd.Flags().StringVarP(&file, "file", "f", "", "file that holds the payload, - for standard input")
	cmd.Flags().IntVarP(&qos, "qos", "q", 0, "0: at most once; 1: wait until a stream that takes it has it")
	cmd.MarkFlagsMutuallyExclusive("message", "file")
	return cmd
}

// payload is the message text or the file's content; what is no text goes as base64.
func payload(cmd *cobra.Command, message, file string) (api.Publish, error) {
	content := []byte(message)
	if file != "" {
		var err error
		if content, err = readPayload(cmd, file); err != nil {
			return api.Publish{}, fmt.Errorf("read the payload: %w", err)
		}
	}
	if utf8.Valid(content) {
		return api.Publish{Payload: string(content), Encoding: "text"}, nil
	}
	return api.Publish{Payload: base64.StdEncoding.EncodeToString(content), Encoding: "base64"}, nil
}

func readPayload(cmd *cobra.Command, file string) ([]byte, error) {
	in := cmd.InOrStdin()
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	content, err := io.ReadAll(io.LimitReader(in, maxPayload+1))
	if err == nil && len(content) > maxPayload {
		err = fmt.Errorf("%s is larger than %s, the most that ctl publishes", file, bytesText(maxPayload))
	}
	return content, err
}

func drawPublished(t table, p api.Published) {
	if p.Kept {
		t.row("Published; a stream keeps it.")
	} else {
		t.row("Published; no stream confirmed to keep it.")
	}
}
