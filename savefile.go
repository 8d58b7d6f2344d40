package requests

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// SaveFile writes the decoded content to path and returns how much it was. It
// writes a temporary file beside path and renames it when all is on disk, so
// that a file at path is whole or untouched; one that is replaced hands its
// mode on. A symbolic link is followed; a device, a pipe or a socket is an error.
// The content of a stream is not held in memory and not bounded by MaxBody. The
// response is closed.
func (r *Response) SaveFile(path string) (n int64, err error) {
	defer r.Close()
	content, err := r.reader()
	if err != nil {
		return 0, err
	}
	if path, err = destination(path); err != nil {
		return 0, err
	}
	f, err := createBeside(path)
	if err != nil {
		return 0, err
	}
	buf := chunks.Get().(*chunk)
	// Left to itself, a file would make a buffer of its own each time.
	n, err = io.CopyBuffer(struct{ io.Writer }{f}, content, buf[:])
	chunks.Put(buf)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return n, err
}

// destination returns the file that path leads to through symbolic links: a
// rename would put a plain file in the place of a link, a pipe or a device.
func destination(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil, info.IsDir():
		return path, nil // for what follows to judge
	case !info.Mode().IsRegular():
		return "", &fs.PathError{Op: "save", Path: path, Err: errors.New("it is no regular file")}
	}
	return filepath.EvalSymlinks(path)
}

// createBeside creates a file in path's directory, with the mode of the file
// at path if there is one, else with what the umask leaves.
func createBeside(path string) (*os.File, error) {
	mode := fs.FileMode(0o666)
	info, err := os.Stat(path)
	replaces := err == nil && info.Mode().IsRegular()
	if replaces {
		mode = info.Mode().Perm()
	}
	name := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+rand.Text()[:10])
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
	if err != nil || !replaces {
		return f, err
	}
	if err := f.Chmod(mode); err != nil {
		f.Close()
		os.Remove(name)
		return nil, err
	}
	return f, nil
}
