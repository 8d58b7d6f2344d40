// Package filecache keeps what was read from files that settings name, and
// reads them again when they change.
package filecache

import (
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

const (
	// lookAgain is how long a file is trusted not to have changed.
	lookAgain = time.Second
	// maxPaths bounds how many are kept: whoever names more reads them anew.
	maxPaths = 256
	// maxListed bounds how many files of a directory are looked at.
	maxListed = 10_000
)

// Cache keeps values by the path of the file or directory they come from.
// Create one by [New]. It is safe for concurrent use.
type Cache[T any] struct {
	load func(path string) (T, error)

	mu      sync.Mutex // guards entries
	entries map[string]*entry[T]
}

type entry[T any] struct {
	mu     sync.Mutex // held while the file is looked at, guards the rest
	looked time.Time
	stamp  stamp
	value  T
	loaded bool
}

// New returns a cache that reads by load.
func New[T any](load func(path string) (T, error)) *Cache[T] {
	return &Cache[T]{load: load, entries: make(map[string]*entry[T])}
}

// Get returns what load made of path: the same value until the file is seen
// to have changed, for which it is looked at once a second at most. Errors
// are not kept.
func (c *Cache[T]) Get(path string) (T, error) {
	e := c.entry(path)
	e.mu.Lock()
	defer e.mu.Unlock()
	// A clock that went back says nothing about the age.
	if age := time.Since(e.looked); e.loaded && age >= 0 && age < lookAgain {
		return e.value, nil
	}
	now := time.Now()
	s, err := stampOf(path)
	if err != nil {
		return e.drop(err)
	}
	if !e.loaded || !s.equal(e.stamp) {
		v, err := c.load(path)
		if err != nil {
			return e.drop(err)
		}
		e.value, e.stamp, e.loaded = v, s, true
	}
	e.looked = now
	return e.value, nil
}

func (c *Cache[T]) entry(path string) *entry[T] {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[path]
	if e == nil {
		if len(c.entries) >= maxPaths {
			clear(c.entries)
		}
		e = &entry[T]{}
		c.entries[path] = e
	}
	return e
}

func (e *entry[T]) drop(err error) (T, error) {
	var zero T
	e.value, e.loaded = zero, false
	return zero, err
}

// stamp tells one state of a file from another.
type stamp struct {
	info fs.FileInfo
	list uint64 // of what a directory holds
}

func (s stamp) equal(o stamp) bool {
	return os.SameFile(s.info, o.info) && s.info.Size() == o.info.Size() &&
		s.info.ModTime().Equal(o.info.ModTime()) && s.list == o.list
}

func stampOf(path string) (stamp, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return stamp{info: info}, err
	}
	dir, err := os.Open(path)
	if err != nil {
		return stamp{}, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(maxListed)
	if err != nil && len(names) == 0 {
		return stamp{info: info}, nil
	}
	// The order of a listing is not defined, so the sums are added up.
	var list uint64
	for _, name := range names {
		h := fnv.New64a()
		h.Write([]byte(name))
		if fi, err := os.Stat(filepath.Join(path, name)); err == nil {
			h.Write(strconv.AppendInt(nil, fi.Size(), 10))
			h.Write(strconv.AppendInt([]byte{' '}, fi.ModTime().UnixNano(), 10))
		}
		list += h.Sum64()
	}
	return stamp{info: info, list: list}, nil
}
