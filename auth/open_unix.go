//go:build unix

package auth

import "syscall"

// openNow has the opening of a pipe without a writer not wait for one.
const openNow = syscall.O_NONBLOCK
