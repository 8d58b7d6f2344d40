package docs_test

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	restyv2 "github.com/go-resty/resty/v2"
	"github.com/stretchr/testify/require"
	"resty.dev/v3"
)

// The page for users of resty names whatever sets something on a client or a
// request of either version, and all that a response has.
func TestRestySurface(t *testing.T) {
	page, err := os.ReadFile("from-resty.md")
	require.NoError(t, err)
	setter := regexp.MustCompile(`^(Set|Add|On|Enable|Disable|Remove)[A-Z]`)
	for _, v := range []any{
		(*resty.Client)(nil), (*resty.Request)(nil), (*resty.Response)(nil),
		(*restyv2.Client)(nil), (*restyv2.Request)(nil), (*restyv2.Response)(nil),
	} {
		typ := reflect.TypeOf(v)
		require.NotZero(t, typ.NumMethod())
		for m := range typ.Methods() {
			if typ.Elem().Name() != "Response" && !setter.MatchString(m.Name) {
				continue
			}
			if !strings.Contains(string(page), "`"+m.Name+"`") {
				t.Errorf("%v has %s, and the page does not say what became of it", typ, m.Name)
			}
		}
	}
}
