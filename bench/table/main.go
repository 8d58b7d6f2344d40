// Command table reads the output of go test -bench for package bench and
// prints what each client costs relative to net/http by hand, beside what this
// library may cost at most and what it aims for.
//
//	go test -run '^$' -bench . -count 10 . | go run ./table
package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	results, err := parse(os.Stdin)
	if err == nil {
		err = write(os.Stdout, results)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		os.Exit(1)
	}
}

// write writes the table in Markdown, then how many rows hold.
func write(w io.Writer, r results) error {
	if _, ok := r["Overhead"]["nethttp"]; !ok {
		return fmt.Errorf("no measurement of net/http by hand among %d rows", len(r))
	}
	fmt.Fprintln(w, "Median of each client; in brackets time, over loopback the client's CPU time, relative to net/http by hand.")
	fmt.Fprintln(w)
	fmt.Fprint(w, "| scenario |")
	for _, c := range clients {
		fmt.Fprintf(w, " %s |", c.title)
	}
	fmt.Fprintln(w, " at most | aim | |")
	fmt.Fprint(w, "|---|")
	for range clients {
		fmt.Fprint(w, "---:|")
	}
	fmt.Fprintln(w, "---:|---:|---|")
	var barred, within, aimed int
	for _, row := range rows {
		cells, ok := r[row.name]
		if !ok {
			continue
		}
		fmt.Fprintf(w, "| %s |", row.title)
		for _, c := range clients {
			fmt.Fprintf(w, " %s |", row.cell(cells[c.name]))
		}
		ours, ok := cells["requests"]
		if !ok || row.atMost == (bar{}) {
			fmt.Fprintln(w, " | | |")
			continue
		}
		v := row.judge(ours)
		barred++
		if v.within {
			within++
		}
		if v.aimed {
			aimed++
		}
		fmt.Fprintf(w, " %s | %s | %s |\n", row.show(row.atMost), row.show(row.aim), v.mark)
	}
	fmt.Fprintf(w, "\n%d of %d rows at or under \"at most\", %d of %d at or under \"aim\" (two thirds are %d).\n",
		within, barred, aimed, barred, (2*barred+2)/3)
	return nil
}
