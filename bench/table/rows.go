package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// clients in the order of their columns.
var clients = []struct{ name, title string }{
	{"nethttp", "net/http by hand"},
	{"requests", "**requests**"},
	{"resty3", "resty v3"},
	{"resty2", "resty v2"},
	{"carlmjohnson", "carlmjohnson"},
	{"retryablehttp", "retryablehttp"},
	{"sling", "sling"},
	{"fasthttp", "fasthttp"},
}

// bar is a limit: for what a row counts, and for its ratio of time unless
// that is 0.
type bar struct{ count, ratio float64 }

// row is one scenario.
type row struct {
	name, title string
	unit        string // what is counted: allocs/op, B/op or B/session
	time        string // what the ratio is of: ns/op or cpu-ns/op; "" for none
	atMost, aim bar
}

const (
	wall = "ns/op"
	cpu  = "cpu-ns/op"
)

var rows = []row{
	{"Overhead", "Overhead: GET, 5 session headers, 1 + 2 params", "allocs/op", wall, bar{16, 0.9}, bar{11, 0.6}},
	{"OverheadAuth", "OverheadAuth: Basic, header override", "allocs/op", wall, bar{16, 1}, bar{13, 0.8}},
	{"OverheadGetJSON", "OverheadGetJSON: 2 KB decoded", "allocs/op", wall, bar{76, 1}, bar{68, 0.9}},
	{"OverheadPostJSON", "OverheadPostJSON: 1 KB struct", "allocs/op", wall, bar{72, 1}, bar{64, 0.9}},
	{"OverheadCookies", "OverheadCookies: 20 held, 5 match, 1 set", "allocs/op", wall, bar{30, 0.5}, bar{18, 0.3}},
	{"OverheadRedirect5", "OverheadRedirect5: with cookies", "allocs/op", wall, bar{110, 0.7}, bar{75, 0.45}},
	{"OverheadRetry", "OverheadRetry: 503, 503, 200", "allocs/op", wall, bar{38, 0.7}, bar{26, 0.5}},
	{"SessionNew", "SessionNew: made, used once, closed", "allocs/op", wall, bar{40, 1.4}, bar{28, 1}},
	{"GetSmall", "GetSmall over loopback", "allocs/op", cpu, bar{60, 1.05}, bar{54, 0.97}},
	{"GetAuth", "GetAuth over loopback", "allocs/op", cpu, bar{}, bar{}},
	{"GetJSON", "GetJSON over loopback", "allocs/op", cpu, bar{}, bar{}},
	{"PostJSON", "PostJSON over loopback", "allocs/op", cpu, bar{}, bar{}},
	{"Cookies", "Cookies over loopback", "allocs/op", cpu, bar{75, 0.95}, bar{60, 0.85}},
	{"Redirect5", "Redirect5 over loopback", "allocs/op", cpu, bar{330, 1}, bar{290, 0.93}},
	{"Retry", "Retry over loopback, connection reused", "allocs/op", cpu, bar{160, 1}, bar{140, 0}},
	{"Gzip1MiB", "Gzip 1 MiB read into memory", "B/op", cpu, bar{2.3e6, 1.05}, bar{1.2e6, 0.9}},
	{"Multipart8MiB", "Multipart 8 MiB", "B/op", cpu, bar{64e3, 1.15}, bar{45e3, 0}},
	{"Download64MiB", "Download 64 MiB to a file", "B/op", cpu, bar{45e3, 1.1}, bar{38e3, 1}},
	{"Parallel1", "1 goroutine on default settings", "allocs/op", cpu, bar{}, bar{}},
	{"Parallel8", "8 goroutines on default settings", "allocs/op", cpu, bar{}, bar{}},
	{"Parallel64", "64 goroutines on default settings", "allocs/op", cpu, bar{75, 0.5}, bar{62, 0.35}},
	{"Parallel256", "256 goroutines on default settings", "allocs/op", cpu, bar{}, bar{}},
	{"GetSmallTimeouts", "GetSmall over loopback with the default timeouts", "allocs/op", cpu, bar{72, 0}, bar{66, 0}},
	{"IdleSession", "idle session", "B/session", "", bar{1.5e3, 0}, bar{1e3, 0}},
}

// cell is a client's figure, with its relative time.
func (r *row) cell(c medians) string {
	if c == nil {
		return "–"
	}
	s := r.number(c[r.unit])
	if ratio, ok := r.ratio(c); ok {
		s += fmt.Sprintf(" (%.2f)", ratio)
	}
	return s
}

func (r *row) ratio(c medians) (float64, bool) {
	ratio := c["ratio of "+r.time]
	return ratio, r.time != "" && ratio > 0
}

func (r *row) number(n float64) string {
	switch {
	case r.unit == "allocs/op":
		return strconv.FormatFloat(math.Round(n), 'f', 0, 64)
	case n >= 999_500:
		return fmt.Sprintf("%.1f MB", n/1e6)
	case n >= 9_950:
		return fmt.Sprintf("%.0f KB", n/1e3)
	}
	return fmt.Sprintf("%.1f KB", n/1e3)
}

func (r *row) show(b bar) string {
	s := r.number(b.count)
	if b.ratio > 0 {
		s += fmt.Sprintf(" (%s)", strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.2f", b.ratio), "0"), "."))
	}
	return s
}

type verdict struct {
	within, aimed bool
	mark          string
}

// judge holds a measurement against both bars, at the precision that the
// table prints.
func (r *row) judge(c medians) verdict {
	over := func(b bar) []string {
		var missed []string
		if r.coarse(c[r.unit]) > b.count {
			missed = append(missed, strings.TrimSuffix(strings.TrimSuffix(r.unit, "/op"), "/session"))
		}
		if ratio, ok := r.ratio(c); ok && b.ratio > 0 && math.Round(ratio*100)/100 > b.ratio {
			missed = append(missed, "time")
		}
		return missed
	}
	if missed := over(r.atMost); missed != nil {
		return verdict{mark: "**MISSED** " + strings.Join(missed, ", ")}
	}
	if missed := over(r.aim); missed != nil {
		return verdict{within: true, mark: "aim missed: " + strings.Join(missed, ", ")}
	}
	return verdict{true, true, "ok"}
}

// coarse rounds as number does.
func (r *row) coarse(n float64) float64 {
	switch {
	case r.unit == "allocs/op":
		return math.Round(n)
	case n >= 999_500:
		return math.Round(n/1e5) * 1e5
	case n >= 9_950:
		return math.Round(n/1e3) * 1e3
	}
	return math.Round(n/1e2) * 1e2
}
