package api

import (
	"context"
	"math"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/internal/fault"
)

type historyInput struct {
	Window string `query:"window" default:"1h" doc:"How far back, such as 15m or 1h"`
	Points int    `query:"points" minimum:"2" maximum:"2000" default:"300" doc:"Values a figure at most"`
}

func (a *API) statusOperations() {
	register(a, huma.Operation{OperationID: "get-status", Method: http.MethodGet, Path: "/status", Tags: []string{"Node"},
		Summary: "The node at this moment"}, a.getStatus)
	register(a, huma.Operation{OperationID: "get-history", Method: http.MethodGet, Path: "/status/history", Tags: []string{"Node"},
		Summary: "The node's own figures over the last hour", Description: "A figure that had nothing to measure at a time reads 0."}, a.getHistory)
	register(a, huma.Operation{OperationID: "list-alarms", Method: http.MethodGet, Path: "/alarms", Tags: []string{"Node"},
		Summary: "Active alarms, the most urgent first"}, a.listAlarms)
}

func (a *API) getStatus(ctx context.Context, _ *none) (*answer[Status], error) {
	return reply(a.status(ctx))
}

// status is the node's, with every list and number such that JSON can write it.
func (a *API) status(ctx context.Context) (Status, error) {
	if a.Status == nil {
		return Status{}, unavailable("status")
	}
	s, err := a.Status(ctx)
	finite(reflect.ValueOf(&s))
	return s, err
}

func (a *API) getHistory(_ context.Context, in *historyInput) (*answer[History], error) {
	window, err := parseSpan(in.Window)
	if err != nil || window < time.Second || window > 31*24*time.Hour {
		return nil, fault.New(fault.Invalid, "The window %q is no time span between 1s and 31d, such as 15m.", in.Window)
	}
	if a.History == nil {
		return nil, unavailable("history of figures")
	}
	h := a.History(window, in.Points)
	if h.Rows == nil {
		h.Rows = map[string][]float64{}
	}
	finite(reflect.ValueOf(&h))
	return reply(h, nil)
}

func (a *API) listAlarms(context.Context, *none) (*answer[Page[Alarm]], error) {
	if a.Alarms == nil {
		return nil, unavailable("list of alarms")
	}
	return reply(whole(a.Alarms()), nil)
}

// finite makes v fit for JSON: numbers that it cannot write become 0 and nil lists
// empty ones. Numbers inside maps of slices are reached through the slices.
func finite(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		finite(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				finite(v.Field(i))
			}
		}
	case reflect.Slice:
		finiteList(v)
	case reflect.Map:
		for _, k := range v.MapKeys() {
			finite(v.MapIndex(k))
		}
	case reflect.Float64:
		if f := v.Float(); v.CanSet() && (math.IsNaN(f) || math.IsInf(f, 0)) {
			v.SetFloat(0)
		}
	}
}

func finiteList(v reflect.Value) {
	if v.IsNil() && v.CanSet() {
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	}
	for i := range v.Len() {
		finite(v.Index(i))
	}
}
