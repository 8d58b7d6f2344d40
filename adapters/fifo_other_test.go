//go:build !unix

package adapters_test

import "testing"

func mkfifo(t *testing.T, _ string) { t.Skip("this system has no FIFOs") }
