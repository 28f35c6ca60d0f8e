package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/config"
)

func (c *ctl) configCommand() *cobra.Command {
	show := &cobra.Command{
		Use: "show", Short: "List every setting with its origin", Args: wants(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, c, request{path: "/config"}, listed("No settings.", columns("KEY", "VALUE", "ORIGIN"),
				func(s api.Setting) []any { return []any{s.Key, valueText(s.Value), s.Origin} }))
		},
	}
	explain := &cobra.Command{
		Use: "explain KEY", Short: "Show a setting's value, origin and what it overrides", Args: wants(1, 1),
		Example:           "  millrace ctl config explain mqtt.listen",
		ValidArgsFunction: firstOf(config.Keys()...),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, c, request{path: "/config/" + url.PathEscape(args[0]), hint: notFound("millrace ctl config show lists the keys")}, drawSetting)
		},
	}
	return group("config", "The configuration of the running node", show, explain)
}

func drawSetting(t table, s api.Setting) {
	t.row("Key", s.Key)
	t.row("Value", valueText(s.Value))
	t.row("Origin", s.Origin)
	for i, o := range s.Overrides {
		name := []string{"Overrides", " "}[min(i, 1)]
		t.row(name, o)
	}
	t.row("Type", s.Type)
	t.row("Default", valueText(s.Default))
	t.row("Meaning", s.Doc)
}

// valueText writes a setting's value in one line.
func valueText(v any) string {
	switch x := v.(type) {
	case nil:
		return "-"
	case string:
		return x
	}
	line, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(line)
}

var levels = []string{"debug", "info", "warn", "error"}

func (c *ctl) logCommand() *cobra.Command {
	level := &cobra.Command{
		Use: "level [LEVEL]", Short: "Show the least level that is logged, or change it until the node's next start",
		Args: wants(0, 1), ValidArgsFunction: firstOf(levels...),
		RunE: func(cmd *cobra.Command, args []string) error {
			r := request{path: "/log-level"}
			if len(args) == 1 {
				if !slices.Contains(levels, args[0]) {
					return usage("the level %q is none of %s", args[0], strings.Join(levels, ", "))
				}
				r.method, r.body = http.MethodPut, api.LogLevel{Level: args[0]}
			}
			return ask(cmd, c, r, func(t table, l api.LogLevel) { t.row(l.Level) })
		},
	}
	return group("log", "The log of the running node", level)
}
