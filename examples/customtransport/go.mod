module github.com/seed-3bbad739/requests/examples/customtransport

go 1.26.0

replace github.com/seed-3bbad739/requests => ../..

require (
	github.com/jarcoal/httpmock v1.4.2 // indirect
	gopkg.in/dnaeon/go-vcr.v4 v4.0.7 // indirect
)
