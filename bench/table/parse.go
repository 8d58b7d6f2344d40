package main

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// medians are a client's figures in one row, by unit. Those of "ratio of u"
// are of unit u relative to net/http by hand in the same run.
type medians map[string]float64

// results are by row and client.
type results map[string]map[string]medians

// parse reads lines such as
//
//	BenchmarkScenario/row=Overhead/client=requests-2  2000  4026 ns/op  30 allocs/op
//
// and takes the median of each figure over the runs. A failure among the
// benchmarks is an error: half a table would look like a whole one.
func parse(r io.Reader) (results, error) {
	runs := make(map[string]map[string]map[string][]float64)
	sc := bufio.NewScanner(r)
	for sc.Scan() {
		line := sc.Text()
		if strings.HasPrefix(line, "--- FAIL") || line == "FAIL" || strings.HasPrefix(line, "FAIL\t") {
			return nil, fmt.Errorf("a benchmark failed: %s", line)
		}
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		row, client, ok := names(fields[0])
		if !ok {
			continue
		}
		if runs[row] == nil {
			runs[row] = make(map[string]map[string][]float64)
		}
		if runs[row][client] == nil {
			runs[row][client] = make(map[string][]float64)
		}
		for i := 2; i+1 < len(fields); i += 2 {
			n, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("%q: %w", line, err)
			}
			runs[row][client][fields[i+1]] = append(runs[row][client][fields[i+1]], n)
		}
	}
	if err := sc.Err(); err != nil {
		return nil, err
	}
	out := make(results)
	for row, clients := range runs {
		out[row] = make(map[string]medians)
		for client, units := range clients {
			m := make(medians)
			for unit, values := range units {
				m[unit] = median(values)
				m["ratio of "+unit] = median(ratios(values, clients["nethttp"][unit]))
			}
			out[row][client] = m
		}
	}
	return out, nil
}

// names takes row and client from a benchmark's name, which ends in -2 where
// GOMAXPROCS is 2.
func names(s string) (row, client string, ok bool) {
	for part := range strings.SplitSeq(s, "/") {
		if v, is := strings.CutPrefix(part, "row="); is {
			row = v
		}
		if v, is := strings.CutPrefix(part, "client="); is {
			client, _, _ = strings.Cut(v, "-")
		}
	}
	return row, client, row != "" && client != ""
}

// ratios pairs the runs: what slows the machine down slows both of a pair.
func ratios(values, base []float64) []float64 {
	if len(values) != len(base) {
		values, base = []float64{median(values)}, []float64{median(base)}
	}
	var out []float64
	for i := range values {
		if base[i] != 0 {
			out = append(out, values[i]/base[i])
		}
	}
	return out
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	n := len(v)
	if n == 0 {
		return 0
	}
	if n%2 == 1 {
		return v[n/2]
	}
	return (v[n/2-1] + v[n/2]) / 2
}
