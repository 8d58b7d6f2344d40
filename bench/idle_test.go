package bench_test

import (
	"net/http"
	"time"

	"github.com/dghubble/sling"
	restyv2 "github.com/go-resty/resty/v2"
	"github.com/hashicorp/go-retryablehttp"
	"resty.dev/v3"

	carl "github.com/carlmjohnson/requests"
	"github.com/seed-3bbad739/requests"
)

func ownClient() *http.Client {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, IdleConnTimeout: 90 * time.Second}
	return &http.Client{Transport: t, Jar: newJar(setup{})}
}

func bareByHand() client { return &byHand{http: ownClient()} }

func bareSession() client { return &session{requests.Must(requests.NewSession())} }

func bareResty3() client { return &resty3{resty.New()} }

func bareResty2() client { return &resty2{restyv2.New()} }

func bareCarlmjohnson() client {
	c := ownClient()
	return &carlmjohnson{carl.New().Client(c), c}
}

func bareRetryable() client {
	c := retryablehttp.NewClient()
	c.HTTPClient.Jar = newJar(setup{})
	return &retryable{Client: c}
}

func bareSling() client {
	c := ownClient()
	return &slings{sling.New().Client(c), c}
}
