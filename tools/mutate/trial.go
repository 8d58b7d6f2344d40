package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// build holds the module with all mutants in it, beside the module itself.
type build struct {
	root    string
	scratch string
	overlay map[string]string // of files of the module, what is compiled in their place
	limits  map[tests]time.Duration
	litter  []string // directories that the tests of mutants may make
}

func newBuild(root string) (*build, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	scratch, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return nil, err
	}
	return &build{root: root, scratch: scratch, overlay: make(map[string]string), limits: make(map[tests]time.Duration)}, nil
}

// mutate writes the files of the rules with their mutants.
func (b *build) mutate(rules []rule) ([]*mutant, error) {
	var all []*mutant
	next := 0
	for _, r := range rules {
		text, err := os.ReadFile(filepath.Join(b.root, r.file))
		if err != nil {
			return nil, err
		}
		text, pkg, mutants, err := mutate(r.file, text, r.functions, &next)
		if err != nil {
			return nil, err
		}
		if err := b.replace(r.file, text); err != nil {
			return nil, err
		}
		if err := b.replace(path.Join(path.Dir(r.file), "mutant_switches.go"), []byte("package "+pkg+switches)); err != nil {
			return nil, err
		}
		for _, m := range mutants {
			m.tests = r.tests
		}
		all = append(all, mutants...)
	}
	return all, nil
}

func (b *build) replace(file string, text []byte) error {
	at := filepath.Join(b.scratch, strings.ReplaceAll(file, "/", "-"))
	b.overlay[filepath.Join(b.root, file)] = at
	return os.WriteFile(at, text, 0o600)
}

// compile builds the tests of mutants, runs them with all mutants asleep, when
// they must pass, and notes how long they may take.
func (b *build) compile(mutants []*mutant) error {
	overlay, err := json.Marshal(map[string]any{"Replace": b.overlay})
	if err != nil {
		return err
	}
	file := filepath.Join(b.scratch, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		return err
	}
	built := make(map[string]bool)
	for _, m := range mutants {
		for _, t := range m.tests {
			if b.limits[t] > 0 {
				continue
			}
			if !built[t.dir] {
				built[t.dir] = true
				b.keepClean(filepath.Join(b.root, t.dir, "testdata", "rapid"))
				c := exec.Command("go", "test", "-c", "-overlay", file, "-o", b.binary(t), t.dir)
				c.Dir, c.Env = b.root, append(os.Environ(), "GOWORK=off")
				if out, err := c.CombinedOutput(); err != nil {
					return fmt.Errorf("%s: %w\n%s", t.dir, err, out)
				}
			}
			start := time.Now()
			how, _, out := b.run(t, 0, 10*time.Minute)
			if how != "" || bytes.Contains(out, []byte("no tests to run")) {
				return fmt.Errorf("%s: without a mutant the tests must run and pass\n%s", t, out)
			}
			took := time.Since(start)
			fmt.Printf("%s: %s without a mutant\n", t, took.Round(10*time.Millisecond))
			b.limits[t] = 15*time.Second + 4*took
		}
	}
	return nil
}

// keepClean has dir, where rapid notes what failed, removed in the end unless
// it was there before: what a mutant failed on is no case to keep.
func (b *build) keepClean(dir string) {
	if _, err := os.Stat(dir); err != nil {
		b.litter = append(b.litter, dir)
	}
}

// clean removes what the run has left behind.
func (b *build) clean() {
	for _, dir := range b.litter {
		os.RemoveAll(dir)
		os.Remove(filepath.Dir(dir)) // testdata, if nothing else is in it
	}
	os.RemoveAll(b.scratch)
}

func (b *build) binary(t tests) string {
	return filepath.Join(b.scratch, "test-"+regexp.MustCompile(`\W+`).ReplaceAllString(t.dir, "-"))
}

// A verdict is how a mutant ended.
type verdict struct {
	*mutant
	how  string // failed, panicked or hung; "": it survived
	test string // the first that noticed, if it is known
}

// try runs the tests of each mutant until some notice.
// Of one that nothing should notice, as patient says, slow tests are no sign.
func (b *build) try(mutants []*mutant, workers int, patient func(*mutant) bool, report func(verdict)) {
	next := make(chan *mutant)
	var mu sync.Mutex // guards report
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for m := range next {
				v := verdict{mutant: m}
				for _, t := range m.tests {
					limit := b.limits[t]
					if patient(m) {
						limit *= 5
					}
					if v.how, v.test, _ = b.run(t, m.id, limit); v.how != "" {
						break
					}
				}
				mu.Lock()
				report(v)
				mu.Unlock()
			}
		})
	}
	for _, m := range mutants {
		next <- m
	}
	close(next)
	wg.Wait()
}

// A mutant may ask for memory without end.
const limited = `ulimit -v 8000000; exec "$@"`

var failure = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

func (b *build) run(t tests, id int, limit time.Duration) (how, test string, out []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	c := exec.CommandContext(ctx, "sh", "-c", limited, "sh", b.binary(t),
		"-test.short", "-test.failfast", "-test.timeout=0", "-test.run="+t.run, "-test.skip="+t.skip)
	c.Dir, c.Env = filepath.Join(b.root, t.dir), append(os.Environ(), "MUTANT="+strconv.Itoa(id))
	c.WaitDelay = time.Second
	out, err := c.CombinedOutput()
	if err == nil {
		return "", "", out
	}
	test = "a test"
	if found := failure.FindSubmatch(out); found != nil {
		test = string(found[1])
	}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return "hung", test, out
	case errors.As(err, &exit) && exit.ExitCode() == 1:
		return "failed", test, out
	}
	return "panicked", test, out
}
