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
	return optionFunc(func(l *layer) error {
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
	fields = cloneValues(fields)
	return optionFunc(func(l *layer) error {
		if l.hasForm {
			return fmt.Errorf("WithForm: the body is already set by WithForm")
		}
		if err := l.claim("WithForm", len(l.parts) > 0); err != nil {
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
	return optionFunc(func(l *layer) error {
		if err != nil {
			return fmt.Errorf("WithBody: %w", err)
		}
		if body == nil {
			return nil
		}
		if err := l.claim("WithBody", false); err != nil {
			return err
		}
		l.Body = body
		return nil
	})
}

// WithMultipart sends parts as multipart/form-data, after the fields of a form.
func WithMultipart(parts ...Part) Option {
	parts = slices.Clone(parts)
	return optionFunc(func(l *layer) error { return l.addParts("WithMultipart", parts) })
}

// WithFile adds a file to a multipart/form-data body. content is a string,
// []byte, io.Reader or [Body].
func WithFile(name, filename string, content any) Option {
	body, err := NewBody(content)
	return optionFunc(func(l *layer) error {
		if err != nil {
			return fmt.Errorf("WithFile: %w", err)
		}
		return l.addParts("WithFile", []Part{{Name: name, Filename: filename, HasFilename: true, Content: body}})
	})
}

// WithFilePath adds the file at path to a multipart/form-data body, under its
// base name. It is opened when the request is sent and not read before.
func WithFilePath(name, path string) Option {
	return optionFunc(func(l *layer) error {
		body, err := newFileBody(path)
		if err != nil {
			return fmt.Errorf("WithFilePath: %w", err)
		}
		// Its directories are nobody else's business.
		return l.addParts("WithFilePath", []Part{{Name: name, Filename: filepath.Base(path), HasFilename: true, Content: body}})
	})
}

func (l *layer) addParts(option string, parts []Part) error {
	if len(parts) == 0 {
		return nil
	}
	if err := l.claim(option, true); err != nil {
		return err
	}
	l.parts = append(l.parts, parts...)
	return nil
}

// WithUploadProgress calls report as the body is sent. total is -1 when it is
// not known; sent begins anew when the body is sent again. report is called by
// whatever reads the body, mostly in a goroutine of its own, which may outlast a
// call that was answered early, and where a panic ends the process.
func WithUploadProgress(report func(sent, total int64)) Option {
	return optionFunc(func(l *layer) error {
		l.mark().upload = report
		return nil
	})
}

// WithDownloadProgress calls report as content arrives, counted before it is
// decoded. total is -1 when it is not known.
func WithDownloadProgress(report func(got, total int64)) Option {
	return optionFunc(func(l *layer) error {
		l.mark().download = report
		return nil
	})
}
