package proxy_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/proxy"
)

// reference answers each case with Python requests' own functions. Its
// environment is emptied so that only the list at hand counts.
const reference = `
import json, os, sys
for name in list(os.environ):
    if name.lower().endswith("_proxy"):
        del os.environ[name]
from requests.utils import should_bypass_proxies, select_proxy
cases = json.load(sys.stdin)
json.dump([[should_bypass_proxies(c["url"], c["list"]), select_proxy(c["url"], c["map"])] for c in cases], sys.stdout)
`

type referenceCase struct {
	URL  string    `json:"url"`
	List string    `json:"list"`
	Map  proxy.Map `json:"map"`
}

// TestReference compares with Python requests what both define: lists without
// IPv6, "*.", ports on addresses and ports that a scheme implies (D24), and
// without the other spellings of a host and suffixes of addresses ("0.1"),
// where the reference is in error.
func TestReference(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed: nothing to compare with")
	}
	if out, err := exec.Command(python, "-c", "import requests").CombinedOutput(); err != nil {
		t.Skipf("Python requests is not installed: %s", bytes.TrimSpace(out))
	}
	cases := referenceCases(rand.New(rand.NewPCG(1, 2)), 4000)
	input, err := json.Marshal(cases)
	require.NoError(t, err)
	cmd := exec.Command(python, "-c", reference)
	cmd.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	require.NoError(t, err, stderr.String())

	var answers [][2]any
	require.NoError(t, json.Unmarshal(output, &answers))
	require.Len(t, answers, len(cases))
	bypassed, selected := 0, 0
	for i, c := range cases {
		u := parse(t, c.URL)
		require.Equal(t, answers[i][0], proxy.Bypass(c.List, u), "%q with the list %q", c.URL, c.List)
		want := "direct"
		if s, _ := answers[i][1].(string); s != "" {
			want = s
			selected++
		}
		got, err := c.Map.For(u)
		require.NoError(t, err)
		require.Equal(t, want, text(got), "%q by %v", c.URL, c.Map)
		if answers[i][0] == true {
			bypassed++
		}
	}
	// Cases that always have one answer would compare nothing.
	require.Greater(t, bypassed, len(cases)/10)
	require.Less(t, bypassed, len(cases)*9/10)
	require.Greater(t, selected, len(cases)/10)
	require.Less(t, selected, len(cases)*9/10)
}

func referenceCases(r *rand.Rand, n int) []referenceCase {
	pick := func(of []string) string { return of[r.IntN(len(of))] }
	hosts := []string{
		"example.org", "www.example.org", "notexample.org", "example.org.test", "org", "EXAMPLE.ORG", "localhost",
		"127.0.0.1", "10.0.0.1", "10.1.2.3", "192.168.1.255", "172.16.5.5", "1.example.org", "my_host",
	}
	entries := []string{
		"example.org", ".example.org", "..example.org", "www.example.org", "EXAMPLE.org", "org", "exam ple.org", "xample.org",
		"example.org:8080", ".example.org:8080", "www.example.org:81", "localhost", "127.0.0.1", "10.0.0.1", "10.0.0.0/8",
		"10.0.0.0/31", "10.1.2.3/32", "192.168.1.0/24", "172.16.0.0/12", "0.0.0.0/0", "128.0.0.0/1", "10.0.0.0/33", "10.0.0.0/x",
		"10.0.0.0/", "10.0.0.0/8/8", "/8", "", " ", "my_host", "*",
	}
	paths := []string{"/", "/a?b=c", "", "/example.org"}
	cases := make([]referenceCase, n)
	for i := range cases {
		c := &cases[i]
		scheme, host := pick([]string{"http", "https", "ftp"}), pick(hosts)
		c.URL = scheme + "://" + pick([]string{"", "", "u:p@"}) + host + pick([]string{"", "", ":8080", ":81"}) + pick(paths)
		if r.IntN(40) == 0 {
			c.URL = "file:///example.org"
		}
		list := make([]string, r.IntN(4))
		for j := range list {
			list[j] = pick(entries)
		}
		c.List = strings.Join(list, pick([]string{",", ", ", " ,"}))
		c.Map = proxy.Map{}
		for j := r.IntN(4); j > 0; j-- {
			key := pick([]string{"http", "https", "ftp", "file", "all", "http://" + host, "all://" + strings.ToLower(host), scheme + "://" + strings.ToLower(host), "HTTP"})
			c.Map[key] = pick([]string{"", fmt.Sprintf("http://%d.test", j), fmt.Sprintf("http://%d.test", j)})
		}
	}
	return cases
}
