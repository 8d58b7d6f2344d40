package requests

import (
	"net/http"
	"net/url"

	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/internal/origin"
)

type round struct {
	origin string
	n      int
}

// maxRounds is how many challenges of one origin are answered in a call: one
// with what is known, one more when the nonce was stale.
const maxRounds = 2

// challenge asks the authenticator whether a 401 can be answered and returns
// the hop that does. A 407 is the adapter's: proxies are its business.
func (c *call) challenge(h *hop) (*hop, error) {
	if h.http.StatusCode != http.StatusUnauthorized {
		return nil, nil
	}
	challenger, ok := c.plan.auth.(auth.Challenger)
	if !ok || c.lost && !isBound(c.plan.auth, h.http.Request.URL) {
		return nil, nil
	}
	if !c.countRound(h.http.Request.URL) {
		return nil, nil
	}
	again, err := challenger.Challenge(&h.http)
	if err != nil || !again {
		return nil, err
	}
	if c.content() != nil && h.req.ContentLength != 0 && !isReplayable(c.content()) {
		if c.passThrough {
			return nil, nil // http.Client's callers expect the 401
		}
		return nil, refuse(ErrBodyNotReplayable, "a challenge asks for it again")
	}
	n := new(hop)
	n.url = h.url
	n.req = *h.req.WithContext(&c.ctx)
	n.req.URL, n.req.Body = &n.url, nil
	n.req.Header = h.req.Header.Clone()
	if n.ownCookie = h.ownCookie; !n.ownCookie {
		delete(n.req.Header, "Cookie")
	}
	return n, nil
}

// countRound reports whether one more challenge of u's origin may be answered.
func (c *call) countRound(u *url.URL) bool {
	o := origin.Of(u)
	chain := c.chained()
	for i := range chain.rounds {
		if chain.rounds[i].origin == o {
			chain.rounds[i].n++
			return chain.rounds[i].n <= maxRounds
		}
	}
	chain.rounds = append(chain.rounds, round{o, 1})
	return true
}
