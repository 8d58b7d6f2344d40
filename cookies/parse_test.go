package cookies_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-3bbad739/requests/cookies"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lineTest is a response's Set-Cookie lines and what a later request sends.
type lineTest struct {
	name  string
	lines []string
	want  string // the Cookie field
}

const (
	home   = "http://home.example.test:8888/shop/set"
	result = "http://home.example.test:8888/shop/result"
)

func run(t *testing.T, from, to string, tests []lineTest) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			j := cookies.New(nil)
			store(t, j, from, tt.lines...)
			assert.Equal(t, tt.want, j.Header(mustURL(t, to)))
		})
	}
}

func one(line string) []string { return []string{line} }

func TestJar_names(t *testing.T) {
	run(t, home, result, []lineTest{
		{"a pair", one("id=7"), "id=7"},
		{"a digit is a name", one("1=x"), "1=x"},
		{"a dollar is a name", one("$=x"), "$=x"},
		{"a name may begin with an exclamation mark", one("!id=x"), "!id=x"},
		{"a name may begin with an at sign", one("@id=x"), "@id=x"},
		{"a name may begin with a number sign", one("#id=x"), "#id=x"},
		{"a name may begin with a dollar", one("$id=x"), "$id=x"},
		{"a name may begin with a per cent sign", one("%id=x"), "%id=x"},
		{"a name may begin with a circumflex", one("^id=x"), "^id=x"},
		{"a name may begin with an ampersand", one("&id=x"), "&id=x"},
		{"a name may begin with an asterisk", one("*id=x"), "*id=x"},
		{"a name may begin with an opening bracket", one("(id=x"), "(id=x"},
		{"a name may begin with a closing bracket", one(")id=x"), ")id=x"},
		{"a name may begin with a hyphen", one("-id=x"), "-id=x"},
		{"a name may begin with an underscore", one("_id=x"), "_id=x"},
		{"a plus is a name", one("+=x"), "+=x"},
		{"a name may hold a comma", one("a,b=x"), "a,b=x"},
		{"a name may hold a colon", one("a:b=x"), "a:b=x"},
		{"a name may hold a slash", one("a/b=x"), "a/b=x"},
		{"a name may hold brackets", one("a[0]{k}=x"), "a[0]{k}=x"},
		{"a name may hold a space", one("first name=x"), "first name=x"},
		{"a name may hold a tab", one("first\tname=x"), "first\tname=x"},
		{"a name keeps its case", one("iD=x"), "iD=x"},
		{"names that differ in case are two", []string{"id=x", "ID=y"}, "id=x; ID=y"},
		{"space before a name goes", one("    id=x"), "id=x"},
		{"space behind a name goes", one("id   =x"), "id=x"},
		{"tabs around a name go", one("\t id \t=x"), "id=x"},
		{"a quotation mark belongs to the name", one(`"id=x`), `"id=x`},
		{"quotation marks do not protect =", one(`"a=b"=x`), `"a=b"=x`},
		{"a quoted name is the name of its next setting", []string{`"a=b"=x`, `"a=z`}, `"a=z`},
		{"an old version attribute is a cookie at the front", one("$Version=1; id=x"), "$Version=1"},
		{"D62 no = makes a nameless cookie", one("plain"), "plain"},
		{"D62 nothing before = makes a nameless cookie", one("=plain"), "plain"},
		{"D62 space before = makes a nameless cookie", one("  =plain"), "plain"},
		{"D62 a nameless value may hold =", one("=a=b"), "a=b"},
		{"D62 two = at the front leave one", one("==a"), "=a"},
		{"D62 three = at the front leave two", one("===a=b"), "==a=b"},
		{"D62 a nameless cookie has attributes", one("plain; Path=/other"), ""},
		{"D62 a later nameless cookie replaces the first", []string{"one", "two"}, "two"},
		{"D62 both ways of having no name are one cookie", []string{"one", "=two"}, "two"},
		{"D62 a nameless cookie stands beside others", []string{"a=1", "=x", "c=2"}, "a=1; x; c=2"},
		{"D62 quotation marks make no name", one(`"a\"b"; path=/`), `"a\"b"`},
		{"D62 a semicolon within quotation marks ends the pair", one(`"a;b"=x`), `"a`},
		{"R106 neither name nor value is no cookie", one("="), ""},
		{"R106 nothing is no cookie", one(""), ""},
		{"R106 space is no cookie", one("    "), ""},
		{"R106 a tab is no cookie", one("\t"), ""},
		{"R106 space around = is no cookie", one("  =  "), ""},
		{"R106 a semicolon is no cookie", one(";"), ""},
		{"R106 attributes alone are no cookie", one("; Path=/; x=y"), ""},
		{"R106 = and attributes are no cookie", one("=; Path=/"), ""},
		{"an empty line leaves what there is", []string{"a=1", ""}, "a=1"},
		{"an empty pair leaves what there is", []string{"a=1", "=", "c=2"}, "a=1; c=2"},
		{"an attribute at the front leaves what there is", []string{"plain", "; more"}, "plain"},
		{"an attribute's word is a name at the front", one("Path=/other"), "Path=/other"},
		{"Secure is a value at the front", one("Secure"), "Secure"},
	})
}

