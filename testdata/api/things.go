// Package things exports one of each kind of thing.
package things

import (
	"io"
	"net/http"

	"example.test/things/internal/hidden"
)

type Day int

const (
	Sunday Day = iota
	Monday
	unlisted
)

const Answer = 42

var (
	Default  = new(Base)
	internal hidden.Thing
)

type Alias = http.Header

type Func func(a, b int) (c int)

type Number interface{ ~int | ~float64 }

type Doer interface {
	io.Closer
	Do(*http.Request) error
}

type Sealed interface{ sealed() }

type Base struct {
	Shared int
	own    int
}

func (b *Base) Change(to int, more ...string) error { b.own = to; return nil }
func (b *Base) unlisted()                           {}

type inner struct {
	Promoted string
	*Base
}

func (inner) Inherited() bool { return true }

type Outer struct {
	*http.Client
	inner
}

type Pair[K comparable, V any] struct {
	Key   K `tag:"x"`
	value V
}

func (p Pair[K, V]) Value() V { return p.value }

func Map[T, U any](in []T, by func(T) U) []U {
	var out []U
	for _, v := range in {
		out = append(out, by(v))
	}
	return out
}
