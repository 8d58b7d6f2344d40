// The pages example walks through the pages of a list that a server of its own
// gives, by the Link field of each page.
//
//	go run ./examples/pages
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/auth"
)

// planet is an element of the list.
type planet struct {
	Name  string `json:"name"`
	Moons int    `json:"moons"`
}

var planets = []planet{{"Mercury", 0}, {"Venus", 0}, {"Earth", 1}, {"Mars", 2}, {"Jupiter", 97}, {"Saturn", 274}, {"Uranus", 28}, {"Neptune", 16}}

// list answers with the planets of one page, and says where the next one is.
func list(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer t0ken" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	page, _ := strconv.Atoi(r.FormValue("page"))
	size, _ := strconv.Atoi(r.FormValue("size"))
	first := min(page*size, len(planets))
	last := min(first+size, len(planets))
	if last < len(planets) {
		w.Header().Set("Link", fmt.Sprintf(`</planets?page=%d&size=%d>; rel="next"`, page+1, size))
	}
	json.NewEncoder(w).Encode(planets[first:last])
}

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/planets", list)
	server := httptest.NewServer(mux)
	defer server.Close()
	if err := run(server.URL); err != nil {
		log.Fatal(err)
	}
}

func run(server string) error {
	session, err := requests.NewSession(
		requests.WithBaseURL(server),
		requests.WithAuth(auth.Bearer("t0ken")), // stays with this server, wherever a Link leads
		requests.WithRaiseForStatus(true),
		requests.WithEnvironment(false), // the server is of this program: no proxy leads to it
	)
	if err != nil {
		return err
	}
	defer session.Close()

	n := 0
	for page, err := range requests.Pages(context.Background(), session, "planets", requests.WithParam("size", "3")) {
		if err != nil {
			return err
		}
		n++
		fmt.Printf("page %d, %s\n", n, page.Request.URL.RequestURI())
		for p, err := range requests.Values[planet](page) {
			if err != nil {
				return err
			}
			fmt.Printf("   %-8s moons: %3d\n", p.Name, p.Moons)
			if p.Moons > 200 {
				fmt.Println("that is enough: no further page is asked for")
				return nil
			}
		}
	}
	return nil
}
