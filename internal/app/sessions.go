package app

import (
	"cmp"

	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/config"
	"github.com/millrace/millrace/internal/say"
)

var queuePolicies = map[string]session.Policy{
	"drop_newest": session.DropNewest, "drop_oldest": session.DropOldest,
	"drop_qos0": session.DropQoS0First, "disconnect": session.Disconnect,
}

// lasting adds what the configuration says of sessions and of what waits for their
// clients. Where a setting's 0 means none, the broker's option is less than 0.
func lasting(o broker.Options, c config.Session) broker.Options {
	o.MaxSessions, o.SessionBytes = cmp.Or(c.Max, -1), c.QueueBytesAll.Int64()
	b := c.Backlog
	o.Backlog = broker.Backlog{Messages: int64(b.Messages), Bytes: b.Bytes.Int64(), Age: b.Age, BytesAll: b.BytesAll.Int64()}
	return o
}

const lossAlarm = "session-retention"

var (
	sessionsLose = say.New("alarm_sessions_lose", "Sessions lose messages")
	givenUp      = say.Counted("alarm_sessions_given_up", "1 message was"+wereGivenUp, "{0} messages were"+wereGivenUp)
)

const wereGivenUp = " given up within the last minute: more waited in the log for sessions and shared subscriptions than mqtt.session.backlog keeps. " +
	"Look for clients that stay away (most queued first) and shared subscriptions (most waiting first), end their sessions, or keep more."

// losing tells of messages that sessions lose for want of retention.
func (a *App) losing(messages uint64) {
	if messages == 0 {
		a.alarms.Clear(lossAlarm)
		return
	}
	a.alarms.Raise(lossAlarm, 2, sessionsLose.With(), givenUp.With(int(messages)))
}

// lastingZone is lasting for what each zone has.
func lastingZone(z broker.Zone, c config.Session) broker.Zone {
	z.QueuePolicy, z.QueueQoS0 = queuePolicies[c.QueuePolicy], c.QueueQoS0
	z.SessionExpiry, z.SessionExpiry3 = c.ExpiryMax, cmp.Or(c.ExpiryMQTT3, -1)
	z.ResponsePrefix, z.CheckPayload = c.ResponsePrefix, c.CheckPayload
	return z
}
