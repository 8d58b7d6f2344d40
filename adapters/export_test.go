package adapters

import "net/http"

// Transports returns how many transports the pool holds.
func (h *HTTP) Transports() int { return len(h.all()) }

// LookUp finds the transport for req and gives it back.
func (h *HTTP) LookUp(req *http.Request) error {
	e, t, err := h.acquire(req, settingsOf(req))
	if err == nil {
		t.inFlight.Add(-1)
		h.release(e)
	}
	return err
}