func TestJar_values(t *testing.T) {
	run(t, home, result, []lineTest{
		{"R106 a value may be empty", one("id="), "id="},
		{"R106 an empty value with attributes", one("id=;  path = /"), "id="},
		{"R106 a value keeps further =", one("id=a=b=c"), "id=a=b=c"},
		{"a value may begin with =", one("  id=== x  ;foo;;;   bar"), "id=== x"},
		{"R106 space around a value goes", one("id=   x   "), "id=x"},
		{"R106 tabs around a value go", one("id=\tx\t"), "id=x"},
		{"R106 space before the semicolon goes", one("id=x    ;"), "id=x"},
		{"space within a value stays", one("id=x  y"), "id=x  y"},
		{"a tab within a value stays", one("id=x\ty"), "id=x\ty"},
		{"a value of spaces is empty", one("id=    "), "id="},
		{"R106 a comma does not separate cookies", one("a=1, b=2"), "a=1, b=2"},
		{"a comma at the end stays", one("a=1,"), "a=1,"},
		{"R106 quotation marks stay", one(`id="x"`), `id="x"`},
		{"space within quotation marks stays", one(`id="  x "`), `id="  x "`},
		{"space behind quotation marks goes", one(`id="x "   ;`), `id="x "`},
		{"quotation marks do not protect a semicolon", one(`id="x;y"`), `id="x`},
		{"a quoted semicolon and more", one(`id="x;y" ; ;`), `id="x`},
		{"quotation marks do not protect =, which needs none", one(`id="a=b"`), `id="a=b"`},
		{"a comma within quotation marks stays", one(`id="a, b=c"`), `id="a, b=c"`},
		{"an opening quotation mark alone", one(`id="x`), `id="x`},
		{"a closing quotation mark alone", one(`id=x"`), `id=x"`},
		{"a quotation mark within", one(`id=x"y ;`), `id=x"y`},
		{"a lone quotation mark", one(`id="`), `id="`},
		{"an empty quoted value", one(`id=""`), `id=""`},
		{"two quoted parts", one(`id="x "   "y"  ;`), `id="x "   "y"`},
		{"a backslash stays", one(`id=a\b`), `id=a\b`},
		{"an escaped quotation mark stays", one(`id="a\"b"`), `id="a\"b"`},
		{"an escaped quotation mark does not protect a semicolon", one(`t="f! = o;r\";" p; max-age=6`), `t="f! = o`},
		{"a value is not decoded", one("id=%3B+%20"), "id=%3B+%20"},
		{"a value may be JSON", one(`id={"a":[1,2]}`), `id={"a":[1,2]}`},
		{"a value may be a URL", one("id=https://x.test/?a=b&c#d"), "id=https://x.test/?a=b&c#d"},
		{"UTF-8 stays", one("id=春节回家路·春运"), "id=春节回家路·春运"},
		{"UTF-8 stays within quotation marks", one(`id="春节"`), `id="春节"`},
		{"UTF-8 may be a name", one("春节=家"), "春节=家"},
		{"UTF-8 ends at a semicolon", one("春节=家; 完全手册"), "春节=家"},
		{"Latin-1 bytes stay", one("id=caf\xe9"), "id=caf\xe9"},
		{"bytes of no character set stay", one("id=\xff\xfe\x80"), "id=\xff\xfe\x80"},
		{"a no-break space is not trimmed", one("id=\u00a0x\u00a0"), "id=\u00a0x\u00a0"},
		{"an em space is not trimmed", one("id=\u2003x"), "id=\u2003x"},
		{"a NEL is not trimmed", one("id=\u0085x"), "id=\u0085x"},
		{"R106 a later line replaces the value", []string{"id=x", "id=y"}, "id=y"},
		{"a later line keeps the place", []string{"a=1", "b=2", "a=3"}, "a=3; b=2"},
		{"cookies stay in the order of their lines", []string{"z=1", "a=2"}, "z=1; a=2"},
		{"a value may become empty", []string{"id=x", "id="}, "id="},
		{"a NUL refuses the cookie", one("id=a\x00b"), ""},
		{"a line feed refuses the cookie", one("id=a\nb"), ""},
		{"a carriage return refuses the cookie", one("id=a\rb"), ""},
		{"an escape refuses the cookie", one("id=a\x1bb"), ""},
		{"a form feed refuses the cookie", one("id=a\fb"), ""},
		{"DEL refuses the cookie", one("id=a\x7fb"), ""},
		{"a control in a name refuses the cookie", one("i\x01d=x"), ""},
		{"a control in an attribute refuses the cookie", one("id=x; note=\x02"), ""},
		{"a control leaves the earlier cookie", []string{"id=x", "id=\x02"}, "id=x"},
		{"4096 bytes are kept", one("n=" + strings.Repeat("v", 4095)), "n=" + strings.Repeat("v", 4095)},
		{"4097 bytes are refused", one("n=" + strings.Repeat("v", 4096)), ""},
		{"a name counts", one(strings.Repeat("n", 4096) + "=v"), ""},
		{"a nameless value counts", one(strings.Repeat("v", 4097)), ""},
		{"attributes do not count", one("n=v; x=" + strings.Repeat("v", 9000)), "n=v"},
	})
}

