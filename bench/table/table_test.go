package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const runs = `goos: linux
BenchmarkScenario/row=Overhead/client=nethttp-2    1000  1000 ns/op  900 cpu-ns/op  2480 B/op  27 allocs/op
BenchmarkScenario/row=Overhead/client=nethttp-2    1000  3000 ns/op  900 cpu-ns/op  2480 B/op  27 allocs/op
BenchmarkScenario/row=Overhead/client=nethttp-2    1000  2000 ns/op  900 cpu-ns/op  2480 B/op  27 allocs/op
BenchmarkScenario/row=Overhead/client=requests-2   1000  1500 ns/op  900 cpu-ns/op  2480 B/op  11 allocs/op
BenchmarkScenario/row=SessionNew/client=nethttp-2  1000  1000 ns/op  900 cpu-ns/op  2480 B/op  30 allocs/op
BenchmarkScenario/row=SessionNew/client=requests-2 1000  1000 ns/op  900 cpu-ns/op  2480 B/op  41 allocs/op
PASS
`

func TestTable(t *testing.T) {
	r, err := parse(strings.NewReader(runs))
	require.NoError(t, err)
	require.Equal(t, 2000.0, r["Overhead"]["nethttp"]["ns/op"], "the median")

	var b strings.Builder
	require.NoError(t, write(&b, r))
	require.Contains(t, b.String(), "| 27 (1.00) | 11 (0.75) | – | – | – | – | – | – | 16 (0.9) | 11 (0.6) | aim missed: time |")
	require.Contains(t, b.String(), "| 40 (1.4) | 28 (1) | **MISSED** allocs |")
	require.Contains(t, b.String(), `1 of 2 rows at or under "at most", 0 of 2 at or under "aim" (two thirds are 2).`)
}

func TestTable_refusesHalfARun(t *testing.T) {
	_, err := parse(strings.NewReader(runs + "--- FAIL: BenchmarkScenario/row=Retry\n"))
	require.ErrorContains(t, err, "failed")

	r, err := parse(strings.NewReader("PASS\n"))
	require.NoError(t, err)
	require.Error(t, write(new(strings.Builder), r))
}
