module github.com/seed-3bbad739/requests/examples/download

go 1.26.0

replace github.com/seed-3bbad739/requests => ../..

require (
	github.com/schollz/progressbar/v3 v3.19.1
	github.com/seed-3bbad739/requests v0.0.0
)

require (
	github.com/andybalholm/brotli v1.2.8 // indirect
	github.com/hashicorp/go-cleanhttp v0.5.2 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/mitchellh/colorstring v0.0.0-20190213212951-d06e56a500db // indirect
	github.com/rivo/uniseg v0.4.7 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/oauth2 v0.37.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/term v0.47.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/time v0.16.0 // indirect
)
