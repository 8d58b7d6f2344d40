package requests

import (
	"io"
	"net/http"
	"reflect"
	"sync"

	"github.com/seed-3bbad739/requests/internal/inmemory"
)

// adoptBody takes over a body that an authenticator or a hook set in r, or that
// came with a request made by hand. It can be sent again if GetBody is its own
// and not that of the body it took the place of. cl is shared by all who send
// this body; nil: nobody else does.
func (p *plan) adoptBody(r *http.Request, cl *claim) {
	if r.Body == nil {
		return
	}
	if cl == nil {
		cl = newClaim(r.Body)
	}
	body, get, size := r.Body, r.GetBody, r.ContentLength
	r.Body, r.GetBody = nil, nil
	if body == http.NoBody {
		p.body, r.ContentLength = nil, 0
		return
	}
	if p.body != nil && size == p.body.Len() || p.body == nil && size == 0 {
		size = cl.size // nobody has said
	}
	r.ContentLength = size
	if get != nil && !isOpener(get) {
		b := &givenBody{first: body, get: get, size: size, handed: &cl.taken}
		p.body, r.GetBody = b, b.Open
		return
	}
	p.body = &onceBody{r: body, size: size, claimed: &cl.taken}
}

// claim is what all who may send one reader know of it.
type claim struct {
	body  io.ReadCloser
	size  int64  // measured before anybody read; -1 where it does not tell
	taken uint32 // set atomically
}

func newClaim(body io.ReadCloser) *claim {
	cl := &claim{body: body, size: -1}
	if l, ok := body.(interface{ Len() int }); ok {
		cl.size = int64(l.Len())
	} else if n, ok := inmemory.Len(body); ok {
		cl.size = n
	}
	return cl
}

// sameBody reports whether a and b are one body. Of a type that cannot be compared
// any two are.
func sameBody(a, b io.ReadCloser) bool {
	return reflect.TypeOf(a) == reflect.TypeOf(b) && (!reflect.ValueOf(a).Comparable() || !reflect.ValueOf(b).Comparable() || a == b)
}

// claims guards the claim of every prepared request.
var claims sync.Mutex

// claimed returns the claim to p's Body, which copies of p share; nil without one.
func (p *PreparedRequest) claimed() *claim {
	if p.Request == nil || p.Body == nil {
		return nil
	}
	claims.Lock()
	defer claims.Unlock()
	if p.claim == nil || !sameBody(p.claim.body, p.Body) {
		p.claim = newClaim(p.Body)
	}
	return p.claim
}
