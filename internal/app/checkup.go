package app

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/millrace/millrace/internal/bus"
	"github.com/millrace/millrace/internal/config"
	"github.com/millrace/millrace/internal/doctor"
	"github.com/millrace/millrace/internal/fault"
)

// Checkup looks at what a node of this configuration needs of its machine. runs says
// that one answers on the data folder. It changes nothing: of a folder that nobody
// holds it takes the lock for a moment.
func Checkup(ctx context.Context, cfg *config.Config, origins *config.Origins, runs bool) *doctor.Machine {
	m := &doctor.Machine{Runs: runs, Folder: lookAtFolder(cfg.Data, runs)}
	m.Folder.Reserve = cfg.Storage.Reserve.Int64()
	warnings, err := CheckFiles(cfg, origins)
	m.Warnings = warnings
	var list *config.Error
	if errors.As(err, &list) {
		for _, p := range list.Problems {
			m.Problems = append(m.Problems, p.String())
		}
	}
	m.Doors = doors(ctx, cfg)
	for i := range cfg.MQTT.Listeners {
		if l := &cfg.MQTT.Listeners[i]; l.TLS() {
			m.Certificates = append(m.Certificates, datesOf(l.CertificateFiles)...)
		}
	}
	m.Files = fileLimit()
	if runs {
		m.OfNode = fileLimitOf(m.Folder.Holder)
	}
	m.Connections = connections(cfg.MQTT.MaxConnections, cmp.Or(m.OfNode, m.Files))
	m.Clock.Newest = newest(cfg.Data)
	m.Clock.Known, m.Clock.Synchronised = synchronised()
	return m
}

func lookAtFolder(dir string, runs bool) doctor.Folder {
	d := doctor.Folder{Path: dir}
	info, err := os.Stat(dir)
	if errors.Is(err, os.ErrNotExist) {
		return d
	}
	if err == nil && !info.IsDir() {
		err = errors.New("it is no folder")
	}
	if err != nil {
		d.Err = plain(err).Error()
		return d
	}
	d.Exists = true
	if mode := info.Mode().Perm(); mode&0o077 != 0 && openToOthersMatters {
		d.Open = fmt.Sprintf("%04o", mode)
	}
	d.Free, d.Total, _ = bus.Space(dir)
	lookAtLock(&d, runs)
	return d
}

// lookAtLock asks who holds the folder. While a node answers, the lock is left alone.
func lookAtLock(d *doctor.Folder, runs bool) {
	f, err := os.OpenFile(filepath.Join(d.Path, "lock"), os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err != nil {
		d.Err = plain(err).Error()
		return
	}
	defer f.Close()
	held := runs
	if !runs {
		held = errors.Is(tryLock(f), errLocked)
	}
	if held {
		d.Held, d.Holder = true, holderOf(f)
	}
}

// doors tries every TCP address of the configuration.
func doors(ctx context.Context, cfg *config.Config) (all []doctor.Door) {
	try := func(key, address string) {
		if address == "" || strings.HasSuffix(address, ":0") {
			return
		}
		d := doctor.Door{Key: key, Address: address}
		l, err := listenTCP(ctx, address, key, "")
		switch {
		case err == nil:
			l.Close()
		case fault.AddressInUse(err):
			d.Taken = true
		default:
			d.Err = err.Error()
			if inner := errors.Unwrap(err); inner != nil {
				d.Err = inner.Error()
			}
		}
		all = append(all, d)
	}
	try("mqtt.listen", cfg.MQTT.Listen)
	for i, l := range cfg.MQTT.Listeners {
		if l.Kind != "unix" {
			try(fmt.Sprintf("mqtt.listeners[%d].address", i), l.Address)
		}
	}
	try("http.listen", cfg.HTTP.Listen)
	return all
}

// datesOf reads the first certificate of each file; those that cannot be read are the
// configuration's problem.
func datesOf(paths []string) (all []doctor.Certificate) {
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if block, _ := pem.Decode(text); block != nil {
			if c, err := x509.ParseCertificate(block.Bytes); err == nil {
				all = append(all, doctor.Certificate{Path: path, From: c.NotBefore, To: c.NotAfter})
			}
		}
	}
	return all
}

// mostFiles bounds how many files of the data folder are looked at.
const mostFiles = 10_000

// newest is the time of the newest file below the folder.
func newest(dir string) (at time.Time) {
	left := mostFiles
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if left--; left < 0 {
			return filepath.SkipAll
		}
		if err != nil || d.IsDir() {
			return nil // what cannot be read tells nothing
		}
		if info, err := d.Info(); err == nil && info.ModTime().After(at) {
			at = info.ModTime()
		}
		return nil
	})
	return at
}
