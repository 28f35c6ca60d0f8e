package app

import (
	"time"

	"github.com/millrace/millrace/internal/broker"
)

// system is what the broker tells below $SYS.
func (a *App) system() broker.System {
	t := a.cfg.MQTT.Topics
	interval := t.SysInterval
	if interval == 0 {
		interval = -time.Second
	}
	return broker.System{Node: a.cfg.Node.Name, Version: a.version, Interval: interval, NoMosquitto: !t.SysMosquitto, NoEMQX: !t.SysEMQX}
}
