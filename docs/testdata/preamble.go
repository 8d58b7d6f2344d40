// Package preamble holds the names that a block on a page may use without
// saying where they come from. A block gets those it uses and does not declare.
package preamble

import (
	"context"
	"log/slog"
	"net/http"
	"os"

	"github.com/seed-3bbad739/requests"
)

var (
	ctx = context.Background()
	err error

	// The session that most blocks are about.
	session = requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.com/v1/")))

	// What a program had before this library.
	client = http.DefaultClient

	// What a program has at hand.
	id       = "42"
	user     User
	newUser  = User{Name: "Ada"}
	token    = "t0ken"
	password = "pa55word"
	logger   = slog.New(slog.NewTextHandler(os.Stderr, nil))
	mux      = http.NewServeMux()
)

// User is what the API at api.example.com knows about somebody.
type User struct {
	ID   int    `json:"id,omitempty"`
	Name string `json:"name"`
}
