package requests

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"github.com/seed-3bbad739/requests/internal/drain"
	"github.com/seed-3bbad739/requests/internal/inmemory"
)

// hop is one exchange in the making: the request, as it stands before hooks,
// cookies and deferred authentication, and the response.
type hop struct {
	req    http.Request
	url    url.URL
	http   http.Response
	resp   Response
	cookie [1]string // the values of the Cookie field that was sent

	elsewhere bool // not of the origin that the hop before was of
	dropsBody bool
	ownCookie bool // the Cookie field is the caller's: the jar adds nothing

	before *hop
}

// exchangeRecord is what a call remembers of its exchanges.
type exchangeRecord struct {
	home   *url.URL  // the URL of the first exchange
	last   *hop      // the latest, which knows the one before it
	chain  *chain    // nil as long as there is one hop
	result *observed // nil unless a Complete hook will want it
	upload *uploadProgress
	number int32 // of exchanges

	dropped bool // a redirect left the content behind
	lost    bool // credentials were left behind, for good

	// For HTTPClient: the request is somebody else's, framing and all.
	passThrough bool
	raw         bool // the caller wants the content coding as it comes
}

// chain is what a call remembers when one exchange leads to another.
type chain struct {
	history    []*Response
	room       [4]*Response
	decoding   sync.Mutex // guards what is decoded late of history
	drains     drain.Series
	redirects  int
	rounds     []round // challenges answered, by origin
	unfollowed *hop    // what Next returns
}

// chained returns c's chain, which begins with the first call.
func (c *call) chained() *chain {
	if c.chain == nil {
		c.chain = new(chain)
	}
	return c.chain
}

func (c *chain) add(r *Response) {
	if c.history == nil {
		c.history = c.room[:0]
	}
	c.history = append(c.history, r)
}

// content is what goes along with a request: nothing once a redirect dropped it.
func (c *call) content() Body {
	if c.dropped {
		return nil
	}
	return c.plan.body
}

// keep reads what is left of a response that is followed by another, within
// the bounds of a drain, so that its connection can serve again. The bytes
// stay with the response as they came.
func (c *call) keep(h *hop) {
	r := &h.resp
	r.History = slices.Clip(c.chained().history)
	present, _ := inmemory.Len(h.http.Body) // whoever made it may not have given its length
	if h.http.Body == http.NoBody || h.http.ContentLength == 0 && present == 0 {
		h.http.Body.Close()
		r.keepContent(nil, true)
		return
	}
	var buf bytes.Buffer
	if n := h.http.ContentLength; n > 0 && n <= drain.MaxBytes {
		buf.Grow(int(n) + bytes.MinRead)
	}
	complete := c.chain.drains.Body(&buf, h.http.Body)
	r.takeTrailer()
	r.noteEnd()
	r.keepContent(buf.Bytes()[:min(buf.Len(), drain.MaxBytes)], complete)
}

// prepareNext makes what Next returns of a hop that was not followed.
func (c *call) prepareNext(n *hop) (*PreparedRequest, error) {
	if err := c.authenticateHop(n); err != nil {
		return nil, err
	}
	n.req.Header = n.req.Header.Clone() // the response's Request has the same values
	p := &PreparedRequest{Request: n.req.WithContext(c.callerContext()), Settings: c.plan.settings.clone(), plan: *c.plan}
	p.byHand, p.encrypted = false, p.encrypted || c.home.Scheme == "https"
	if n.dropsBody {
		p.body = nil
	}
	if n.elsewhere || c.lost {
		p.cookies = nil
		if p.auth != nil && isDeferred(p.auth) && !isBound(p.auth, &n.url) {
			p.auth = nil
		}
	}
	if field := c.cookieFieldAfter(n); field != "" {
		p.Request.Header["Cookie"], p.cookie = []string{field}, cookieShown{field, true}
	}
	return p, nil
}
