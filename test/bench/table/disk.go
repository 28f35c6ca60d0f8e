package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// syncs are how long fsyncs took.
type syncs struct{ p50, p99 time.Duration }

func syncsOf(all []time.Duration) syncs {
	if len(all) == 0 {
		return syncs{}
	}
	slices.Sort(all)
	return syncs{all[len(all)/2], all[len(all)*99/100]}
}

// syncFile has a file of its own on the disk of the brokers' folders, to be synced.
type syncFile struct {
	dir   string
	file  *os.File
	block []byte
}

func newSyncFile() (*syncFile, error) {
	dir, err := os.MkdirTemp("", "bench-sync-")
	if err != nil {
		return nil, err
	}
	f, err := os.Create(filepath.Join(dir, "file"))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &syncFile{dir, f, make([]byte, 64<<10)}, nil
}

// sync takes the time of one fsync of 64 KiB.
func (s *syncFile) sync() (time.Duration, error) {
	if _, err := s.file.Write(s.block); err != nil {
		return 0, err
	}
	begun := time.Now()
	err := s.file.Sync()
	return time.Since(begun), err
}

func (s *syncFile) close() error { return errors.Join(s.file.Close(), os.RemoveAll(s.dir)) }

// syncTime is how long it takes here to have 64 KiB on the disk.
func syncTime() (syncs, error) {
	f, err := newSyncFile()
	if err != nil {
		return syncs{}, err
	}
	all := make([]time.Duration, 200)
	for i := range all {
		if all[i], err = f.sync(); err != nil {
			return syncs{}, errors.Join(err, f.close())
		}
	}
	return syncsOf(all), f.close()
}

// watchDisk syncs 20 times a second until stop is called, which says how long it took.
func watchDisk() (stop func() (syncs, error), err error) {
	f, err := newSyncFile()
	if err != nil {
		return nil, err
	}
	end, ended := make(chan struct{}), make(chan error, 1)
	var all []time.Duration
	go func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-end:
				ended <- nil
				return
			case <-tick.C:
			}
			d, err := f.sync()
			if err != nil {
				ended <- err
				return
			}
			all = append(all, d)
		}
	}()
	return func() (syncs, error) {
		close(end)
		err := <-ended
		return syncsOf(all), errors.Join(err, f.close())
	}, nil
}
