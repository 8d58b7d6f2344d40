//go:build linux || darwin || freebsd

package download

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"os"
	"syscall"
)

// posixFiles reports whether files can be locked, renamed while they are open
// and told by their links, and directories brought to the disk.
const posixFiles = true

// lock locks f for this call's use, until it is closed. That a file system has
// no locks is no error.
func lock(f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var lockErr error
	err = conn.Control(func(fd uintptr) {
		for {
			lockErr = syscall.Flock(int(fd), syscall.LOCK_EX|syscall.LOCK_NB)
			if lockErr != syscall.EINTR {
				return
			}
		}
	})
	if errors.Is(lockErr, syscall.EWOULDBLOCK) {
		return fmt.Errorf("%s: %w", f.Name(), ErrBusy)
	}
	return err
}

// soleOwner reports whether a file is this user's and has one name.
func soleOwner(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid() && stat.Nlink == 1
}

// diskSpace returns how many bytes may be written beside f, if that is known.
func diskSpace(f *os.File) (int64, bool) {
	conn, err := f.SyscallConn()
	if err != nil {
		return 0, false
	}
	var stat syscall.Statfs_t
	var statErr error
	err = conn.Control(func(fd uintptr) { statErr = syscall.Fstatfs(int(fd), &stat) })
	if err != nil || statErr != nil || int64(stat.Bavail) < 0 || stat.Bsize <= 0 {
		return 0, false
	}
	over, bytes := bits.Mul64(uint64(stat.Bavail), uint64(stat.Bsize))
	if over != 0 || bytes > math.MaxInt64 {
		return math.MaxInt64, true
	}
	return int64(bytes), true
}
