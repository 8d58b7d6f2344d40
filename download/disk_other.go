//go:build !(linux || darwin || freebsd)

package download

import "os"

const posixFiles = false

func lock(*os.File) error { return nil }

func soleOwner(os.FileInfo) bool { return true }

func diskSpace(*os.File) (int64, bool) { return 0, false }
