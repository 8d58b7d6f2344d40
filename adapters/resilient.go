package adapters

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"sync"
	"time"
)

const defaultTotal = 30 * time.Second

// Resilient is an [http.RoundTripper] of five layers that fit one another.
// From the outside in: a limit of the load, a bound of the whole time, the
// retries, a circuit breaker that sees every attempt, and a bound of each
// attempt's time. An open circuit is not retried.
//
// The zero value is ready: three attempts of 10 s within 30 s, until the
// header of the response, and circuits, but no limit of the load. Mount a
// Resilient by its pointer or by Wrap; it must be neither changed nor copied
// after its first use.
type Resilient struct {
	// Base performs each attempt. If nil, Default() is used. Those of the
	// layers stay nil.
	Base http.RoundTripper
	// Limit bounds the requests, however often each is attempted.
	Limit Limit
	// Total bounds a request with all its attempts and waits, until the
	// header of its response. Zero means 30 s, negative none.
	Total time.Duration
	// Retry decides on further attempts.
	Retry Retry
	// Breaker keeps attempts from an origin that fails.
	Breaker Breaker
	// Attempt bounds one attempt, until the header of its response. It must
	// be less than Total. Zero means 10 s, or a third of Total when that is
	// less; negative none.
	Attempt time.Duration

	once  sync.Once
	err   error             // of the check
	stack http.RoundTripper // the layers over Base
}

// RoundTrip sends req through the layers. It returns the error of [Resilient.Check]
// when there is one, and sends nothing.
func (r *Resilient) RoundTrip(req *http.Request) (*http.Response, error) {
	r.check()
	return r.roundTrip(r.stack, req)
}

// Wrap returns r over next instead of Base.
func (r *Resilient) Wrap(next http.RoundTripper) http.RoundTripper {
	return &policyLayer{r, r.over(next)}
}

// CloseIdleConnections closes those of Base.
func (r *Resilient) CloseIdleConnections() { closeIdleOf(r.Base) }

// Close closes Base.
func (r *Resilient) Close() error { return closeOf(r.Base) }

func (r *Resilient) check() {
	r.once.Do(func() { r.err, r.stack = r.Check(), r.over(r.Base) })
}

// roundTrip sends req through stack, which is next with the layers over it.
func (r *Resilient) roundTrip(stack http.RoundTripper, req *http.Request) (*http.Response, error) {
	r.check()
	if r.err != nil {
		closeContent(req)
		return nil, r.err
	}
	return stack.RoundTrip(req)
}

// over lays the five layers over next.
func (r *Resilient) over(next http.RoundTripper) http.RoundTripper {
	if attempt := r.attempt(); attempt > 0 {
		next = &policyLayer{&AttemptTimeout{Timeout: attempt}, next}
	}
	next = &policyLayer{&r.Breaker, next}
	next = &policyLayer{&r.Retry, next}
	if total := r.total(); total > 0 {
		next = &policyLayer{&AttemptTimeout{Timeout: total}, next}
	}
	return &policyLayer{&r.Limit, next}
}

func (r *Resilient) total() time.Duration {
	if r.Total == 0 {
		return defaultTotal
	}
	return r.Total
}

func (r *Resilient) attempt() time.Duration {
	switch total := r.total(); {
	case r.Attempt != 0:
		return r.Attempt
	case total > 0:
		return min(defaultAttemptTimeout, total/3)
	}
	return defaultAttemptTimeout
}

// errBadSettings is matched by the errors of [Resilient.Check].
var errBadSettings = errors.New("adapters: settings do not fit one another")

// Check reports every setting that is wrong or does not fit the others, all
// joined in one error. RoundTrip does the same at its first use.
func (r *Resilient) Check() error {
	var errs []error
	wrong := func(is bool, format string, args ...any) {
		if is {
			errs = append(errs, fmt.Errorf("Resilient: "+format, args...))
		}
	}
	for _, l := range []struct {
		name string
		base http.RoundTripper
	}{{"Limit", r.Limit.Base}, {"Retry", r.Retry.Base}, {"Breaker", r.Breaker.Base}} {
		wrong(l.base != nil, "%s.Base is set: only that of Resilient is used", l.name)
	}
	total, attempt := r.total(), r.attempt()
	wrong(total > 0 && attempt >= total, "Attempt %v is not less than Total %v", attempt, total)
	wrong(total > 0 && r.Retry.MaxElapsed > total, "Retry.MaxElapsed %v is more than Total %v", r.Retry.MaxElapsed, total)
	wrong(total > 0 && r.Retry.Wait >= total, "Retry.Wait %v is not less than Total %v", r.Retry.Wait, total)
	wrong(r.Retry.MaxWait > 0 && r.Retry.Wait > r.Retry.MaxWait,
		"Retry.Wait %v is more than Retry.MaxWait %v", r.Retry.Wait, r.Retry.MaxWait)
	wrong(math.IsNaN(r.Retry.Budget) || math.IsInf(r.Retry.Budget, 0), "Retry.Budget %v is not a part", r.Retry.Budget)
	for _, code := range r.Retry.Statuses {
		wrong(code < 100 || code > 999, "Retry.Statuses has %d, which is no status code", code)
	}

	wrong(math.IsNaN(r.Limit.Rate) || math.IsInf(r.Limit.Rate, 0), "Limit.Rate %v is not a rate", r.Limit.Rate)
	wrong(r.Limit.Rate == 0 && r.Limit.Burst > 0, "Limit.Burst is set without Limit.Rate")

	rate := r.Breaker.FailureRate
	wrong(rate > 1 || math.IsNaN(rate), "Breaker.FailureRate %v is more than 1", rate)
	if len(errs) > 0 {
		errs = append([]error{errBadSettings}, errs...)
	}
	return errors.Join(errs...)
}