func TestJar_attributes(t *testing.T) {
	long := "/" + strings.Repeat("p", cookies.MaxAttribute)
	run(t, home, result, []lineTest{
		{"Secure from plain http is refused", one("id=x; Secure"), ""},
		{"Secure in any case", one("id=x; seCURe"), ""},
		{"Secure with =", one("id=x; Secure="), ""},
		{"Secure with a value", one("id=x; Secure=false"), ""},
		{"Secure with space before =", one("id=x; Secure =x"), ""},
		{"Secure with space behind =", one("id=x; Secure= x"), ""},
		{"Secure before another", one("id=x; Secure; more"), ""},
		{"Secure without space between", one("id=x;Secure;more"), ""},
		{"Secure with space behind", one("id=x; Secure    ; more"), ""},
		{"Secure with much space before", one("id=x;               Secure"), ""},
		{"Secure with space all around", one("id=x;     Secure     ;"), ""},
		{"Secure behind a tab", one("id=x;\tSecure"), ""},
		{"Secure behind another", one("id=x; more; Secure"), ""},
		{"Secure behind a quoted semicolon", one(`id=x; q="a;b"; Secure`), ""},
		{"Secure behind empty attributes", one("id=x;;;; Secure"), ""},
		{"a quoted Secure is another word", one(`id=x; "Secure"`), "id=x"},
		{"Secure and a word is another word", one("id=x; Secure more"), "id=x"},
		{"Secure after a comma is another word", one("id=x; y,Secure"), "id=x"},
		{"the value Secure is not the attribute", one("id=x; more=Secure"), "id=x"},
		{"a long s is not an S", one("id=x; ſecure"), "id=x"},
		{"an unknown attribute", one("id=x; more=1000;"), "id=x"},
		{"an unknown quoted attribute", one(`id=x; more="1000 or less"`), "id=x"},
		{"an unknown attribute with commas", one("id=x; a,b=c, d=e"), "id=x"},
		{"R105 Version makes no difference", one("id=x; Version=1"), "id=x"},
		{"a large Version makes no difference", one("id=x; Version=1000;"), "id=x"},
		{"a semicolon at the end", one("id=x;"), "id=x"},
		{"nothing but semicolons", one("id=x;;;; ; ;"), "id=x"},
		{"attributes of = alone", one("id=x; =; ==; ===; =a"), "id=x"},
		{"a Comment", one("id=x; Comment=hello"), "id=x"},
		{"HttpOnly is sent", one("id=x; HttpOnly"), "id=x"},
		{"HttpOnly with a value", one("id=x; httponly=no"), "id=x"},
		{"SameSite=Strict is sent", one("id=x; SameSite=Strict"), "id=x"},
		{"SameSite=None is sent", one("id=x; SameSite=None"), "id=x"},
		{"SameSite of an unknown word", one("id=x; SameSite=Perhaps"), "id=x"},
		{"Partitioned is sent", one("id=x; Partitioned"), "id=x"},
		{"Priority is unknown", one("id=x; Priority=High"), "id=x"},
		{"Path without a value is the default", one("id=x; Path"), "id=x"},
		{"Path with an empty value is the default", one("id=x; Path="), "id=x"},
		{"Path of the root", one("id=x; Path=/"), "id=x"},
		{"Path elsewhere", one("id=x; Path=/cart"), ""},
		{"Path with space before =", one("id=x; Path    =/cart"), ""},
		{"Path with space behind =", one("id=x; Path=    /cart"), ""},
		{"Path with space behind", one("id=x; Path=/cart    ; more"), ""},
		{"Path in any case", one("id=x; pAtH=/cart"), ""},
		{"the last Path counts: the root", one("id=x; Path=/cart; Path=/"), "id=x"},
		{"the last Path counts: elsewhere", one("id=x; Path=/; Path=/cart"), ""},
		{"the last Path counts: here", one("id=x; Path=/cart; Path=/shop"), "id=x"},
		{"the last Path counts: empty", one("id=x; Path=/cart; Path="), "id=x"},
		{"the last Path counts: not the empty one before", one("id=x; Path=; Path=/cart"), ""},
		{"a relative Path is the default", one("id=x; Path=cart"), "id=x"},
		{"a relative Path overrides an earlier one", one("id=x; Path=/cart; Path=shop"), "id=x"},
		{"a quoted Path is relative", one(`id=x; Path="/cart"`), "id=x"},
		{"a quoted Path ends at a semicolon", one(`id=x; Path="/cart;"`), "id=x"},
		{"a Path keeps its case", one("id=x; Path=/SHOP"), ""},
		{"a Path keeps a question mark", one("id=x; Path=/shop?"), ""},
		{"a Path keeps a number sign", one("id=x; Path=/shop#"), ""},
		{"a Path ends at a semicolon", one("id=x; Path=/shop;y"), "id=x"},
		{"a Path of 1024 bytes counts", one("id=x; Path=" + long[:cookies.MaxAttribute]), ""},
		{"a longer Path is passed over", one("id=x; Path=" + long), "id=x"},
		{"a longer Path leaves the one before", one("id=x; Path=/cart; Path=" + long), ""},
		{"a longer Domain is passed over", one("id=x; Domain=" + strings.Repeat("d", 1025)), "id=x"},
		{"a longer value of Secure is passed over", one("id=x; Secure=" + strings.Repeat("d", 1025)), "id=x"},
		{"attributes in another order", one("id=x; HttpOnly; Path=/; Max-Age=60; Domain=example.test"), "id=x"},
		{"an attribute's name before the value of another", one("id=x; foo=Path=/cart"), "id=x"},
		{"a second = belongs to the value", one("id=x; Path=/shop=y"), ""},
	})
}

