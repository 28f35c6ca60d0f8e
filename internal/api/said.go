package api

import (
	"fmt"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/say"
)

// Said is a sentence by its code, for who says it in other words than the text beside it.
type Said struct {
	Code   string      `json:"code" doc:"Which sentence; codes stay"`
	Values []SaidValue `json:"values" nullable:"false" doc:"What stands in it, in order"`
}

// SaidValue is one of these; none of them says nothing.
type SaidValue struct {
	Text    string     `json:"text,omitempty" doc:"A name or other text"`
	Number  *int       `json:"number,omitempty"`
	Seconds *float64   `json:"seconds,omitempty" doc:"A time span"`
	Bytes   *int64     `json:"bytes,omitempty" doc:"A size"`
	Time    *time.Time `json:"time,omitempty"`
	Reason  *WhyReason `json:"reason,omitempty"`
	Said    *Said      `json:"said,omitempty" doc:"A part of the sentence"`
}

// SaidOf is a sentence in the API's form, nil for one that says nothing.
func SaidOf(s say.Said) *Said {
	if s.Code == "" {
		return nil
	}
	out := &Said{Code: s.Code, Values: make([]SaidValue, 0, len(s.Values))}
	for _, v := range s.Values {
		out.Values = append(out.Values, saidValue(v))
	}
	return out
}

func saidValue(v any) SaidValue {
	switch v := v.(type) {
	case int:
		return SaidValue{Number: &v}
	case say.Span:
		s := v.Seconds()
		return SaidValue{Seconds: &s}
	case say.Size:
		n := int64(v)
		return SaidValue{Bytes: &n}
	case time.Time:
		v = v.UTC()
		return SaidValue{Time: &v}
	case fault.Code:
		return SaidValue{Reason: ReasonOf(&v)}
	case say.Said:
		return SaidValue{Said: SaidOf(v)}
	}
	return SaidValue{Text: fmt.Sprint(v)}
}

// ReasonOf is a counted reason in the API's form.
func ReasonOf(c *fault.Code) *WhyReason {
	if c == nil {
		return nil
	}
	return &WhyReason{Reason: c.String(), Code: c.Quote(), Title: c.Title()}
}
