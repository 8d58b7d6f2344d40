package bench_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
)

// scenario is the work that is measured: the same for every client.
type scenario struct {
	name     string
	network  bool // over loopback, the server in another process
	setup    setup
	parallel int // goroutines; 0: the measuring one
	run      func(ctx context.Context, c client, w *work) error
	uploads  bool
	// perSession scenarios make a session for every call.
	perSession bool
}

// work is where the files of a measurement are.
type work struct {
	upload string // what is sent
	dir    string // where downloads go
}

var scenarios = []scenario{
	{name: "Overhead", setup: setup{params: true}, run: get("/items")},
	{name: "OverheadAuth", setup: setup{auth: true}, run: getAs},
	{name: "OverheadGetJSON", run: getJSON},
	{name: "OverheadPostJSON", run: postJSON},
	{name: "OverheadCookies", setup: setup{params: true, cookies: 5}, run: get("/cookies")},
	{name: "OverheadRedirect5", setup: setup{params: true, cookies: 1}, run: get("/redirect/5")},
	{name: "OverheadRetry", setup: setup{params: true, retry: true}, run: get("/retry")},
	{name: "SessionNew", setup: setup{params: true}, run: get("/items"), perSession: true},
	{name: "GetSmall", network: true, setup: setup{params: true}, run: get("/items")},
	{name: "GetAuth", network: true, setup: setup{auth: true}, run: getAs},
	{name: "GetJSON", network: true, run: getJSON},
	{name: "PostJSON", network: true, run: postJSON},
	{name: "Cookies", network: true, setup: setup{params: true, cookies: 5}, run: get("/cookies")},
	{name: "Redirect5", network: true, setup: setup{params: true, cookies: 1}, run: get("/redirect/5")},
	{name: "Retry", network: true, setup: setup{params: true, retry: true}, run: get("/retry")},
	{name: "Gzip1MiB", network: true, run: getLarge},
	{name: "Multipart8MiB", network: true, run: upload, uploads: true},
	{name: "Download64MiB", network: true, run: download},
	{name: "Parallel1", network: true, setup: setup{params: true, asItComes: true}, run: get("/items"), parallel: 1},
	{name: "Parallel8", network: true, setup: setup{params: true, asItComes: true}, run: get("/items"), parallel: 8},
	{name: "Parallel64", network: true, setup: setup{params: true, asItComes: true}, run: get("/items"), parallel: 64},
	{name: "Parallel256", network: true, setup: setup{params: true, asItComes: true}, run: get("/items"), parallel: 256},
	{name: "GetSmallTimeouts", network: true, setup: setup{params: true, timeouts: true}, run: get("/items")},
}

func get(path string) func(context.Context, client, *work) error {
	return func(ctx context.Context, c client, _ *work) error {
		b, err := c.get(ctx, path)
		if err == nil && string(b) != small {
			err = fmt.Errorf("content is %.100q", b)
		}
		return err
	}
}

func getAs(ctx context.Context, c client, _ *work) error {
	b, err := c.getAs(ctx, "/auth", acceptOverride)
	if err == nil && string(b) != small {
		err = fmt.Errorf("content is %.100q", b)
	}
	return err
}

func getJSON(ctx context.Context, c client, _ *work) error {
	var d document
	err := c.getJSON(ctx, "/json", &d)
	if err == nil && (len(d.Items) != len(theDocument.Items) || d.Total != theDocument.Total) {
		err = fmt.Errorf("decoded %+v", d)
	}
	return err
}

func postJSON(ctx context.Context, c client, _ *work) error {
	r, err := c.postJSON(ctx, "/orders", theOrder)
	if err == nil && (r.Reference != theOrder.Reference || len(r.Lines) != len(theOrder.Lines)) {
		err = fmt.Errorf("decoded %+v", r)
	}
	return err
}

func getLarge(ctx context.Context, c client, _ *work) error {
	b, err := c.get(ctx, "/large")
	if err == nil && !bytes.Equal(b, large()) {
		err = fmt.Errorf("content of %d bytes is not what was sent", len(b))
	}
	return err
}

func upload(ctx context.Context, c client, w *work) error {
	r, err := c.upload(ctx, "/upload", w.upload)
	if err == nil && r != uploadReceipt() {
		err = fmt.Errorf("receipt is %+v", r)
	}
	return err
}

func download(ctx context.Context, c client, w *work) error {
	return c.download(ctx, "/download", filepath.Join(w.dir, "downloaded"))
}
