// Package download brings content into files: whole or not at all. A download
// that is cut goes on from where it was, within the call and, by a journal
// beside the partial file, after the process died. What arrives is checked
// against digests that the caller or the server gives, and only then given its
// name.
//
//	result, err := download.File(ctx, session, "https://dl.example.com/image.iso", "image.iso", download.Options{
//		SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
//	})
package download

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"time"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/internal/redact"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// The conditions that errors of this package match with [errors.Is], besides
// those of package requests, package context and package io/fs.
var (
	// ErrDigest: the content is not what a digest says, the caller's or the
	// server's. What was received is deleted.
	ErrDigest error = sentinel.New("content does not match its digest")
	// ErrTooLarge: the content is larger than Options.MaxSize. It is also
	// [requests.ErrBodyTooLarge].
	ErrTooLarge error = sentinel.New("content is larger than MaxSize", requests.ErrBodyTooLarge)
	// ErrNoSpace: the file system has less room than the content needs.
	ErrNoSpace error = sentinel.New("not enough free space")
	// ErrName: the server names no file, or one that is not safe to create.
	ErrName error = sentinel.New("no usable file name")
	// ErrBusy: another download to the same file is under way.
	ErrBusy error = sentinel.New("another download to the same file is under way")
	// ErrChanged: the content changed on the server, again and again, while it
	// was being downloaded.
	ErrChanged error = sentinel.New("content keeps changing")
	// ErrRange: the server answered with a range that was not asked for.
	ErrRange error = sentinel.New("wrong range")
	// ErrUnframed: the end of the content cannot be told from a connection
	// that broke; see Options.AllowUnframed.
	ErrUnframed error = sentinel.New("the server does not say where the content ends; see Options.AllowUnframed")
	// ErrPartialFile: what stands in the place of the partial file or its
	// journal is a symbolic link, a directory, or something else that is no
	// regular file.
	ErrPartialFile error = sentinel.New("not a regular file")
)

// Options say how to download. The zero value is good.
type Options struct {
	// SHA256 is what the content must have as its SHA-256, in hexadecimal.
	// "": only the server's Repr-Digest and Content-Digest (RFC 9530) count,
	// if it sends any.
	SHA256 string
	// MaxSize bounds the content, in bytes. 0: no bound.
	MaxSize int64
	// Segments is how many ranges are downloaded at the same time, at most
	// 16. More than one needs a server that gives ranges of content with a
	// strong validator, and content of some MiB; else there is one. 0: 1.
	Segments int
	// ServerName makes path the directory, and the file's name that of
	// Content-Disposition or, without one, the last segment of the URL's
	// path. Only its base name is taken; names that are hidden, reserved on
	// some system or not printable are refused; a file that exists is not
	// replaced.
	ServerName bool
	// Fresh drops what an earlier call has left and begins anew.
	Fresh bool
	// Attempts is how many requests in a row may fail without bringing
	// anything new. 0: 5.
	Attempts int
	// Wait is how long to wait after a failure; failures in a row double it.
	// 0: 500 ms.
	Wait time.Duration
	// MaxWait bounds each wait. A server that asks for a longer one by
	// Retry-After ends the download. 0: 60 s.
	MaxWait time.Duration
	// AllowUnframed accepts content that ends with the connection (HTTP/1
	// without Content-Length and chunks) and has no digest to check it by.
	// It may be cut short without anybody noticing.
	AllowUnframed bool
	// Progress is called as content arrives: first when the header of the
	// first response was had, last before the digests are checked. It is
	// called by the goroutine that called File.
	Progress func(Progress)
	// OnRetry is called before a wait for another request, with what made it
	// necessary, by the goroutine that called File.
	OnRetry func(why error, wait time.Duration)
}

const (
	defaultAttempts = 5
	defaultWait     = 500 * time.Millisecond
	defaultMaxWait  = time.Minute
	maxSegments     = 16
)

// Progress is how far a download has come.
type Progress struct {
	// Done is how many bytes there are, those of earlier calls included. It
	// falls when the download has to begin anew.
	Done int64
	// Total is how many there will be; -1 while it is not known.
	Total int64
	// Result is set in the last value of [Watch].
	Result *Result
}

// Result is a download that is complete.
type Result struct {
	Path     string   // of the file
	Size     int64    // of the file, in bytes
	Resumed  int64    // bytes that an earlier call had brought
	Requests int      // how many were made, redirects not counted
	Restarts int      // how many times it began anew because the content changed or ranges could not be had
	Verified []string // the digests that were checked: "sha-256", "sha-512"
	// Response described the content: the first one that was used. Its body
	// is closed.
	Response *requests.Response
}

