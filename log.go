package requests

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/hooks"
	"github.com/seed-3bbad739/requests/internal/redact"
)

// logName is what the hooks of a logger are called. Of one set of hooks there is
// one logger.
const logName = "WithLogger"

// logHooks returns hooks that write one record for each attempt of a retry,
// exchange and redirect as it happens, and one for the call when it is over. A
// nil logger's write none, and take the place of others all the same.
func logHooks(logger *slog.Logger) *Hooks {
	h := new(Hooks)
	h.logs.Store(true)
	if logger == nil {
		return h
	}
	l := &callLog{logger, hooks.Log(logger)}
	h.Response.PushBackNamed(logName, l.exchange)
	h.Complete.PushBackNamed(logName, l.complete)
	return h
}

type callLog struct {
	logger    *slog.Logger
	exchanged func(*Exchange) error
}

// exchange logs what has been received.
func (l *callLog) exchange(e *Exchange) error {
	ctx := e.Request.Context()
	l.attempts(ctx, e, adapters.AttemptsFrom(e.Response))
	l.exchanged(e)
	if l.logger.Enabled(ctx, slog.LevelDebug) && isRedirect(e.Response.StatusCode, e.Response.Header) {
		marks := redact.MarksFrom(ctx)
		to := redact.Header("Location", e.Response.Header.Get("Location"))
		if target, err := e.Request.URL.Parse(e.Response.Header.Get("Location")); err == nil {
			to = redact.Marked(target, marks)
		}
		l.logger.LogAttrs(ctx, slog.LevelDebug, "http redirect",
			slog.Int("exchange", e.Number), slog.Int("status", e.Response.StatusCode),
			slog.String("from", redact.Marked(e.Request.URL, marks)), slog.String("to", to))
	}
	return nil
}

// complete logs the exchange that failed, if one did, and the call.
func (l *callLog) complete(r *Result) error {
	for i := range r.Exchanges {
		e := &r.Exchanges[i]
		if e.Err == nil {
			continue
		}
		if retried := (*adapters.RetryError)(nil); errors.As(e.Err, &retried) {
			l.attempts(e.Request.Context(), e, retried.Attempts)
		}
		l.exchanged(e)
	}
	ctx, level := context.Background(), slog.LevelInfo
	switch {
	case errors.Is(r.Err, context.Canceled):
	case r.Err != nil:
		level = slog.LevelError
	case r.Response != nil && r.Response.StatusCode >= 400:
		level = slog.LevelWarn
	}
	var marks redact.Marks
	if r.Request != nil {
		ctx = r.Request.Context()
		marks = redact.MarksFrom(ctx)
	}
	if !l.logger.Enabled(ctx, level) {
		return nil
	}
	attrs := make([]slog.Attr, 0, 8)
	if r.Request != nil {
		attrs = append(attrs, slog.String("method", r.Request.Method), slog.String("url", redact.Marked(r.Request.URL, marks)))
	}
	if r.Response != nil {
		attrs = append(attrs, slog.Int("status", r.Response.StatusCode))
	}
	if r.Err != nil {
		attrs = append(attrs, slog.String("error", redact.Text(r.Err.Error())))
	}
	attrs = append(attrs, slog.Duration("elapsed", r.Elapsed), slog.Int("exchanges", len(r.Exchanges)))
	l.logger.LogAttrs(ctx, level, "http call", attrs...)
	return nil
}

// attempts logs what a Retry among the adapters has recorded: at Warn what
// failed, at Debug what succeeded in the end.
func (l *callLog) attempts(ctx context.Context, e *Exchange, attempts []adapters.Attempt) {
	for _, a := range attempts {
		level := slog.LevelWarn
		if a.Reason == "" && a.Err == nil {
			level = slog.LevelDebug
		}
		if !l.logger.Enabled(ctx, level) {
			continue
		}
		attrs := make([]slog.Attr, 0, 7)
		attrs = append(attrs, slog.Int("exchange", e.Number), slog.Int("attempt", a.Number))
		if a.Err != nil {
			attrs = append(attrs, slog.String("error", redact.Text(a.Err.Error())))
		} else {
			attrs = append(attrs, slog.Int("status", a.StatusCode))
		}
		if a.Reason != "" {
			attrs = append(attrs, slog.String("reason", a.Reason))
		}
		attrs = append(attrs, slog.Duration("elapsed", a.Elapsed), slog.Duration("wait", a.Wait))
		l.logger.LogAttrs(ctx, level, "http attempt", attrs...)
	}
}

// What the types of this package log as, by handlers that know nothing of how
// they print.

// LogValue returns [Session.String].
func (s *Session) LogValue() slog.Value { return slog.StringValue(s.String()) }

// LogValue returns [Request.String].
func (r Request) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalJSON writes [Request.String]: header, params, cookies and credentials
// may be secret, and most of a request cannot be read back from JSON.
func (r Request) MarshalJSON() ([]byte, error) { return json.Marshal(r.String()) }

// LogValue returns [Settings.String].
func (s Settings) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON writes [Settings.String]: the URLs of proxies may be secret.
func (s Settings) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// LogValue returns [PreparedRequest.String].
func (p PreparedRequest) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalJSON writes [PreparedRequest.String].
func (p PreparedRequest) MarshalJSON() ([]byte, error) { return json.Marshal(p.String()) }

// LogValue returns [Response.String].
func (r Response) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalJSON writes [Response.String]: header and content may be secret.
func (r Response) MarshalJSON() ([]byte, error) { return json.Marshal(r.String()) }

// MarshalJSON writes the text of [Error.Error].
func (e Error) MarshalJSON() ([]byte, error) { return json.Marshal(e.Error()) }

// MarshalJSON writes the text of [StatusError.Error].
func (e StatusError) MarshalJSON() ([]byte, error) { return json.Marshal(e.Error()) }
