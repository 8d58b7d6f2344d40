package requests

import (
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
)

// WithJSON sends v as JSON: compact, in UTF-8, without escaping HTML. v is
// encoded when the option is applied. A nil v sends no body.
func WithJSON(v any) Option {
	return with("WithJSON", v, func(l *layer, v any) error {
		if v == nil {
			return nil
		}
		if err := l.claim("WithJSON", false); err != nil {
			return err
		}
		b, err := newJSON(v)
		if err != nil {
			return fmt.Errorf("WithJSON: %w", err)
		}
		l.Body = b
		return nil
	})
}

// WithForm sends fields as application/x-www-form-urlencoded, in the order of
// their keys, or as multipart/form-data together with files. Without fields and
// files no body is sent.
func WithForm(fields url.Values) Option {
	return with("WithForm", cloneValues(fields), func(l *layer, fields url.Values) error {
		if len(fields) == 0 {
			return nil
		}
		if l.hasForm {
			return fmt.Errorf("WithForm: the body is already set by WithForm")
		}
		if err := l.claim("WithForm", l.parts != nil); err != nil {
			return err
		}
		l.form, l.hasForm = fields, true
		return nil
	})
}

// WithBody sends content: a string, []byte, io.Reader or [Body]; nil sends no
// body. No Content-Type is set but a Body's own. See [NewBody] for which readers
// can be sent again.
func WithBody(content any) Option {
	body, err := NewBody(content)
	return with("WithBody", bodyOrError{body, err}, func(l *layer, b bodyOrError) error {
		if b.err != nil {
			return fmt.Errorf("WithBody: %w", b.err)
		}
		if b.body == nil {
			return nil
		}
		if err := l.claim("WithBody", false); err != nil {
			return err
		}
		l.Body = b.body
		return nil
	})
}

// bodyOrError is what was made of a content when the option was.
type bodyOrError struct {
	body Body
	err  error
}

// WithMultipart sends parts as multipart/form-data, after the fields of a form. A
// Content-Type of the request's own may name the boundary, which no part may have
// in it.
func WithMultipart(parts ...Part) Option {
	return with("WithMultipart", slices.Clone(parts), func(l *layer, parts []Part) error {
		if len(parts) == 0 {
			return nil
		}
		return l.addParts("WithMultipart", parts...)
	})
}

// WithFile adds a file to a multipart/form-data body. content is a string,
// []byte, io.Reader or [Body]. One that is nil is left out, and a body of nothing
// else has no parts; a nil pointer is an error.
func WithFile(name, filename string, content any) Option {
	body, err := NewBody(content)
	return withKey("WithFile", name, fileOrError{name, filename, bodyOrError{body, err}}, func(l *layer, file fileOrError) error {
		if file.err != nil {
			return fmt.Errorf("WithFile: %w", file.err)
		}
		if file.body == nil {
			return l.addParts("WithFile")
		}
		return l.addParts("WithFile", Part{Name: file.name, Filename: file.filename, HasFilename: true, Content: file.body})
	})
}

type fileOrError struct {
	name, filename string
	bodyOrError
}

// WithFilePath adds the file at path to a multipart/form-data body, under its
// base name. It is opened when the request is sent and not read before, but for
// the first byte of one whose size is 0: there is something in those below /proc.
func WithFilePath(name, path string) Option {
	return withKey("WithFilePath", name, [2]string{name, path}, func(l *layer, file [2]string) error {
		body, err := newFileBody(file[1])
		if err != nil {
			return fmt.Errorf("WithFilePath: %w", err)
		}
		// Its directories are nobody else's business.
		return l.addParts("WithFilePath", Part{Name: file[0], Filename: filepath.Base(file[1]), HasFilename: true, Content: body})
	})
}

// addParts makes the body one of parts, even without any.
func (l *layer) addParts(option string, parts ...Part) error {
	if err := l.claim(option, true); err != nil {
		return err
	}
	if l.parts == nil {
		l.parts = []Part{}
	}
	l.parts = append(l.parts, parts...)
	return nil
}

// WithUploadProgress calls report as the body is sent. total is -1 when it is
// not known; sent begins anew when the body is sent again. report is called by
// whatever reads the body, mostly in a goroutine of its own, which may outlast a
// call that was answered early, and where a panic ends the process.
func WithUploadProgress(report func(sent, total int64)) Option {
	return with("WithUploadProgress", report, func(l *layer, report func(sent, total int64)) error {
		l.mark().upload = report
		return nil
	})
}

// WithDownloadProgress calls report as content arrives, counted before it is
// decoded. total is -1 when it is not known.
func WithDownloadProgress(report func(got, total int64)) Option {
	return with("WithDownloadProgress", report, func(l *layer, report func(got, total int64)) error {
		l.mark().download = report
		return nil
	})
}
