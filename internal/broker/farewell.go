package broker

import (
	"github.com/millrace/millrace/internal/broker/loop"
	"github.com/millrace/millrace/internal/broker/websocket"
	"github.com/millrace/millrace/internal/fault"
)

// farewell lets a WebSocket's close frame say why the broker ends the connection.
func (c *client) farewell(err error) {
	if err == nil || c.door.kind != "ws" && c.door.kind != "wss" {
		return
	}
	code := closeCode(fault.CodeOf(err))
	c.conn.Farewell(func(codec loop.Codec) {
		if chained, is := codec.(*loop.Chained); is {
			codec = chained.Inner()
		}
		if ws, is := codec.(*websocket.Codec); is {
			ws.Because(code)
		}
	})
}

// closeCode is a WebSocket's word for a fault.
func closeCode(code fault.Code) uint16 {
	switch code {
	case fault.ServerShutdown, fault.UseAnotherServer, fault.ServerMoved:
		return websocket.GoingAway
	case fault.AuthBusy, fault.Unavailable, fault.StorageFull, fault.MemoryGuard, fault.ConnectRate, fault.RateExceeded, fault.TooMany, fault.LockedOut:
		return websocket.TryAgainLater
	case fault.Malformed, fault.Protocol, fault.UnsupportedVersion, fault.BadTopicName, fault.BadTopicFilter, fault.TopicAlias, fault.ReceiveMaximum, fault.PayloadFormat:
		return websocket.ProtocolError
	}
	return websocket.PolicyViolation
}
