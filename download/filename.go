package download

import (
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// serverName returns the name for a file that the server gives by
// Content-Disposition (RFC 6266), or else that the path of u ends with.
func serverName(h http.Header, u *url.URL) (string, error) {
	name := ""
	if field := h.Get("Content-Disposition"); field != "" {
		_, params, err := mime.ParseMediaType(field)
		if err != nil {
			return "", fmt.Errorf("Content-Disposition %.200q: %w: %w", field, ErrName, err)
		}
		name = params["filename"] // filename*, decoded, if there is one
	}
	if name == "" {
		name = u.Path
	}
	return baseName(name)
}

// maxName is shorter than what file systems take, for the partial file's name
// is longer.
const maxName = 200 // bytes

// baseName returns the last segment of a name, whatever the system that it
// was meant for separates them by. What is odd is refused rather than mended:
// the caller can give a name of his own.
func baseName(name string) (string, error) {
	base := name[strings.LastIndexAny(name, `/\`)+1:]
	why := ""
	switch {
	case base == "":
		why = "it is empty"
	case !utf8.ValidString(base):
		why = "it is no UTF-8"
	case len(base) > maxName:
		why = "it is too long"
	case base[0] == '.':
		why = "it is hidden"
	case base[0] == '-':
		why = "it looks like an option"
	case strings.ContainsAny(base, `<>:"|?*`):
		why = "it has a reserved character"
	case strings.ContainsFunc(base, unprintable):
		why = "it has a character that does not show"
	case base != strings.TrimSpace(base) || strings.HasSuffix(base, "."):
		why = "it begins or ends with what some systems drop"
	case isDevice(base):
		why = "it is that of a device"
	default:
		return base, nil
	}
	return "", fmt.Errorf("%.200q: %s: %w", name, why, ErrName)
}

// unprintable reports controls, and characters that make a name look like
// another one: directions, joiners, odd spaces.
func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// isDevice reports whether Windows takes name for a device, with any extension.
func isDevice(name string) bool {
	stem, _, _ := strings.Cut(name, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$":
		return true
	}
	port, ok := strings.CutPrefix(stem, "COM")
	if !ok {
		port, ok = strings.CutPrefix(stem, "LPT")
	}
	return ok && utf8.RuneCountInString(port) == 1 && strings.Contains("0123456789¹²³", port)
}
