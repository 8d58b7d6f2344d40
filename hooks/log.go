package hooks

import (
	"context"
	"errors"
	"log/slog"

	"github.com/seed-3bbad739/requests/internal/redact"
)

// Log returns a hook that writes one record, "http exchange", for each
// exchange, without secrets. It belongs in a list that runs when the exchange
// is over. The level tells the outcome: Debug for a status below 400, Warn for
// one from 400, Info for what the caller cancelled, Error for any other error.
// It returns nil, which is no hook, for a nil logger.
func Log(logger *slog.Logger) func(*Exchange) error {
	if logger == nil {
		return nil
	}
	return func(e *Exchange) error {
		if e.Request == nil {
			return nil
		}
		ctx, level := e.Request.Context(), levelOf(e)
		if !logger.Enabled(ctx, level) {
			return nil
		}
		attrs := make([]slog.Attr, 0, 8)
		attrs = append(attrs,
			slog.String("method", e.Request.Method),
			slog.String("url", redact.Marked(e.Request.URL, redact.MarksFrom(ctx))),
			slog.Int("exchange", e.Number),
		)
		if r := e.Response; r != nil {
			attrs = append(attrs, slog.Int("status", r.StatusCode), slog.String("protocol", r.Proto))
			if r.ContentLength >= 0 {
				attrs = append(attrs, slog.Int64("length", r.ContentLength))
			}
		}
		if e.Err != nil {
			attrs = append(attrs, slog.String("error", redact.Text(e.Err.Error())))
		}
		attrs = append(attrs, slog.Duration("elapsed", e.Elapsed))
		logger.LogAttrs(ctx, level, "http exchange", attrs...)
		return nil
	}
}

func levelOf(e *Exchange) slog.Level {
	switch {
	case errors.Is(e.Err, context.Canceled):
		return slog.LevelInfo
	case e.Err != nil:
		return slog.LevelError
	case e.Response != nil && e.Response.StatusCode >= 400:
		return slog.LevelWarn
	}
	return slog.LevelDebug
}
