// Customtransport mounts transports of other libraries, and handlers in
// memory, under a session: an adapter is any http.RoundTripper. Its test does
// the same as the tests of a program would.
//
//	cd examples/customtransport && go run .
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/jarcoal/httpmock"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/recorder"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
)

// User is what the service of this example has.
type User struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

// Users is a client of the service: it knows a session, and nothing of what
// the session is mounted on.
type Users struct{ session *requests.Session }

// NewUsers returns a client of the service at base.
func NewUsers(base string, options ...requests.Option) (*Users, error) {
	session, err := requests.NewSession(append([]requests.Option{
		requests.WithBaseURL(base),
		requests.WithHeader("Accept", "application/json"),
		requests.WithTimeout(10 * time.Second),
	}, options...)...)
	if err != nil {
		return nil, err
	}
	return &Users{session}, nil
}

// Get fetches one user.
func (u *Users) Get(ctx context.Context, id string) (User, error) {
	return requests.JSON[User](u.session.Get(ctx, "users/{id}", requests.WithPathParam("id", id)))
}

// Add stores a user and returns it with its ID.
func (u *Users) Add(ctx context.Context, name string) (User, error) {
	return requests.JSON[User](u.session.Post(ctx, "users", requests.WithJSON(User{Name: name})))
}

// Close closes the session.
func (u *Users) Close() error { return u.session.Close() }

// service is the service itself, as a handler.
func service() http.Handler {
	answer := func(w http.ResponseWriter, u User) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(u)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/users/{id}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("id") != "42" {
			http.NotFound(w, r)
			return
		}
		answer(w, User{42, "Ada"})
	})
	mux.HandleFunc("POST /v1/users", func(w http.ResponseWriter, r *http.Request) {
		u := User{ID: 43}
		if err := json.NewDecoder(r.Body).Decode(&u); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		u.ID = 43
		answer(w, u)
	})
	return mux
}

// mock answers as httpmock is told.
func mock() (*httpmock.MockTransport, error) {
	found, err := httpmock.NewJsonResponder(http.StatusOK, User{42, "Ada"})
	if err != nil {
		return nil, err
	}
	added, err := httpmock.NewJsonResponder(http.StatusOK, User{43, "Grace"})
	if err != nil {
		return nil, err
	}
	t := httpmock.NewMockTransport()
	t.RegisterResponder("GET", "https://users.test/v1/users/42", found)
	t.RegisterResponder("POST", "https://users.test/v1/users", added)
	return t, nil
}

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	inMemory := adapters.Handler(service())

	fmt.Println("1. A handler in memory: the real service, without a network.")
	if err := show(ctx, inMemory); err != nil {
		return err
	}
	fmt.Println("2. httpmock: answers written down.")
	mocked, err := mock()
	if err != nil {
		return err
	}
	if err := show(ctx, mocked); err != nil {
		return err
	}
	fmt.Println("   calls:", mocked.GetTotalCallCount())

	dir, err := os.MkdirTemp("", "cassette")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cassette := filepath.Join(dir, "users")
	for _, step := range []struct {
		title string
		mode  recorder.Mode
		real  http.RoundTripper
	}{
		{"3. go-vcr records what is said,", recorder.ModeRecordOnly, inMemory},
		{"4. and plays it again: the service is not asked.", recorder.ModeReplayOnly, nil},
	} {
		fmt.Println(step.title)
		vcr, err := recorder.New(cassette, recorder.WithMode(step.mode), recorder.WithRealTransport(step.real), recorder.WithSkipRequestLatency(true))
		if err != nil {
			return err
		}
		if err := show(ctx, vcr); err != nil {
			return err
		}
		if err := vcr.Stop(); err != nil {
			return err
		}
	}
	return nil
}

func show(ctx context.Context, adapter http.RoundTripper) error {
	users, err := NewUsers("https://users.test/v1", requests.WithTransport(adapter))
	if err != nil {
		return err
	}
	defer users.Close()
	found, err := users.Get(ctx, "42")
	if err != nil {
		return err
	}
	added, err := users.Add(ctx, "Grace")
	if err != nil {
		return err
	}
	fmt.Printf("   %v %v\n", found, added)
	return nil
}
