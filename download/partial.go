package download

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// partial is the file that content goes to until it is whole, with its
// journal. Both are reached through a root, by names alone, so that nothing is
// ever written outside of the directory.
//
// The order of writes makes every moment a good one to be killed at: bytes are
// on disk before the journal claims them; the journal is replaced whole; it is
// gone before the file is emptied; the file is whole and checked before it is
// renamed.
type partial struct {
	root    *os.Root
	dir     string
	name    string // of the partial file
	journal string
	file    *os.File
	mode    fs.FileMode // for a new file
}

// openPartial opens the partial file for base, which is created if need be,
// and locks it. mode is that of the file it will replace, or 0.
func openPartial(root *os.Root, base string, mode fs.FileMode) (*partial, error) {
	if len(base) > maxName {
		base = fmt.Sprintf("%x", sha256.Sum256([]byte(base)))
	}
	p := &partial{root: root, dir: root.Name(), name: "." + base + ".part", mode: mode}
	p.journal = p.name + ".json"
	if mode == 0 {
		p.mode = 0o666
	}
	for _, name := range [...]string{p.name, p.journal, p.journal + ".new"} {
		if info, err := root.Lstat(name); err == nil && !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s: %w", filepath.Join(p.dir, name), ErrPartialFile)
		}
	}
	// The file can be renamed or removed by who had it before us, between
	// opening and locking it: what is locked must be what has the name.
	for range 100 {
		err := p.open()
		if err == nil {
			return p, nil
		}
		if !errors.Is(err, errMoved) {
			return nil, err
		}
	}
	return nil, ErrBusy
}

var errMoved = errors.New("the partial file was replaced")

func (p *partial) open() error {
	f, err := p.root.OpenFile(p.name, os.O_RDWR|os.O_CREATE|os.O_EXCL, p.mode)
	created := err == nil
	if errors.Is(err, fs.ErrExist) {
		f, err = p.root.OpenFile(p.name, os.O_RDWR, 0)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return errMoved
	}
	if err != nil {
		return err
	}
	if err := p.adopt(f, created); err != nil {
		f.Close()
		return err
	}
	p.file = f
	return nil
}

// adopt locks f and makes sure that it is ours to write to.
func (p *partial) adopt(f *os.File, created bool) error {
	if err := lock(f); err != nil {
		return err
	}
	named, err := p.root.Lstat(p.name)
	if errors.Is(err, fs.ErrNotExist) {
		return errMoved
	}
	if err != nil {
		return err
	}
	opened, err := f.Stat()
	if err != nil {
		return err
	}
	if !named.Mode().IsRegular() {
		return fmt.Errorf("%s: %w", filepath.Join(p.dir, p.name), ErrPartialFile)
	}
	if !os.SameFile(named, opened) {
		return errMoved
	}
	if created || soleOwner(opened) {
		return nil
	}
	// In a shared directory somebody else may have put it there, to change
	// it later; or it is the finished file itself, under two names for the
	// moment in which its process was killed.
	if err := p.root.Remove(p.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return errMoved
}

func (p *partial) close() error {
	if p.file == nil {
		return nil
	}
	return p.file.Close()
}

// load returns what an earlier call left, or nil if it is of no use.
func (p *partial) load() *journal {
	f, err := p.root.Open(p.journal)
	if err != nil {
		return nil
	}
	defer f.Close()
	named, err := p.root.Lstat(p.journal)
	opened, err2 := f.Stat()
	if err != nil || err2 != nil || !named.Mode().IsRegular() || !os.SameFile(named, opened) || !soleOwner(opened) {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(f, maxJournal))
	if err != nil {
		return nil
	}
	info, err := p.file.Stat()
	if err != nil {
		return nil
	}
	j, err := parseJournal(text, info.Size())
	if err != nil {
		return nil
	}
	return j
}

// save makes j what a later call goes on from. What it claims is brought to
// the disk before.
func (p *partial) save(j *journal) error {
	if err := p.file.Sync(); err != nil {
		return err
	}
	text, err := json.Marshal(j)
	if err != nil {
		return err
	}
	fresh := p.journal + ".new"
	if err := p.remove(fresh); err != nil {
		return err
	}
	f, err := p.root.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return p.root.Rename(fresh, p.journal)
}

// empty makes the file as new. The journal goes first, and for good, for it
// speaks of content that is about to go.
func (p *partial) empty() error {
	if err := p.forget(); err != nil {
		return err
	}
	return p.file.Truncate(0)
}

func (p *partial) forget() error {
	if err := errors.Join(p.remove(p.journal), p.remove(p.journal+".new")); err != nil {
		return err
	}
	return p.syncDir()
}

// discard removes all of it.
func (p *partial) discard() error {
	return errors.Join(p.forget(), p.remove(p.name))
}

func (p *partial) remove(name string) error {
	if err := p.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// commit gives the content, which is size bytes, its name.
func (p *partial) commit(name string, size int64, replace bool) error {
	if err := p.file.Truncate(size); err != nil {
		return err
	}
	if info, err := p.root.Lstat(name); err == nil && replace && info.Mode().IsRegular() {
		if err := p.file.Chmod(info.Mode().Perm()); err != nil {
			return err
		}
	}
	if err := p.file.Sync(); err != nil {
		return err
	}
	var err error
	if !posixFiles {
		if err := p.file.Close(); err != nil {
			return err
		}
		p.file = nil
	}
	if replace {
		err = p.root.Rename(p.name, name)
	} else {
		err = p.renameNew(name)
	}
	if err != nil {
		return err
	}
	return errors.Join(p.syncDir(), p.forget())
}

// renameNew renames the file unless name is taken. Only a link is refused
// without a race; where there are none, one looks first.
func (p *partial) renameNew(name string) error {
	if posixFiles {
		err := p.root.Link(p.name, name)
		if err == nil {
			return p.remove(p.name)
		}
		if errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	if err := p.free(name); err != nil {
		return err
	}
	return p.root.Rename(p.name, name)
}

// free returns an error if there is anything called name.
func (p *partial) free(name string) error {
	if _, err := p.root.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = fs.ErrExist
		}
		return &fs.PathError{Op: "create", Path: filepath.Join(p.dir, name), Err: err}
	}
	return nil
}

// syncDir brings names to the disk, where directories can be told to.
func (p *partial) syncDir() error {
	dir, err := p.root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	err = dir.Sync()
	if !posixFiles || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) {
		return nil
	}
	return err
}

// split divides a path into the directory and the name of the file in it.
func split(path string) (dir, base string, err error) {
	dir, base = filepath.Dir(path), filepath.Base(path)
	if path == "" || os.IsPathSeparator(path[len(path)-1]) || base == "." || base == ".." || strings.ContainsRune(base, filepath.Separator) {
		return "", "", fmt.Errorf("%q names no file: %w", path, ErrName)
	}
	return dir, base, nil
}
