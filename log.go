package requests

import (
	"context"
	"log/slog"

	"github.com/seed-3bbad739/requests/internal/redact"
)

// logHooks returns hooks that write one record for each call: at Info when it
// went well, Warn for a status of 400 to 599, Error for an error.
func logHooks(logger *slog.Logger) *Hooks {
	if logger == nil {
		return nil
	}
	h := new(Hooks)
	h.Complete.PushBackNamed("log", func(r *Result) error {
		ctx, level := context.Background(), slog.LevelInfo
		var attrs []slog.Attr
		if r.Request != nil {
			ctx = r.Request.Context()
			attrs = append(attrs, slog.String("method", r.Request.Method), slog.String("url", redact.URL(r.Request.URL)))
		}
		if r.Response != nil {
			attrs = append(attrs, slog.Int("status", r.Response.StatusCode))
			if r.Response.StatusCode >= 400 {
				level = slog.LevelWarn
			}
		}
		if r.Err != nil {
			level = slog.LevelError
			attrs = append(attrs, slog.String("error", r.Err.Error()))
		}
		attrs = append(attrs, slog.Duration("elapsed", r.Elapsed), slog.Int("exchanges", len(r.Exchanges)))
		logger.LogAttrs(ctx, level, "http call", attrs...)
		return nil
	})
	return h
}
