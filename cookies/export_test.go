package cookies

import (
	"bytes"
	"time"
)

// ParseDate is parseDate.
func ParseDate(s string) (time.Time, bool) { return parseDate(s) }

// The limits that tests reach.
const (
	MaxHeader    = maxHeader
	MaxAttribute = maxAttribute
	MaxLines     = maxLines
	MaxGraves    = maxGraves
	MaxHeld      = maxHeld
	MaxFile      = maxFile
	AgeLimit     = ageLimit
)

// Storage and File let a test stand between the jar and its file.
type (
	Storage = storage
	File    = file
)

// Disk is the operating system's storage.
func Disk() Storage { return disk{} }

// SaveTo is SaveFile by way of d.
func (j *Jar) SaveTo(d Storage, path string) error { return j.save(d, path, saveOptions{}) }

// Decode is LoadFile for what is in memory already.
func (j *Jar) Decode(data []byte) error {
	stored := j.sibling()
	if err := stored.decode(bytes.NewReader(data), now()); err != nil {
		return err
	}
	j.absorb(stored)
	return nil
}

// Encode returns what SaveFile writes where there is no file.
func (j *Jar) Encode() ([]byte, error) {
	merged := j.sibling()
	merged.overlay(j, saveOptions{session: true}, now())
	return merged.encode(now())
}

// Held returns the bytes accounted to views, and the number of graves.
func (j *Jar) Held() (bytes, graves int) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.held, len(j.graves)
}
