package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/config"
)

func (c *ctl) traceCommand() *cobra.Command {
	list := &cobra.Command{Use: "list", Short: "List the traces", Args: wants(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, c, request{path: "/traces"}, listed("No traces.", columns("NAME", "FOLLOWS", "FORMAT", "STATE", "PACKETS", "MISSED", "SIZE", "UNTIL"),
				func(t api.Trace) []any {
					state := t.State
					if t.Ended != "" {
						state += ": " + t.Ended
					}
					return []any{t.Name, t.Kind + " " + t.Value, t.Format, state, t.Packets, t.Missed, bytesText(t.Bytes), t.Until}
				}))
		}}
	stop := &cobra.Command{Use: "stop NAME", Short: "End a trace and keep its file", Args: wants(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, c, request{method: http.MethodPost, path: "/traces/" + url.PathEscape(args[0]) + "/stop", hint: traceHint}, func(t table, tr api.Trace) {
				t.row(fmt.Sprintf("Trace %s has ended with %d packets; millrace ctl trace download %s gets the file.", tr.Name, tr.Packets, tr.Name))
			})
		}}
	remove := &cobra.Command{Use: "delete NAME", Short: "End a trace and remove its file", Args: wants(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, c, request{method: http.MethodDelete, path: "/traces/" + url.PathEscape(args[0]), hint: traceHint}, done("Trace %s is removed.", args[0]))
		}}
	return listGroup("trace", "Packets of a client, topic or address, written to a file", list, c.startTraceCommand(), stop, c.downloadTraceCommand(), remove)
}

var traceHint = notFound("millrace ctl trace list shows the traces")

func (c *ctl) startTraceCommand() *cobra.Command {
	var client, topic, address, size string
	var n api.NewTrace
	var life time.Duration
	var pcapng bool
	cmd := &cobra.Command{Use: "start NAME", Short: "Write the packets of a client, topic or address to a file", Args: wants(1, 1),
		Example: "  millrace ctl trace start press --client press-7\n  millrace ctl trace start oven --topic 'plant/oven/#' --payload --for 1m\n  millrace ctl trace start net --address 10.1.0.0/16 --pcapng",
		RunE: func(cmd *cobra.Command, args []string) error {
			n.Name, n.Format = args[0], "text"
			if pcapng {
				n.Format = "pcapng"
			}
			given := 0
			for kind, value := range map[string]string{"client": client, "topic": topic, "address": address} {
				if value != "" {
					n.Kind, n.Value = kind, value
					given++
				}
			}
			if given != 1 {
				return usage("%s wants one of --client, --topic and --address", cmd.CommandPath())
			}
			most, err := config.ParseSize(size)
			if err != nil {
				return usage("--max-bytes %v", err)
			}
			n.Until, n.MaxBytes = time.Now().Add(life), most.Int64()
			return ask(cmd, c, request{method: http.MethodPost, path: "/traces", body: n}, func(t table, tr api.Trace) {
				t.row(fmt.Sprintf("Trace %s runs until %s; millrace ctl trace download %s gets its file, also while it runs.", tr.Name, tr.Until.Local().Format(time.DateTime), tr.Name))
			})
		}}
	f := cmd.Flags()
	f.StringVar(&client, "client", "", "client identifier to follow")
	f.StringVar(&topic, "topic", "", "topic filter whose messages to follow")
	f.StringVar(&address, "address", "", "IP address or network to follow")
	f.BoolVar(&pcapng, "pcapng", false, "write pcapng, which Wireshark shows as MQTT, instead of text")
	f.BoolVar(&n.Payload, "payload", false, "write payloads into text, too")
	f.StringVar(&size, "max-bytes", "16MiB", "size at which it ends, 4KiB or more")
	f.DurationVar(&life, "for", 10*time.Minute, "time after which it ends, up to 24h")
	return cmd
}

func (c *ctl) downloadTraceCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{Use: "download NAME", Short: "Get what a trace has written so far", Args: wants(1, 1),
		Example: "  millrace ctl trace download press\n  millrace ctl trace download net -o net.pcapng",
		RunE: func(cmd *cobra.Command, args []string) error {
			node, err := c.client(cmd)
			if err != nil {
				return err
			}
			content, err := node.do(cmd.Context(), request{path: "/traces/" + url.PathEscape(args[0]) + "/file", hint: traceHint})
			if err != nil {
				return err
			}
			if out == "" || out == "-" {
				_, err = cmd.OutOrStdout().Write(content)
				return err
			}
			if err := os.WriteFile(out, content, 0o600); err != nil {
				return fmt.Errorf("write the trace: %w", err)
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "%s written to %s\n", bytesText(len(content)), out)
			return nil
		}}
	cmd.Flags().StringVarP(&out, "output", "o", "", "file to write; standard output without it")
	return cmd
}
