// Mutate shows that the rules of redirects, origins and cookies are tested: it
// puts each of their conditions wrong, one at a time, and expects a test to
// fail.
//
// A mutant is a condition inverted ("not"), an operand of && or || left out
// ("drop"), a value of a switch inverted ("case"), or a comparison by order
// that is wrong for equal values ("edge"). rules.txt names the files and the
// tests that must notice. What no test can notice, as it changes nothing that
// can be seen from outside, is listed in equivalent.txt with the reason.
//
// It fails for a mutant that survives and is not listed, and for a line of
// equivalent.txt whose mutant is gone or fails a test after all.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"text/tabwriter"
	"time"

	"github.com/seed-3bbad739/requests/tools/internal/reasons"
)

func main() {
	only := flag.String("only", "", "try the mutants whose name this regular expression matches")
	list := flag.Bool("list", false, "list the mutants and try none")
	verbose := flag.Bool("v", false, "report each mutant and the test that noticed")
	workers := flag.Int("workers", 1, "how many to try at once")
	root := flag.String("root", "..", "the directory of the module whose rules they are")
	flag.Parse()
	if err := run(*root, *only, *list, *verbose, *workers); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(root, only string, list, verbose bool, workers int) error {
	chosen, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	rules, err := readRules(root + "/tools/mutate/rules.txt")
	if err != nil {
		return err
	}
	equivalent, err := reasons.Read(root + "/tools/mutate/equivalent.txt")
	if err != nil {
		return err
	}
	b, err := newBuild(root)
	if err != nil {
		return err
	}
	defer b.clean()
	mutants, err := b.mutate(rules)
	if err != nil {
		return err
	}
	var tried []*mutant
	for _, m := range mutants {
		if chosen.MatchString(m.name) {
			tried = append(tried, m)
		}
	}
	if list {
		for _, m := range tried {
			fmt.Println(m.name)
		}
		return nil
	}
	if err := b.compile(tried); err != nil {
		return err
	}
	r := newReport(len(tried), equivalent, verbose)
	b.try(tried, workers, func(m *mutant) bool { return equivalent[m.name] }, r.add)
	return r.finish(mutants)
}

// A report gathers verdicts and says what is wrong as it becomes known.
type report struct {
	start      time.Time
	all, done  int
	equivalent map[string]bool // listed as such
	verbose    bool
	rows       map[string]*row
	files      []string
	faults     int
}

type row struct{ mutants, failed, panicked, hung, equivalent, survived int }

func newReport(all int, equivalent map[string]bool, verbose bool) *report {
	return &report{start: time.Now(), all: all, equivalent: equivalent, verbose: verbose, rows: make(map[string]*row)}
}

func (r *report) add(v verdict) {
	r.done++
	w := r.rows[v.file]
	if w == nil {
		w = new(row)
		r.rows[v.file] = w
		r.files = append(r.files, v.file)
	}
	w.mutants++
	listed := r.equivalent[v.name]
	switch {
	case v.how == "" && listed:
		w.equivalent++
	case v.how == "":
		w.survived++
		r.fault("survived, line %d: %s", v.line, v.name)
	case listed:
		r.fault("listed as equivalent, but %s %s: %s", v.test, v.how, v.name)
	}
	switch v.how {
	case "failed":
		w.failed++
	case "panicked":
		w.panicked++
	case "hung":
		w.hung++
	}
	if r.verbose {
		fmt.Printf("%s: %s %s\n", v.name, v.test, v.how)
	}
	if r.done%50 == 0 || r.done == r.all {
		fmt.Printf("%d of %d, %s\n", r.done, r.all, time.Since(r.start).Round(time.Second))
	}
}

func (r *report) fault(format string, a ...any) {
	r.faults++
	fmt.Printf(format+"\n", a...)
}

// finish prints the table. Of mutants, all that there are, some may not have
// been tried.
func (r *report) finish(mutants []*mutant) error {
	known := make(map[string]bool, len(mutants))
	for _, m := range mutants {
		known[m.name] = true
	}
	for name := range r.equivalent {
		if !known[name] {
			r.fault("listed as equivalent, but there is no such mutant: %s", name)
		}
	}
	var sum row
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "mutants\tfailed\tpanicked\thung\tequivalent\tsurvived\t  file")
	line := func(w *row, name string) {
		fmt.Fprintf(t, "%d\t%d\t%d\t%d\t%d\t%d\t  %s\n", w.mutants, w.failed, w.panicked, w.hung, w.equivalent, w.survived, name)
	}
	for _, name := range r.files {
		w := r.rows[name]
		line(w, name)
		sum = row{sum.mutants + w.mutants, sum.failed + w.failed, sum.panicked + w.panicked, sum.hung + w.hung,
			sum.equivalent + w.equivalent, sum.survived + w.survived}
	}
	line(&sum, "in all")
	if err := t.Flush(); err != nil {
		return err
	}
	if r.faults > 0 {
		return errors.New("write the test that is missing, or mend equivalent.txt")
	}
	return nil
}
