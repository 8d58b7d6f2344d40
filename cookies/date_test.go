package cookies_test

import (
	"testing"
	"time"

	"github.com/seed-3bbad739/requests/cookies"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseDate(t *testing.T) {
	const none = ""
	for _, tt := range []struct{ name, date, want string }{
		{"RFC 1123", "Wed, 09 Dec 2009 16:27:23 GMT", "2009-12-09 16:27:23"},
		{"RFC 850", "Wednesday, 09-Dec-09 16:27:23 GMT", "2009-12-09 16:27:23"},
		{"asctime", "Wed Dec  9 16:27:23 2009", "2009-12-09 16:27:23"},
		{"hyphens and four digits", "Mon, 10-Dec-2007 17:02:24 GMT", "2007-12-10 17:02:24"},
		{"a full weekday and four digits", "Thursday, 01-Jan-1970 00:00:01 GMT", "1970-01-01 00:00:01"},
		{"ctime with a zone", "Mon Dec 10 16:32:30 2007 GMT", "2007-12-10 16:32:30"},
		{"a day of one digit", "Saturday, 8-Dec-2012 21:24:09 GMT", "2012-12-08 21:24:09"},
		{"the year last", "Thu, 31 Dec 23:55:55 2037 GMT", "2037-12-31 23:55:55"},
		{"two spaces", "Sun,  9 Dec 2012 13:42:05 GMT", "2012-12-09 13:42:05"},
		{"a zone is not heeded", "Wed Dec 12 2007 08:44:07 GMT-0500 (EST)", "2007-12-12 08:44:07"},
		{"another zone is not heeded", "Wed, 12 Dec 2007 08:44:07 PST", "2007-12-12 08:44:07"},
		{"hours and minutes of one digit", "Wednesday, 01-Jan-10 0:0:00 GMT", "2010-01-01 00:00:00"},
		{"seconds of one digit", "Thu, 10 Dec 2009 13:57:2 GMT", "2009-12-10 13:57:02"},
		{"no weekday", "10 Dec 2009 13:57:02", "2009-12-10 13:57:02"},
		{"a wrong weekday", "Fri, 09 Dec 2009 16:27:23 GMT", "2009-12-09 16:27:23"},
		{"the month first", "Dec 10 2009 13:57:02", "2009-12-10 13:57:02"},
		{"the time first", "13:57:02 10 Dec 2009", "2009-12-10 13:57:02"},
		{"a full month", "10 December 2009 13:57:02", "2009-12-10 13:57:02"},
		{"a month and more letters", "10 Decxyz 2009 13:57:02", "2009-12-10 13:57:02"},
		{"a month in capitals", "10 DEC 2009 13:57:02", "2009-12-10 13:57:02"},
		{"letters behind a day", "10th Dec 2009 13:57:02", "2009-12-10 13:57:02"},
		{"letters behind a year", "10 Dec 2009AD 13:57:02", "2009-12-10 13:57:02"},
		{"letters behind a time", "10 Dec 2009 13:57:02Z", "2009-12-10 13:57:02"},
		{"a fourth part of a time", "10 Dec 2009 13:57:02:59", "2009-12-10 13:57:02"},
		{"a fraction of a second", "10 Dec 2009 13:57:02.123", "2009-12-10 13:57:02"},
		{"slashes", "10/Dec/2009 13:57:02", "2009-12-10 13:57:02"},
		{"underscores", "10_Dec_2009_13:57:02", "2009-12-10 13:57:02"},
		{"tabs", "10\tDec\t2009\t13:57:02", "2009-12-10 13:57:02"},
		{"all kinds of delimiters", `!"#$%&'()*+,-./;<=>?@[\]^` + "`{|}~10!Dec~2009}13:57:02", "2009-12-10 13:57:02"},
		{"year 69 is of this century", "10 Dec 69 13:57:02", "2069-12-10 13:57:02"},
		{"year 70 is of the last", "10 Dec 70 13:57:02", "1970-12-10 13:57:02"},
		{"year 99 is of the last", "10 Dec 99 13:57:02", "1999-12-10 13:57:02"},
		{"year 00 is of this", "10 Dec 00 13:57:02", "2000-12-10 13:57:02"},
		{"the first of two numbers is the day", "08 09 Dec 13:57:02", "2009-12-08 13:57:02"},
		{"a third number is not heeded", "08 09 10 Dec 13:57:02", "2009-12-08 13:57:02"},
		{"the first of two months counts", "10 Dec Nov 2009 13:57:02", "2009-12-10 13:57:02"},
		{"the first of two times counts", "10 Dec 2009 13:57:02 14:00:00", "2009-12-10 13:57:02"},
		{"a split time is made of nothing", "Mon, 01-Jan-2011 00: 00:00 GMT", none},
		{"a year of three digits is before 1601", "10 Dec 200 13:57:02", none},
		{"1601 is a year", "10 Dec 1601 13:57:02", "1601-12-10 13:57:02"},
		{"1600 is too early", "10 Dec 1600 13:57:02", none},
		{"9999 is a year", "10 Dec 9999 13:57:02", "9999-12-10 13:57:02"},
		{"a year of five digits is none", "10 Dec 20090 13:57:02", none},
		{"29 February in a leap year", "29 Feb 2000 00:00:00", "2000-02-29 00:00:00"},
		{"29 February otherwise", "29 Feb 2001 00:00:00", none},
		{"29 February 2100", "29 Feb 2100 00:00:00", none},
		{"31 April", "31 Apr 2009 00:00:00", none},
		{"day 0", "0 Dec 2009 13:57:02", none},
		{"day 32", "32 Dec 2009 13:57:02", none},
		{"hour 24", "10 Dec 2009 24:00:00", none},
		{"minute 60", "10 Dec 2009 13:60:00", none},
		{"second 60", "10 Dec 2009 13:57:60", none},
		{"the last second", "10 Dec 2009 23:59:59", "2009-12-10 23:59:59"},
		{"three digits of an hour", "10 Dec 2009 013:57:02", none},
		{"three digits of a second", "10 Dec 2009 13:57:020", none},
		{"a time without seconds", "10 Dec 2009 13:57", none},
		{"no time", "10 Dec 2009", none},
		{"no day", "Dec 2009 13:57:02", none},
		{"no month", "10 2009 13:57:02", none},
		{"no year", "10 Dec 13:57:02", none},
		{"a month of two letters", "10 De 2009 13:57:02", none},
		{"a month with a letter before", "10 xDec 2009 13:57:02", none},
		{"ISO 8601", "2009-12-10T13:57:02Z", none},
		{"seconds since 1970", "1260453422", none},
		{"nothing", "", none},
		{"delimiters alone", " ,-;", none},
		{"bytes beyond ASCII are letters", "10 Dec\xff 2009 13:57:02\x80", "2009-12-10 13:57:02"},
		{"digits of another script are letters", "١٠ Dec 2009 13:57:02", none},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := cookies.ParseDate(tt.date)
			assert.Equal(t, tt.want != none, ok)
			if ok {
				assert.Equal(t, tt.want, got.Format(time.DateTime))
			}
		})
	}
}

func FuzzParseDate(f *testing.F) {
	f.Add("Wed, 09 Dec 2009 16:27:23 GMT")
	f.Add("Sunday, 06-Nov-94 08:49:37 GMT")
	f.Add("Sun Nov  6 08:49:37 1994")
	f.Add("1:1:1 1 jan 9999")
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := cookies.ParseDate(s)
		if !ok {
			return
		}
		// What it reads is a date that can be written, and read again.
		require.True(t, 1601 <= got.Year() && got.Year() <= 9999)
		again, ok := cookies.ParseDate(got.Format(time.RFC1123))
		require.True(t, ok)
		require.True(t, got.Equal(again))
	})
}
