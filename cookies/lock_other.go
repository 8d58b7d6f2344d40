//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package cookies

import (
	"errors"
	"io/fs"
	"os"
)

// tryLock makes a file that must not exist. It returns nil when it does. Here
// a process that dies leaves its lock behind; the error of whoever waits for
// it names the file to remove.
func tryLock(name string) (unlock func() error, err error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	_ = f.Close()
	return func() error { return os.Remove(name) }, nil
}