func TestJar_lifetime(t *testing.T) {
	far := strings.Repeat("9", 400)
	// Within the bubble it is midnight, 1 January 2000.
	for _, tt := range []struct {
		name  string
		lines []string
		after time.Duration // before the question
		want  string
	}{
		{"R106 Max-Age lasts until its end", one("id=x; Max-Age=60"), 59 * time.Second, "id=x"},
		{"R106 Max-Age ends", one("id=x; Max-Age=60"), 60 * time.Second, ""},
		{"Max-Age in any case", one("id=x; mAX-aGE=60"), 60 * time.Second, ""},
		{"Max-Age with spaces", one("id=x; Max-Age =  60 ; more"), 60 * time.Second, ""},
		{"R106 Max-Age of 0 stores nothing", one("id=x; Max-Age=0"), 0, ""},
		{"R106 Max-Age of 0 deletes", []string{"id=x", "id=y; Max-Age=0"}, 0, ""},
		{"R106 a negative Max-Age deletes", []string{"id=x", "id=y; Max-Age=-20"}, 0, ""},
		{"a hyphen alone deletes", []string{"id=x", "id=y; Max-Age=-"}, 0, ""},
		{"a huge negative Max-Age deletes", []string{"id=x", "id=y; Max-Age=-" + far}, 0, ""},
		{"deleting one leaves the other", []string{"a=1", "b=2", "a=; Max-Age=0", "c=; Max-Age=0"}, 0, "b=2"},
		{"an empty Max-Age is passed over", one("id=x; Max-Age="), time.Hour, "id=x"},
		{"a Max-Age without = is passed over", one("id=x; Max-Age"), time.Hour, "id=x"},
		{"a Max-Age of words is passed over", one("id=x; Max-Age=soon"), time.Hour, "id=x"},
		{"a Max-Age with a fraction is passed over", one("id=x; Max-Age=2.63"), time.Hour, "id=x"},
		{"a Max-Age with a comma is passed over", one("id=x; Max-Age=0,399"), time.Hour, "id=x"},
		{"a Max-Age with a plus is passed over", one("id=x; Max-Age=+0"), time.Hour, "id=x"},
		{"a Max-Age with an exponent is passed over", one("id=x; Max-Age=1e1"), time.Hour, "id=x"},
		{"a Max-Age with a space within is passed over", one("id=x; Max-Age=1 0"), time.Hour, "id=x"},
		{"a quoted Max-Age is passed over", one(`id=x; Max-Age="0"`), time.Hour, "id=x"},
		{"a Max-Age with two hyphens is passed over", one("id=x; Max-Age=--1"), time.Hour, "id=x"},
		{"zeros before the number do not count", one("id=x; Max-Age=0000000000000000000000060"), 59 * time.Second, "id=x"},
		{"D62 a huge Max-Age lasts 400 days", one("id=x; Max-Age=" + far), cookies.AgeLimit - time.Second, "id=x"},
		{"D62 a huge Max-Age ends", one("id=x; Max-Age=" + far), cookies.AgeLimit, ""},
		{"D62 a Max-Age of 64 bits ends", one("id=x; Max-Age=18446744073709551676"), cookies.AgeLimit, ""},
		{"the last Max-Age counts", one("id=x; Max-Age=0; Max-Age=60"), 59 * time.Second, "id=x"},
		{"a bad Max-Age leaves the one before", one("id=x; Max-Age=60; Max-Age=soon"), 60 * time.Second, ""},
		{"R106 Max-Age beats a later Expires", one("id=x; Max-Age=60; Expires=Sat, 01 Jan 2000 10:00:00 GMT"), 60 * time.Second, ""},
		{"R106 Max-Age beats an earlier Expires", one("id=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60"), 59 * time.Second, "id=x"},
		{"a bad Max-Age leaves Expires", one("id=x; Expires=Sat, 01 Jan 2000 00:01:00 GMT; Max-Age=x"), 60 * time.Second, ""},
		{"Expires lasts until its end", one("id=x; Expires=Sat, 01 Jan 2000 00:01:00 GMT"), 59 * time.Second, "id=x"},
		{"Expires ends", one("id=x; Expires=Sat, 01 Jan 2000 00:01:00 GMT"), 60 * time.Second, ""},
		{"Expires in any case, with spaces", one("id=x; eXPIRES  =  Sat, 01 Jan 2000 00:01:00 GMT  ; more"), 60 * time.Second, ""},
		{"Expires with hyphens", one("id=x; expires=Sat, 01-Jan-2000 00:01:00 GMT; path=/"), 60 * time.Second, ""},
		{"Expires and a comma", one("id=x; expires=Sat 01 Jan 2000 00:01:00 GMT, more"), 60 * time.Second, ""},
		{"a past Expires stores nothing", one("id=x; Expires=Fri, 31 Dec 1999 23:59:59 GMT"), 0, ""},
		{"a past Expires deletes", []string{"id=x", "id=y; Expires=Thu, 10 Apr 1980 16:33:12 GMT"}, 0, ""},
		{"an Expires of this moment deletes", []string{"id=x", "id=y; Expires=Sat, 01 Jan 2000 00:00:00 GMT"}, 0, ""},
		{"an Expires before 1678 deletes", []string{"id=x", "id=y; Expires=Mon, 01 Jan 1601 00:00:00 GMT"}, 0, ""},
		{"R106 an Expires that cannot be read makes it a session cookie", one("id=x; Expires=tomorrow"), time.Hour, "id=x"},
		{"an Expires of 1600 cannot be read", one("id=x; Expires=Sat, 01 Jan 1600 00:00:00 GMT"), time.Hour, "id=x"},
		{"an empty Expires makes it a session cookie", one("id=x; Expires="), time.Hour, "id=x"},
		{"a bad Expires leaves the one before", one("id=x; Expires=Sat, 01 Jan 2000 00:01:00 GMT; Expires=x"), time.Hour, ""},
		{"the last Expires counts", one("id=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Expires=Sat, 01 Jan 2000 02:00:00 GMT"), time.Hour, "id=x"},
		{"D62 a far Expires lasts 400 days", one("id=x; Expires=Fri, 31 Dec 9999 23:59:59 GMT"), cookies.AgeLimit - time.Second, "id=x"},
		{"D62 a far Expires ends", one("id=x; Expires=Fri, 31 Dec 9999 23:59:59 GMT"), cookies.AgeLimit, ""},
		{"a session cookie has no end", one("id=x"), 100 * 365 * 24 * time.Hour, "id=x"},
		{"a cookie that has ended is a new one when set again", []string{"a=1; Max-Age=0", "b=2", "a=3"}, 0, "b=2; a=3"},
		{"a persistent cookie may become one of the session", []string{"id=x; Max-Age=60", "id=y"}, time.Hour, "id=y"},
		{"a session cookie may become persistent", []string{"id=x", "id=x; Max-Age=60"}, time.Hour, ""},
		{"a life may be shortened", []string{"id=x; Max-Age=60", "id=x; Max-Age=30"}, 30 * time.Second, ""},
		{"a life may be prolonged", []string{"id=x; Max-Age=30", "id=x; Max-Age=60"}, 59 * time.Second, "id=x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := cookies.New(nil)
				u := mustURL(t, result)
				for _, line := range tt.lines {
					store(t, j, home, line)
					j.Header(u) // so that an answer is at hand that must not be believed for ever
				}
				time.Sleep(tt.after)
				assert.Equal(t, tt.want, j.Header(u))
				assert.Equal(t, tt.want != "", j.Len() > 0)
			})
		})
	}
}

