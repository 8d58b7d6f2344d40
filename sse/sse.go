// Package sse reads server-sent events, as the HTML standard defines them
// (https://html.spec.whatwg.org/multipage/server-sent-events.html): from any
// reader by [Read], and by [Events] from a URL, over a session, with
// reconnections.
//
//	for event, err := range sse.Events(ctx, session, "https://api.example.com/events", nil) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(event.Type, event.Data)
//	}
package sse

import (
	"io"
	"iter"
	"time"

	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// ErrEventTooLarge is matched by the error for an event longer than
// Options.MaxEvent.
var ErrEventTooLarge error = sentinel.New("event is larger than MaxEvent")

// Event is one event of a stream.
type Event struct {
	// ID is the last event id: this event's own or, if it has none, that of
	// an earlier one. "" if there has been none.
	ID string
	// Type is what the event field names; "message" if there is none.
	Type string
	// Data is the values of the data fields, joined by LF.
	Data string
	// Retry is the reconnection time that the server has set since the event
	// before, at most a day; 0 if it has set none.
	Retry time.Duration
}

// Options bound what a stream may do. A nil *Options is that of zero values.
type Options struct {
	// MaxEvent bounds the bytes of one event, its id, type and data together, and
	// of one line. 0: 16 MiB; negative: no bound.
	MaxEvent int
	// LastEventID is where [Events] goes on from. "": the server decides.
	LastEventID string
	// Wait is how long [Events] waits before it connects again, until the
	// server sets another time; failures in a row double it. 0 and negative:
	// 1 s.
	Wait time.Duration
	// MaxWait bounds every wait, whoever asks for it. 0 and negative: 60 s.
	MaxWait time.Duration
	// Attempts is how many times in a row [Events] may fail to get a stream
	// before it gives up. 0: 3 while there has been no stream, then 10;
	// negative: no limit but the context's.
	Attempts int
	// Silence is how long a server may send nothing, not even a comment,
	// before the connection counts as lost and [Events] makes another. 0: the
	// session's read timeout, 120 s by default; negative: for ever.
	Silence time.Duration
	// OnReconnect is called by [Events] before it waits to connect again,
	// with why: nil if the server ended the stream in good order.
	OnReconnect func(why error, wait time.Duration)
}

const (
	defaultMaxEvent  = 16 << 20 // bytes
	defaultWait      = time.Second
	defaultMaxWait   = time.Minute
	attemptsAtFirst  = 3
	attemptsLater    = 10
	maxRetry         = 24 * time.Hour
	defaultEventType = "message"
)

func (o *Options) orDefault() Options {
	var set Options
	if o != nil {
		set = *o
	}
	if set.MaxEvent == 0 {
		set.MaxEvent = defaultMaxEvent
	}
	if set.Wait <= 0 {
		set.Wait = defaultWait
	}
	if set.MaxWait <= 0 {
		set.MaxWait = defaultMaxWait
	}
	return set
}

// Read yields the events of r, as they arrive. The end of r ends the loop
// without an error; an event that it leaves incomplete is dropped, as the
// standard asks. Any other failure of r ends the loop with that error, and an
// event that is too large with one that matches [ErrEventTooLarge]. r is read
// ahead of the events. Of o only MaxEvent counts.
func Read(r io.Reader, o *Options) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		p := newParser(r, o.orDefault().MaxEvent)
		for {
			e, err := p.next()
			if err == io.EOF {
				return
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}
