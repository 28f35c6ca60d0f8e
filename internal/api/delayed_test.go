package api

import (
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// waiting is a list of delayed messages.
type waiting []Delayed

func (w *waiting) Delayed() []Delayed { return *w }
func (w *waiting) RemoveDelayed(id string) error {
	for i, d := range *w {
		if d.ID == id {
			*w = append((*w)[:i], (*w)[i+1:]...)
			return nil
		}
	}
	return fault.New(fault.NotFound, "gone")
}

func TestDelayedMessages(t *testing.T) {
	list := &waiting{
		{ID: "a", Topic: "plant/Oven", Publisher: "press-7", QoS: 1, Size: 3, At: noon, DueAt: noon.Add(time.Minute)},
		{ID: "b", Topic: "plant/fan", Publisher: "scada", DueAt: noon.Add(time.Hour)},
		{ID: "c", Topic: "plant/oven/2", DueAt: noon.Add(2 * time.Hour)},
	}
	d := newDesk(t, func(o *Options) { o.Delayed = list })
	for query, want := range map[string]struct {
		count int
		ids   string
	}{
		"": {3, "abc"}, "?search=oven": {2, "ac"}, "?search=SCADA": {1, "b"}, "?search=moon": {0, ""},
		"?limit=1&page=2": {3, "b"}, "?limit=2&page=9": {3, ""},
	} {
		page := read[Page[Delayed]](t, d.do(by(newRequest("GET", "/api/v1/delayed"+query, ""), Viewer)), 200)
		ids := ""
		for _, m := range page.Items {
			ids += m.ID
		}
		if page.Meta.Count != want.count || ids != want.ids {
			t.Errorf("%s: %+v, want %+v", query, page, want)
		}
	}
	for _, step := range []struct {
		role   string
		status int
	}{{Viewer, 403}, {Operator, 204}, {Operator, 404}} {
		if w := d.do(by(newRequest("DELETE", "/api/v1/delayed/a", ""), step.role)); w.Code != step.status {
			t.Errorf("%s: %d, want %d", step.role, w.Code, step.status)
		}
	}
	if len(*list) != 2 {
		t.Errorf("left: %+v", *list)
	}
	if w := newDesk(t).do(by(newRequest("GET", "/api/v1/delayed", ""), Viewer)); w.Code != 503 {
		t.Errorf("without a broker: %d", w.Code)
	}
}
