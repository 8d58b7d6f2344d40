package sse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/internal/again"
	"github.com/seed-3bbad739/requests/internal/redact"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// Events yields the events of url and connects again whenever the stream ends
// or breaks: after the time that the server has set, with the id of the last
// event as Last-Event-ID. Every connection is a GET with the session's
// defaults and opts, so authentication, proxies, redirects and hooks apply.
//
// The loop ends without an error on status 204, by which a server says that
// there is no more. It ends with an error when ctx is done, one that matches
// ctx's; on any other status than 200, which is a [*requests.StatusError] from
// 400 on; on content that is no text/event-stream or not in its coding; on an
// event that is too large; and after Options.Attempts failures in a row, each of
// them a failed connection, an open circuit, retries of a layer of the session
// that are used up, or a status of 408, 425, 429, 500, 502, 503 or 504. A
// certificate that is not trusted ends it, and so does a Retry-After longer than
// Options.MaxWait. Leaving the loop closes the connection.
//
// A stream is not bounded by the session's Timeouts.Total, but by one in opts
// each connection is. The read timeout applies, so that a connection that died
// unnoticed is replaced; see Options.Silence. With a server that does not know
// Last-Event-ID, events sent between two connections are lost.
func Events(ctx context.Context, s *requests.Session, url string, o *Options, opts ...requests.Option) iter.Seq2[Event, error] {
	set := o.orDefault()
	return func(yield func(Event, error) bool) {
		c := &connections{ctx: ctx, session: s, url: url, set: set, opts: opts, lastID: set.LastEventID, wait: set.Wait}
		for {
			more, err := c.one(yield)
			if !more {
				return
			}
			if err = c.pause(err); err != nil {
				yield(Event{}, err)
				return
			}
		}
	}
}

// connections is the state that outlives a connection.
type connections struct {
	ctx     context.Context
	session *requests.Session
	url     string
	set     Options
	opts    []requests.Option

	lastID string
	wait   time.Duration // the reconnection time in force
	had    bool          // there has been a stream
	failed int           // connections in a row that gave no stream
	barren int           // connections in a row that gave no event
}

// final is an error that no further connection can mend.
type final struct{ err error }

func (f *final) Error() string { return f.err.Error() }
func (f *final) Unwrap() error { return f.err }

// one makes a connection and yields its events. It reports false when the loop
// is over, all being said; else the error is why the connection ended.
func (c *connections) one(yield func(Event, error) bool) (more bool, why error) {
	resp, err := c.connect()
	if err != nil {
		c.failed++
		c.barren++
		return true, err
	}
	defer resp.Close()
	if resp.StatusCode == http.StatusNoContent {
		return false, nil
	}
	c.had, c.failed = true, 0
	c.barren++
	p := newParser(resp.Body, c.set.MaxEvent)
	p.id, p.lastID = c.lastID, c.lastID
	for {
		e, err := p.next()
		c.lastID = p.lastID
		if p.reconnect >= 0 {
			c.wait = p.reconnect
		}
		switch {
		case err == io.EOF:
			return true, nil
		case errors.Is(err, ErrEventTooLarge):
			return true, unfit(resp, "%w", err)
		case errors.Is(err, requests.ErrContentDecoding) && !again.Failure(err):
			return true, &final{err}
		case err != nil:
			return true, err
		}
		c.barren = 0
		if !yield(e, nil) {
			return false, nil
		}
	}
}

// connect returns a response that is a stream of events, or one of status 204.
func (c *connections) connect() (*requests.Response, error) {
	resp, err := c.session.Get(c.ctx, c.url, c.options()...)
	if err != nil {
		if !again.Failure(err) {
			err = &final{err}
		}
		return nil, err
	}
	if err := check(resp); err != nil {
		resp.Close()
		return nil, err
	}
	return resp, nil
}

