// Package requests is an HTTP client with persistent sessions over net/http.
package requests
