package cookies

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

const (
	netscapeTitle = "# Netscape HTTP Cookie File\n"
	httpOnlyMark  = "#HttpOnly_"

	// maxNetscapeLine bounds a line: a name and a value of the standard size,
	// a path and a domain fit easily, and so do those of a larger MaxSize
	// within reason.
	maxNetscapeLine = 1 << 20
)

// WriteNetscape writes the cookies, those of the session too, in the form of
// curl's and wget's cookies.txt: a line each of domain, whether hosts below
// get it, path, Secure, end in seconds since 1970 (0: with the session), name
// and value, with tabs between. HttpOnly is kept as curl does it.
//
// The form has no place for SameSite, Partitioned, the time of creation and
// fractions of a second. Cookies with a tab in them cannot be written and are
// left out.
func (j *Jar) WriteNetscape(w io.Writer) error {
	b := bufio.NewWriter(w)
	_, _ = b.WriteString(netscapeTitle) // the first error stays until Flush
	for _, e := range j.snapshot() {
		if strings.Contains(e.name+e.value+e.path, "\t") {
			continue
		}
		if e.httpOnly {
			_, _ = b.WriteString(httpOnlyMark)
		}
		domain := e.domain
		if !e.hostOnly {
			domain = "." + domain
		}
		var expires int64
		if e.expires != 0 {
			expires = max(e.expires.time().Unix(), 1) // 0 would make it last for the session
		}
		_, _ = fmt.Fprintf(b, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n",
			domain, netscapeBool(!e.hostOnly), e.path, netscapeBool(e.secure), expires, e.name, e.value)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("cookies: write Netscape file: %w", err)
	}
	return nil
}

// ReadNetscape adds the cookies of a cookies.txt, in place of those that the
// jar already has. Comments and empty lines are passed over, and so are
// cookies that have expired. A line that is no cookie, or one that
// [Jar.Set] would refuse, is an error that names it, and then nothing is taken.
func (j *Jar) ReadNetscape(r io.Reader) error {
	read := j.sibling()
	now := now()
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxNetscapeLine)
	n := 0
	for lines.Scan() {
		n++
		if err := read.netscapeLine(lines.Text(), now); err != nil {
			return fmt.Errorf("cookies: Netscape file, line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("cookies: Netscape file, line %d: %w", n+1, err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range read.living(now) {
		// A change of this moment, made here: it is later than what is there.
		e.created, e.changed = 0, 0
		j.put(j.registrable(e.domain, isAddress(e.domain)), &e, now, 1)
	}
	return nil
}

// netscapeLine reads one line into a jar that nobody else uses.
func (j *Jar) netscapeLine(line string, now instant) error {
	line = strings.TrimSuffix(line, "\r")
	line, httpOnly := strings.CutPrefix(line, httpOnlyMark)
	if !httpOnly && strings.HasPrefix(line, "#") || trim(line) == "" {
		return nil
	}
	fields := strings.Split(line, "\t")
	if len(fields) == 6 { // an editor took the tab before an empty value
		fields = append(fields, "")
	}
	if len(fields) != 7 {
		return fmt.Errorf("%d fields instead of 7", len(fields))
	}
	below, ok := parseNetscapeBool(fields[1])
	secure, ok2 := parseNetscapeBool(fields[3])
	if !ok || !ok2 {
		return errors.New("TRUE or FALSE expected in fields 2 and 4")
	}
	expires, err := netscapeTime(fields[4])
	if err != nil {
		return err
	}
	e, err := newEntry(Cookie{
		Name: fields[5], Value: fields[6], Domain: fields[0], Path: fields[2],
		HostOnly: !below, Secure: secure, HttpOnly: httpOnly, Expires: expires,
	})
	if err == nil {
		err = j.refuse(&e)
	}
	if err != nil || e.expired(now) {
		return err
	}
	e.expires = cappedExpiry(e.expires, now)
	j.put(j.registrable(e.domain, isAddress(e.domain)), &e, now, 1)
	return nil
}

// netscapeTime reads the end of a cookie. Nothing stands for the session too:
// Python writes it so.
func netscapeTime(s string) (time.Time, error) {
	if s == "" || s == "0" {
		return time.Time{}, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}, errors.New("seconds expected in field 5")
	}
	// Beyond these the exact time makes no difference, and a time.Time of the
	// largest numbers would wrap around.
	n = min(max(n, 0), 1<<40)
	return time.Unix(n, 0).UTC(), nil
}

func netscapeBool(b bool) string {
	if b {
		return "TRUE"
	}
	return "FALSE"
}

func parseNetscapeBool(s string) (value, ok bool) {
	return strings.EqualFold(s, "TRUE"), strings.EqualFold(s, "TRUE") || strings.EqualFold(s, "FALSE")
}
