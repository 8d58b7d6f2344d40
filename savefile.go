package requests

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// SaveFile writes the decoded content to path and returns how much it was. It
// writes a temporary file beside path and renames it when all is on disk, so
// that a file at path is whole or untouched; one that is replaced hands its
// mode on. A symbolic link is followed; a device, a pipe or a socket is an error.
// The content of a stream is not held in memory and not bounded by MaxBody. The
// response is closed. An error about the file is a [fs.PathError] within an [*Error].
func (r *Response) SaveFile(path string) (n int64, err error) {
	defer r.Close()
	content, err := r.reader()
	if err != nil {
		return 0, err
	}
	to, err := destination(path)
	if err != nil {
		return 0, r.unsaved(path, err)
	}
	f, err := createBeside(to)
	if err != nil {
		return 0, r.unsaved(path, err)
	}
	renamed := false
	defer func() {
		if !renamed { // also when what tells of the download panics
			f.Close()
			os.Remove(f.Name())
		}
	}()
	buf := chunks.Get().(*chunk)
	// Left to itself, a file would make a buffer of its own each time.
	n, err = io.CopyBuffer(struct{ io.Writer }{f}, content, buf[:])
	chunks.Put(buf)
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.Name(), to)
	}
	if renamed = err == nil; !renamed {
		return n, r.unsaved(path, err)
	}
	return n, nil
}

// unsaved wraps what went wrong with a file as the caller named it: the temporary
// one is ours. The content's own errors stay as they are.
func (r *Response) unsaved(path string, err error) error {
	var ofContent *Error
	if errors.As(err, &ofContent) {
		return err
	}
	named := &fs.PathError{Op: "open", Path: path, Err: err}
	var ofPath *fs.PathError
	var ofLink *os.LinkError
	switch {
	case errors.As(err, &ofPath):
		named.Op, named.Err = ofPath.Op, ofPath.Err
	case errors.As(err, &ofLink):
		named.Op, named.Err = ofLink.Op, ofLink.Err
	}
	return r.wrap("save content", named)
}

// destination returns the file that path leads to through symbolic links: a
// rename would put a plain file in the place of a link, a pipe or a device.
func destination(path string) (string, error) {
	if path == "" {
		return "", fs.ErrNotExist
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return path, nil // for what follows to judge
	case info.IsDir():
		return "", syscall.EISDIR
	case !info.Mode().IsRegular():
		return "", errors.New("it is no regular file")
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
