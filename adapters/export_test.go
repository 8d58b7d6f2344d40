package adapters

import (
	"context"
	"net/http"
)

// Lifetime is the context of an exchange.
type Lifetime struct{ lifetime }

// NewLifetime returns one under caller.
func NewLifetime(caller context.Context) *Lifetime {
	l := new(Lifetime)
	l.live(caller)
	return l
}

func (l *Lifetime) Cancel(cause error) { l.cancel(cause) }
func (l *Lifetime) LetGo()             { l.letGo() }
func (l *Lifetime) Interrupted() error { return l.interrupted() }

// Transports returns how many transports the pool holds.
func (h *HTTP) Transports() int { return len(h.all()) }

// MaxMet is how many destinations a transport is used for.
const MaxMet = maxMet

// LookUp finds the transport for req and gives it back.
func (h *HTTP) LookUp(req *http.Request) error {
	_, err := h.TransportFor(req)
	return err
}

// Hold is LookUp for an exchange that does not end.
func (h *HTTP) Hold(req *http.Request) error {
	e, _, err := h.acquire(req, settingsOf(req))
	if err == nil {
		h.release(e)
	}
	return err
}

// TransportFor is LookUp, and returns the transport.
func (h *HTTP) TransportFor(req *http.Request) (*http.Transport, error) {
	e, t, err := h.acquire(req, settingsOf(req))
	if err != nil {
		return nil, err
	}
	t.inFlight.Add(-1)
	h.release(e)
	return e.transport, nil
}

// Remembered returns for how many settings the pool knows the transport.
func (h *HTTP) Remembered() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.recent)
}
