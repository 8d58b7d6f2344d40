package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// page is a Markdown file of the repository.
type page struct {
	path   string // below the repository's root, with slashes
	file   string // absolute
	lines  []string
	blocks []*block
	slugs  map[string]bool // of the headings, as GitHub makes them
	links  []link
	codes  []code // what is in code marks in the prose
}

// block is a fenced block of a page, or an indented one, whose lang is "".
type block struct {
	page    *page
	lang    string // the first word of the info string
	option  string // what follows it
	line    int    // of its first line of content, from 1
	text    string
	section int // of the headings before it, how many there are
}

type code struct {
	line int
	text string
}

type link struct {
	line         int
	text, target string
}

// name is the block's in test output: "README.md:32".
func (b *block) name() string { return b.page.path + ":" + strconv.Itoa(b.line) }

// ident is name as an identifier.
func (b *block) ident() string { return ident(b.name()) }

func ident(s string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return '_'
	}, s))
}

// root returns the directory of the repository.
func root(t *testing.T) string {
	dir, err := filepath.Abs("..")
	require.NoError(t, err)
	return dir
}

// pages reads every Markdown file of the repository.
func pages(t *testing.T) []*page {
	var all []*page
	root := root(t)
	require.NoError(t, filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); file != root && (strings.HasPrefix(name, ".") || name == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		if filepath.Ext(file) != ".md" {
			return nil
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		path, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		all = append(all, parsePage(filepath.ToSlash(path), file, string(content)))
		return nil
	}))
	require.NotEmpty(t, all)
	return all
}

var (
	linkPattern    = regexp.MustCompile(`\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(<?([^()\s<>]+)>?\)`)
	codePattern    = regexp.MustCompile("`[^`]*`")
	headingPattern = regexp.MustCompile(`^#{1,6} +(.*?) *#*$`)
)

// parsePage finds the parts of a page that the tests are about.
func parsePage(path, file, content string) *page {
	p := &page{path: path, file: file, lines: strings.Split(content, "\n"), slugs: make(map[string]bool)}
	count := make(map[string]int)
	section := 0
	for i := 0; i < len(p.lines); i++ {
		line := p.lines[i]
		if info, ok := strings.CutPrefix(line, "```"); ok {
			lang, option, _ := strings.Cut(strings.TrimSpace(info), " ")
			b := &block{page: p, lang: lang, option: strings.TrimSpace(option), line: i + 2, section: section}
			for i++; i < len(p.lines) && p.lines[i] != "```"; i++ {
				b.text += p.lines[i] + "\n"
			}
			p.blocks = append(p.blocks, b)
			continue
		}
		if strings.HasPrefix(line, "    ") && i > 0 && p.lines[i-1] == "" {
			b := &block{page: p, line: i + 1, section: section}
			for ; i < len(p.lines) && strings.HasPrefix(p.lines[i], "    "); i++ {
				b.text += strings.TrimPrefix(p.lines[i], "    ") + "\n"
			}
			p.blocks = append(p.blocks, b)
			continue
		}
		if m := headingPattern.FindStringSubmatch(line); m != nil {
			section++
			slug := slug(m[1])
			if n := count[slug]; n > 0 {
				p.slugs[slug+"-"+strconv.Itoa(n)] = true
			} else {
				p.slugs[slug] = true
			}
			count[slug]++
		}
		for _, text := range codePattern.FindAllString(line, -1) {
			p.codes = append(p.codes, code{line: i + 1, text: strings.Trim(text, "`")})
		}
		for _, m := range linkPattern.FindAllStringSubmatch(codePattern.ReplaceAllString(line, "x"), -1) {
			p.links = append(p.links, link{line: i + 1, text: m[1], target: m[2]})
		}
	}
	return p
}

// slug is the anchor that GitHub gives a heading.
func slug(heading string) string {
	heading = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(heading, "$1")
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}
