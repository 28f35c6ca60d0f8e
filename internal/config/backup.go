package config

import (
	"strconv"
	"strings"
	"time"
)

// Backup is where back-ups go, when they are made and how many are kept.
type Backup struct {
	Folder  string        `yaml:"folder" default:"" max:"4096" doc:"Folder that back-ups are written to, on another disk or machine than the data folder. Empty: none are made by schedule, only with millrace ctl backup FOLDER."`
	Every   time.Duration `yaml:"every" default:"0" min:"1m" max:"1y" zero:"not by interval" doc:"Time between two back-ups. Each writes only what is new."`
	At      string        `yaml:"at" default:"" pattern:"^(([01][0-9]|2[0-3]):[0-5][0-9])?$" doc:"Time of day of a daily back-up, such as 02:30, by the machine's clock. Empty: none."`
	Keep    int           `yaml:"keep" default:"30" min:"0" max:"100000" doc:"Back-ups that are kept in the folder; the oldest goes first. 0: no bound by number."`
	KeepFor time.Duration `yaml:"keep_for" default:"0" min:"1h" max:"100y" zero:"no bound by age" doc:"How long a back-up is kept. The newest is always kept."`
}

// Daily is the time of day of At, from midnight.
func (b *Backup) Daily() (since time.Duration, set bool) {
	h, m, ok := strings.Cut(b.At, ":")
	hours, err1 := strconv.Atoi(h)
	minutes, err2 := strconv.Atoi(m)
	if !ok || err1 != nil || err2 != nil {
		return 0, false
	}
	return time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute, true
}
