package cookies

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// storage is what saving and loading do to files, so that a test can let any
// of it fail.
type storage interface {
	// Lock keeps others out until unlock is called or the process ends.
	Lock(name string) (unlock func() error, err error)
	Lstat(name string) (fs.FileInfo, error)
	Open(name string) (file, error)
	// Create makes a file that must not exist, for its owner alone.
	Create(name string) (file, error)
	Rename(from, to string) error
	Remove(name string) error
	// SyncDir makes a rename within a directory last.
	SyncDir(name string) error
}

type file interface {
	io.ReadWriteCloser
	Stat() (fs.FileInfo, error)
	Sync() error
}

// readFile reads a jar's file into the empty jar j.
func (j *Jar) readFile(d storage, path string, now instant) error {
	named, err := d.Lstat(path)
	if err != nil {
		return err
	}
	if err := trustworthy(named); err != nil {
		return err
	}
	f, err := d.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	opened, err := f.Stat()
	if err != nil {
		return err
	}
	if !os.SameFile(named, opened) {
		return errors.New("was replaced while it was opened")
	}
	if opened.Size() > maxFile {
		return fmt.Errorf("is larger than %d bytes", maxFile)
	}
	return j.decode(io.LimitReader(f, maxFile), now)
}

// trustworthy says why a file is not one to read credentials from or to
// replace: somebody may have put it there, or read it.
func trustworthy(info fs.FileInfo) error {
	switch mode := info.Mode(); {
	case mode&fs.ModeSymlink != 0:
		return errors.New("is a symbolic link")
	case !mode.IsRegular():
		return errors.New("is not a regular file")
	case mode.Perm()&0o077 != 0 && runtime.GOOS != "windows":
		return fmt.Errorf("is open to others (mode %#o, 0600 expected): %w", mode.Perm(), fs.ErrPermission)
	}
	return nil
}

// writeFile puts data in the place of path, wholly or not at all. Its caller
// holds the lock, so a temporary file that is there was left by a process
// that died.
func writeFile(d storage, path string, data []byte) (err error) {
	temporary := path + ".tmp"
	if err := d.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := d.Create(temporary)
	if err != nil {
		return err
	}
	renamed := false
	defer func() {
		if !renamed {
			_ = d.Remove(temporary)
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	if err := d.Rename(temporary, path); err != nil {
		return err
	}
	renamed = true
	return d.SyncDir(filepath.Dir(path))
}

// disk is the operating system's storage.
type disk struct{}

const (
	lockWait = 10 * time.Second      // longer than a save takes, short of a hang
	lockPoll = 10 * time.Millisecond // about what a save takes
)

func (disk) Lock(name string) (func() error, error) {
	for deadline := time.Now().Add(lockWait); ; time.Sleep(lockPoll) {
		unlock, err := tryLock(name)
		if err != nil || unlock != nil {
			return unlock, err
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("%s is held by another process", name)
		}
	}
}

func (disk) Lstat(name string) (fs.FileInfo, error) { return os.Lstat(name) }

func (disk) Open(name string) (file, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (disk) Create(name string) (file, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (disk) Rename(from, to string) error { return os.Rename(from, to) }
func (disk) Remove(name string) error     { return os.Remove(name) }

func (disk) SyncDir(name string) error {
	if runtime.GOOS == "windows" || runtime.GOOS == "plan9" {
		return nil // a directory cannot be synced there
	}
	dir, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
