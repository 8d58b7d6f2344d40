package adapters_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
)

// steady is a base that costs nothing and always succeeds.
func steady() http.RoundTripper {
	resp := &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}
	return baseFunc(func(req *http.Request) (*http.Response, error) { return resp, nil })
}

func benchmark(b *testing.B, rt http.RoundTripper) {
	req := newRequest(b, "GET", "")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rt.RoundTrip(req); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRetry_NoFailure(b *testing.B) {
	base := steady()
	b.Run("base", func(b *testing.B) { benchmark(b, base) })
	b.Run("Retry", func(b *testing.B) { benchmark(b, &adapters.Retry{Base: base}) })
	b.Run("Retry.Wrap", func(b *testing.B) { benchmark(b, new(adapters.Retry).Wrap(base)) })
}

func BenchmarkLayers(b *testing.B) {
	base := steady()
	for name, rt := range layers(base) {
		b.Run(name, func(b *testing.B) { benchmark(b, rt) })
	}
}

func TestRetry_allocatesNothingWithoutAFailure(t *testing.T) {
	rt := new(adapters.Retry).Wrap(steady())
	req := newRequest(t, "GET", "")
	got := testing.AllocsPerRun(100, func() {
		_, err := rt.RoundTrip(req)
		require.NoError(t, err)
	})
	require.Zero(t, got)
}
