package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// TopicMetrics counts the messages of some topic filters, on demand.
type TopicMetrics interface {
	TopicMetrics() []TopicMetric
	// Add begins to count; fault.Conflict when it does already, fault.TooMany when
	// no more can be counted.
	AddTopicMetric(filter string) (TopicMetric, error)
	// Delete ends it; fault.NotFound when it was not counted.
	DeleteTopicMetric(filter string) error
}

// TopicMetric is what was counted of one topic filter.
type TopicMetric struct {
	Filter   string    `json:"filter"`
	Since    time.Time `json:"since"`
	In       QoSCounts `json:"in" doc:"Messages published"`
	Out      QoSCounts `json:"out" doc:"Messages sent to subscribers or queued for them, by the QoS of that"`
	Dropped  uint64    `json:"dropped" doc:"Messages that a subscriber did not get at once: no room, no time left"`
	BytesIn  uint64    `json:"bytesIn" doc:"Payload bytes published"`
	BytesOut uint64    `json:"bytesOut" doc:"Payload bytes sent"`
	InRate   float64   `json:"inRate" doc:"Messages per second published, over the last seconds"`
	OutRate  float64   `json:"outRate" doc:"Messages per second sent, over the last seconds"`
}

// QoSCounts counts messages by their QoS.
type QoSCounts struct {
	QoS0 uint64 `json:"qos0"`
	QoS1 uint64 `json:"qos1"`
	QoS2 uint64 `json:"qos2"`
}

// CountTopic asks to count a topic filter.
type CountTopic struct {
	Filter string `json:"filter" minLength:"1" maxLength:"65535"`
}

type countTopicInput struct{ Body CountTopic }

type topicMetricInput struct {
	Filter string `query:"filter" required:"true" minLength:"1" maxLength:"65535"`
}

func (a *API) topicMetricOperations() {
	register(a, huma.Operation{OperationID: "list-topic-metrics", Method: http.MethodGet, Path: "/topic-metrics", Tags: []string{"Topics"},
		Summary: "What is counted of single topics"}, a.listTopicMetrics)
	register(a, huma.Operation{OperationID: "add-topic-metric", Method: http.MethodPost, Path: "/topic-metrics", DefaultStatus: http.StatusCreated, Tags: []string{"Topics"},
		Summary: "Count the messages of a topic filter", Description: "Until it is deleted, or the node stops."}, a.addTopicMetric)
	register(a, huma.Operation{OperationID: "delete-topic-metric", Method: http.MethodDelete, Path: "/topic-metrics", Tags: []string{"Topics"},
		Summary: "Count it no more"}, a.deleteTopicMetric)
}

func (a *API) listTopicMetrics(context.Context, *none) (*answer[Page[TopicMetric]], error) {
	if a.TopicMetrics == nil {
		return nil, unavailable("counting of topics")
	}
	return reply(whole(a.TopicMetrics.TopicMetrics()), nil)
}

func (a *API) addTopicMetric(_ context.Context, in *countTopicInput) (*answer[TopicMetric], error) {
	if a.TopicMetrics == nil {
		return nil, unavailable("counting of topics")
	}
	return reply(a.TopicMetrics.AddTopicMetric(in.Body.Filter))
}

func (a *API) deleteTopicMetric(_ context.Context, in *topicMetricInput) (*none, error) {
	if a.TopicMetrics == nil {
		return nil, unavailable("counting of topics")
	}
	return nil, a.TopicMetrics.DeleteTopicMetric(in.Filter)
}