// Error is a download that failed. Nothing has the file's name that had not
// before.
type Error struct {
	Path      string // of the file, or of the directory with Options.ServerName
	Done      int64  // bytes had when it failed
	Total     int64  // bytes there are; -1: not known
	Resumable bool   // what was had is kept, and another call goes on from it
	Err       error  // the cause, never nil
}

func (e *Error) Error() string {
	if e.Total < 0 {
		return fmt.Sprintf("download to %s: after %d bytes: %v", e.Path, e.Done, e.Err)
	}
	return fmt.Sprintf("download to %s: after %d of %d bytes: %v", e.Path, e.Done, e.Total, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// File downloads url to the file at path, by GET with the session's defaults
// and opts. A file that is there is replaced when all of the content is on
// disk, and hands its mode on; a symbolic link is replaced, not followed.
//
// What has arrived is kept beside path, as ".name.part", with a journal. A
// call that fails leaves both, if the content has a strong validator, and so
// does a process that is killed: a later call for the same URL and path goes
// on from there with Range and If-Range (RFC 9110, sections 13.1.5 and 14.2),
// and begins anew if the content has changed or the server has no ranges.
//
// Connections that fail, open circuits, retries of a layer of the session that
// are used up, and statuses of 408, 425, 429, 500, 502, 503 and 504 are tried
// again; see Options.Attempts. Every request has the session's timeouts to
// itself, its Total too. The fields Accept-Encoding, Range and If-Range are
// File's own: those of the session and of opts are not sent. It asks for
// Accept-Encoding: identity; content that the server codes all the same is
// decoded, and then neither resumed nor checked against the server's digests,
// which are of its coded form.
//
// The error is an [*Error]. Calls for different paths may run at the same
// time; for the same path, the later one fails with [ErrBusy], on systems that
// have file locks.
func File(ctx context.Context, s *requests.Session, url, path string, o Options, opts ...requests.Option) (*Result, error) {
	d := &download{ctx: ctx, session: s, url: url, path: path, options: o, opts: opts, total: -1}
	result, err := d.run()
	if err != nil {
		return nil, &Error{Path: path, Done: d.done(), Total: d.total, Resumable: d.kept, Err: named(url, err)}
	}
	return result, nil
}

// Watch is [File] as a loop over its progress. The last value has the Result;
// an error ends the loop, and comes with the last progress. Leaving the loop
// earlier ends the download; what has arrived is kept as after a failure.
func Watch(ctx context.Context, s *requests.Session, url, path string, o Options, opts ...requests.Option) iter.Seq2[Progress, error] {
	return func(yield func(Progress, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		report, left := o.Progress, false
		last := Progress{Total: -1}
		o := o
		o.Progress = func(p Progress) {
			last = p
			if report != nil {
				report(p)
			}
			if !left && !yield(p, nil) {
				left = true
				cancel()
			}
		}
		result, err := File(ctx, s, url, path, o, opts...)
		switch {
		case left:
		case err != nil:
			yield(last, err)
		default:
			yield(Progress{Done: result.Size, Total: result.Size, Result: result}, nil)
		}
	}
}

// check refuses options that cannot be honoured, and fills in defaults.
func (o *Options) check() error {
	var errs []error
	if sum, err := hex.DecodeString(o.SHA256); err != nil || len(sum) != 0 && len(sum) != 32 {
		errs = append(errs, errors.New("Options.SHA256 is no SHA-256 in hexadecimal"))
	}
	if o.MaxSize < 0 {
		errs = append(errs, errors.New("Options.MaxSize is negative"))
	}
	if o.Segments < 0 || o.Segments > maxSegments {
		errs = append(errs, fmt.Errorf("Options.Segments is not within 0 and %d", maxSegments))
	}
	if o.Attempts < 0 || o.Wait < 0 || o.MaxWait < 0 {
		errs = append(errs, errors.New("Options.Attempts, Wait or MaxWait is negative"))
	}
	setDefault(&o.Segments, 1)
	setDefault(&o.Attempts, defaultAttempts)
	setDefault(&o.Wait, defaultWait)
	setDefault(&o.MaxWait, defaultMaxWait)
	return errors.Join(errs...)
}

func setDefault[T int | time.Duration](v *T, d T) {
	if *v == 0 {
		*v = d
	}
}

// named makes an error say which URL it is about, if it does not yet.
func named(raw string, err error) error {
	if errors.As(err, new(*requests.Error)) || errors.As(err, new(*requests.StatusError)) {
		return err
	}
	target := redact.RawURL(raw)
	if u, parseErr := url.Parse(raw); parseErr == nil {
		target = redact.Target(u)
	}
	return &requests.Error{Op: "download", Method: "GET", URL: target, Err: err}
}