func TestJar_StoreHeader_attributes_kept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now().UTC()
		for _, tt := range []struct {
			line string
			want cookies.Cookie
		}{
			{"id=x", cookies.Cookie{Value: "x", Domain: "home.example.test", Path: "/shop", HostOnly: true}},
			{`id="x y"`, cookies.Cookie{Value: "x y", Domain: "home.example.test", Path: "/shop", HostOnly: true, Quoted: true}},
			{`id=""`, cookies.Cookie{Domain: "home.example.test", Path: "/shop", HostOnly: true, Quoted: true}},
			{`id="`, cookies.Cookie{Value: `"`, Domain: "home.example.test", Path: "/shop", HostOnly: true}},
			{"id=x; Domain=.Example.Test; Path=/; Secure; HttpOnly; Partitioned; SameSite=lax; Max-Age=60", cookies.Cookie{
				Value: "x", Domain: "example.test", Path: "/", Secure: true, HttpOnly: true, Partitioned: true,
				SameSite: http.SameSiteLaxMode, Expires: now.Add(time.Minute),
			}},
			{"id=x; SameSite=STRICT", cookies.Cookie{Value: "x", Domain: "home.example.test", Path: "/shop", HostOnly: true, SameSite: http.SameSiteStrictMode}},
			{"id=x; SameSite=None", cookies.Cookie{Value: "x", Domain: "home.example.test", Path: "/shop", HostOnly: true, SameSite: http.SameSiteNoneMode}},
			{"id=x; SameSite=other", cookies.Cookie{Value: "x", Domain: "home.example.test", Path: "/shop", HostOnly: true, SameSite: http.SameSiteDefaultMode}},
			{"id=x; SameSite=Lax; SameSite", cookies.Cookie{Value: "x", Domain: "home.example.test", Path: "/shop", HostOnly: true, SameSite: http.SameSiteDefaultMode}},
		} {
			j := cookies.New(nil)
			store(t, j, "https://home.example.test/shop/set", tt.line)
			got, err := j.Get("id")
			require.NoError(t, err, tt.line)
			tt.want.Name, tt.want.Created = "id", now
			assert.True(t, tt.want == got, "%s: %s", tt.line, got)
			assert.Equal(t, tt.want.Value, got.Value, tt.line)
		}
	})
}

func FuzzJar_StoreHeader(f *testing.F) {
	for _, s := range []string{
		"id=x", `a="b c"; Path=/; Max-Age=9`, "=v", "n", "id=x; Domain=.example.test; Secure", "\x00", "a=1; Expires=Wed, 09 Nov 2099 01:02:03 GMT",
		"__Host-a=b; Secure; Path=/", "x=y; Domain=home.example.test; SameSite=None; Partitioned",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		j := cookies.New(nil)
		u := mustURL(t, "https://home.example.test/shop/set")
		store(t, j, u.String(), line)
		require.LessOrEqual(t, j.Len(), 1)
		for c := range j.All() {
			require.LessOrEqual(t, len(c.Name)+len(c.Value), 4096)
			require.NotContains(t, c.Name+c.Value+c.Path, ";")
			require.True(t, c.Domain == "home.example.test" || c.Domain == "example.test" && !c.HostOnly)
			// What was taken can be taken again, and is the same.
			again := cookies.New(nil)
			require.NoError(t, again.Set(c))
			for c2 := range again.All() {
				require.True(t, c == c2)
			}
		}
		field := j.Header(u)
		require.False(t, strings.ContainsFunc(field, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }))
	})
}
