// Unixsocket talks to a server that listens on a unix domain socket, as Docker
// and other daemons do: with the socket in the URL, or with one for the whole
// session.
//
//	go run ./examples/unixsocket
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
)

func main() {
	dir, err := os.MkdirTemp("", "socket")
	if err != nil {
		log.Fatal(err)
	}
	err = run(filepath.Join(dir, "daemon.sock"))
	os.RemoveAll(dir)
	if err != nil {
		log.Fatal(err)
	}
}

func run(socket string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	daemon, err := startDaemon(socket)
	if err != nil {
		return err
	}
	defer daemon.Close()

	fmt.Println("1. The socket is the host of the URL, its path escaped.")
	unix := adapters.Unix()
	defer unix.(interface{ Close() error }).Close()
	session, err := requests.NewSession(
		requests.WithAdapter("http+unix://", unix),
		requests.WithBaseURL("http+unix://"+url.PathEscape(socket)+"/v1"),
	)
	if err != nil {
		return err
	}
	defer session.Close()
	info, err := requests.Text(session.Get(ctx, "info"))
	if err != nil {
		return err
	}
	fmt.Println("   " + info)

	fmt.Println("2. No redirect leads to a socket.")
	err = session.Mount("http://trap.test", adapters.Handler(http.RedirectHandler("http+unix://"+url.PathEscape(socket)+"/v1/info", http.StatusFound)))
	if err != nil {
		return err
	}
	_, err = session.Get(ctx, "http://trap.test/")
	if !errors.Is(err, requests.ErrNoAdapter) {
		return fmt.Errorf("unexpectedly: %w", err)
	}
	fmt.Println("   refused")

	fmt.Println("3. Or every http URL of a session goes to one socket.")
	pool := adapters.New(adapters.Options{Socket: socket})
	defer pool.Close()
	session, err = requests.NewSession(
		requests.WithAdapter("http://", pool),
		requests.WithBaseURL("http://daemon.test/v1"),
		requests.WithEnvironment(false), // a socket is not behind a proxy
	)
	if err != nil {
		return err
	}
	defer session.Close()
	for _, path := range []string{"info", "old"} { // the second redirects to the first
		if info, err = requests.Text(session.Get(ctx, path)); err != nil {
			return err
		}
		fmt.Println("   " + info)
	}
	return nil
}

// startDaemon serves on socket.
func startDaemon(socket string) (*http.Server, error) {
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/v1/info", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s at %s", r.Method, r.URL.Path, r.Host)
	})
	mux.Handle("/v1/old", http.RedirectHandler("info", http.StatusFound))
	s := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go s.Serve(l)
	return s, nil
}
