// Package sentinel declares the conditions that leaves report and the root
// exports, so that both hold the same value without importing each other.
package sentinel

// Condition is an error that is also its parents: a connect timeout is a
// timeout and a failed connection. errors.Is follows Parents through Is.
type Condition struct {
	text    string
	parents []error
}

// New returns a condition that matches itself and everything its parents match.
func New(text string, parents ...error) *Condition {
	return &Condition{text: text, parents: parents}
}

func (c *Condition) Error() string { return c.text }

// Is reports whether target is one of c's ancestors. Identity with c itself
// is what errors.Is has already tried.
func (c *Condition) Is(target error) bool {
	for _, p := range c.parents {
		if p == target {
			return true
		}
		if pc, ok := p.(*Condition); ok && pc.Is(target) {
			return true
		}
	}
	return false
}

// Timeout reports whether c is the condition Timeout or below it, as net.Error asks.
func (c *Condition) Timeout() bool { return c == Timeout || c.Is(Timeout) }

// Temporary completes net.Error. It always reports false: whether to try
// again is a retry policy's decision.
func (c *Condition) Temporary() bool { return false }

// The conditions of an exchange, from the general to the particular.
var (
	Timeout        = New("timed out")
	Connection     = New("connection failed")
	ConnectTimeout = New("connect timed out", Timeout, Connection)
	ReadTimeout    = New("read timed out", Timeout)
	// BodyReadTimeout is a silence within the content: unlike one before the
	// header it is also a failed connection, for the exchange had begun.
	BodyReadTimeout = New("read timed out within the content", ReadTimeout, Connection)
	Proxy           = New("proxy failed", Connection)
	TLS             = New("TLS failed", Connection)
	// ProxyTimeout is a connect timeout on the way to the proxy or within it.
	ProxyTimeout     = New("connect timed out", ConnectTimeout, Proxy)
	InvalidURL       = New("invalid URL")
	InvalidProxyURL  = New("invalid proxy URL", InvalidURL)
	InvalidHeader    = New("invalid header")
	RetriesExhausted = New("retries exhausted")
	CircuitOpen      = New("circuit is open")
	BlockedAddress   = New("address is blocked", Connection)
	Closed           = New("session is closed")
	NotReplayable    = New("body cannot be sent again")
	ContentDecoding  = New("content cannot be decoded")
	Truncated        = New("content is truncated", Connection)
)
