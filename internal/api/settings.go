package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/internal/fault"
)

// LogLevel is how much the node logs.
type LogLevel struct {
	Level string `json:"level" enum:"debug,info,warn,error"`
}

type settingInput struct {
	Key string `path:"key" maxLength:"256"`
}

type levelInput struct{ Body LogLevel }

func (a *API) settingOperations() {
	register(a, huma.Operation{OperationID: "list-config", Method: http.MethodGet, Path: "/config", Tags: []string{"Configuration"},
		Summary: "Every setting with its origin"}, a.listConfig)
	register(a, huma.Operation{OperationID: "get-config", Method: http.MethodGet, Path: "/config/{key}", Tags: []string{"Configuration"},
		Summary: "One setting: value, origin and what it overrides"}, a.getConfig)
	register(a, huma.Operation{OperationID: "get-log-level", Method: http.MethodGet, Path: "/log-level", Tags: []string{"Configuration"},
		Summary: "How much the node logs"}, a.getLevel)
	register(a, huma.Operation{OperationID: "set-log-level", Method: http.MethodPut, Path: "/log-level", Tags: []string{"Configuration"},
		Summary: "Change how much the node logs, until its next start"}, a.setLevel)
}

func (a *API) listConfig(context.Context, *none) (*answer[Page[Setting]], error) {
	if a.Settings == nil {
		return nil, unavailable("configuration")
	}
	return reply(whole(convert(a.Settings.All(), a.setting)), nil)
}

func (a *API) getConfig(_ context.Context, in *settingInput) (*answer[Setting], error) {
	if a.Settings == nil {
		return nil, unavailable("configuration")
	}
	s, err := a.Settings.Explain(in.Key)
	return reply(a.setting(s), err)
}

// levelKey is the setting that can change while the node runs.
const levelKey = "log.level"

// setting shows a value as it is in force.
func (a *API) setting(s Setting) Setting {
	if s.Overrides == nil {
		s.Overrides = []string{}
	}
	if a.LogLevel == nil || s.Key != levelKey {
		return s
	}
	if running := levelName(a.LogLevel.Level()); running != fmt.Sprint(s.Value) {
		s.Overrides = append([]string{fmt.Sprintf("%s: %v", s.Origin, s.Value)}, s.Overrides...)
		s.Value, s.Origin = running, "changed while running"
	}
	return s
}

func levelName(l slog.Level) string { return strings.ToLower(l.String()) }

func (a *API) getLevel(context.Context, *none) (*answer[LogLevel], error) {
	if a.LogLevel == nil {
		return nil, unavailable("log level")
	}
	return reply(LogLevel{Level: levelName(a.LogLevel.Level())}, nil)
}

func (a *API) setLevel(ctx context.Context, in *levelInput) (*answer[LogLevel], error) {
	if a.LogLevel == nil {
		return nil, unavailable("log level")
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(in.Body.Level)); err != nil {
		return nil, fault.Wrap(fault.Invalid, "api: log level", err, "%q is none of debug, info, warn, error.", in.Body.Level)
	}
	a.LogLevel.Set(level)
	a.logOf(ctx).Info("api: log level changed", "level", in.Body.Level, "user", callerOf(ctx).User)
	return a.getLevel(ctx, nil)
}
