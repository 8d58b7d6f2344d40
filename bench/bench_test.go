package bench_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkScenario measures every client in every scenario. The metric
// cpu-ns/op is the processor time of this process, collector included.
func BenchmarkScenario(b *testing.B) {
	for i := range scenarios {
		sc := &scenarios[i]
		b.Run("row="+sc.name, func(b *testing.B) {
			for _, k := range contenders {
				if slices.Contains(k.lacks, sc.name) {
					continue
				}
				b.Run("client="+k.name, func(b *testing.B) { measure(b, sc, k) })
			}
		})
	}
}

func measure(b *testing.B, sc *scenario, k contender) {
	w := newWork(b, sc)
	s := sc.setup
	if sc.network {
		base, err := serverBase()
		require.NoError(b, err)
		s.base = base
	} else {
		s.base, s.memory = memoryBase, new(memory)
		s.transport = s.memory
	}
	ctx := context.Background()
	var c client
	if !sc.perSession {
		c = k.new(s)
		defer c.close()
	}
	op := func() error {
		if !sc.perSession {
			return sc.run(ctx, c, w)
		}
		c := k.new(s)
		defer c.close()
		return sc.run(ctx, c, w)
	}
	// Connections, pools and caches are there before it counts.
	require.NoError(b, op())
	require.NoError(b, op())
	inParallel(b, sc.parallel, 4*sc.parallel, op)
	runtime.GC()
	b.ReportAllocs()
	b.ResetTimer()
	before := processTime()
	if sc.parallel > 0 {
		inParallel(b, sc.parallel, b.N, op)
	} else {
		for range b.N {
			if err := op(); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(processTime()-before)/float64(b.N), "cpu-ns/op")
}

// inParallel lets n goroutines share times operations.
func inParallel(b *testing.B, n, times int, op func() error) {
	var left atomic.Int64
	left.Store(int64(times))
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := op(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func newWork(tb testing.TB, sc *scenario) *work {
	w := &work{dir: tb.TempDir()}
	if sc.uploads {
		w.upload = filepath.Join(w.dir, uploadName)
		require.NoError(tb, os.WriteFile(w.upload, uploadContent(), 0o600))
	}
	return w
}

// BenchmarkIdle measures what a session holds that has sent nothing yet: its
// transport, its jar, its defaults.
func BenchmarkIdle(b *testing.B) {
	b.Run("row=IdleSession", func(b *testing.B) {
		for _, k := range contenders {
			if !slices.Contains(k.lacks, "IdleSession") {
				b.Run("client="+k.name, func(b *testing.B) {
					for range b.N {
						b.ReportMetric(idle(k), "B/session")
					}
				})
			}
		}
	})
}

// idle returns the bytes per session that stay in use.
func idle(k contender) float64 {
	const n = 1000
	sessions := make([]client, n)
	before := inUse()
	for i := range sessions {
		sessions[i] = k.bare()
	}
	after := inUse()
	for _, s := range sessions {
		s.close()
	}
	return (float64(after) - float64(before)) / n
}

func inUse() uint64 {
	// Twice: what has a finalizer or a cleanup goes with the second.
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