// options lays the caller's over what suits a stream, and under what makes
// one.
func (c *connections) options() []requests.Option {
	opts := []requests.Option{
		requests.WithHeader("Accept", "text/event-stream"),
		requests.WithHeader("Cache-Control", "no-store"),
		requests.WithTimeouts(requests.Timeouts{Read: c.set.Silence, Total: -1}),
	}
	opts = append(opts, c.opts...)
	opts = append(opts, requests.WithStream(true), requests.WithRaiseForStatus(false))
	if id, ok := sendable(c.lastID); ok {
		opts = append(opts, requests.WithHeader("Last-Event-ID", id))
	}
	return opts
}

// maxSentID bounds what a server can put into the header of our next request.
const maxSentID = 4 << 10 // bytes

// sendable returns an id as a field's value. An id that cannot be one is not
// sent, as none is when there is none.
func sendable(id string) (string, bool) {
	id = strings.TrimSpace(id)
	return id, id != "" && len(id) <= maxSentID && httpguts.ValidHeaderFieldValue(id)
}

// check says what is wrong with a response that should be a stream.
func check(resp *requests.Response) error {
	err := resp.RaiseForStatus()
	switch {
	case err != nil && again.Status(resp.StatusCode):
		if after, ok := again.After(resp.Header, time.Now()); ok {
			return &delayed{err, after}
		}
		return err
	case err != nil:
		return &final{err}
	case resp.StatusCode == http.StatusNoContent:
		return nil
	case resp.StatusCode != http.StatusOK:
		return unfit(resp, "status %d is no stream of events", resp.StatusCode)
	}
	contentType := resp.Header.Get("Content-Type")
	if mediaType, _, _ := mime.ParseMediaType(contentType); mediaType != "text/event-stream" {
		return unfit(resp, "content of type %.100q is no stream of events", contentType)
	}
	return nil
}

func unfit(resp *requests.Response, format string, args ...any) error {
	return &final{&requests.Error{
		Op: "read events", Method: resp.Request.Method, URL: redact.Target(resp.Request.URL),
		Err: fmt.Errorf(format, args...), Response: resp,
	}}
}

// delayed is a refusal that says when to come back.
type delayed struct {
	error
	after time.Duration
}

func (d *delayed) Unwrap() error { return d.error }

// pause waits until it is time to connect again. It returns the error that
// ends the loop.
func (c *connections) pause(why error) error {
	if c.ctx.Err() != nil {
		return c.ended(why)
	}
	if f := (*final)(nil); errors.As(why, &f) {
		return f.err
	}
	wait := c.wait
	if c.barren > 1 {
		wait = max(wait, leastBackoff)
	}
	wait = again.Backoff(max(c.barren, 1), wait, c.set.MaxWait)
	if d := (*delayed)(nil); errors.As(why, &d) {
		why = d.error
		if d.after > c.set.MaxWait {
			return fmt.Errorf("sse: the server asks for a wait of %v, MaxWait is %v: %w", d.after, c.set.MaxWait, why)
		}
		wait = max(wait, d.after)
	}
	if most := c.attempts(); most > 0 && c.failed >= most {
		return fmt.Errorf("sse: attempt %d of %d: %w", c.failed, most, why)
	}
	if c.set.OnReconnect != nil {
		c.set.OnReconnect(why, wait)
	}
	if again.Pause(c.ctx, wait) != nil {
		return c.ended(nil)
	}
	return nil
}

// leastBackoff is where doubling begins when a server asks for no wait at all.
const leastBackoff = 100 * time.Millisecond

func (c *connections) attempts() int {
	switch {
	case c.set.Attempts != 0:
		return c.set.Attempts
	case c.had:
		return attemptsLater
	}
	return attemptsAtFirst
}

// ended is the error of a loop that its context has ended. What the session
// made of it says more, where there is that.
func (c *connections) ended(why error) error {
	err := c.ctx.Err()
	if why != nil && errors.Is(why, err) {
		if f := (*final)(nil); errors.As(why, &f) {
			return f.err
		}
		return why
	}
	return fmt.Errorf("sse: %w", sentinel.Ended(c.ctx))
}
