package hooks_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed-3bbad739/requests/hooks"
)

// trail is what hooks leave behind.
type trail []string

func leave(name string) func(*trail) error {
	return func(t *trail) error {
		*t = append(*t, name)
		return nil
	}
}

func run(l *hooks.List[*trail]) string {
	var t trail
	if err := l.Run(&t); err != nil {
		t = append(t, err.Error())
	}
	return strings.Join(t, " ")
}

func TestList(t *testing.T) {
	errStop := errors.New("stop")
	for _, test := range []struct {
		name string
		do   func(l *hooks.List[*trail])
		want string
	}{
		{"an empty list runs nothing", func(*hooks.List[*trail]) {}, ""},
		{"hooks run in their order", func(l *hooks.List[*trail]) { l.PushBack(leave("c")); l.PushFront(leave("d")) }, "d a b c"},
		{"a hook goes before one by name", func(l *hooks.List[*trail]) { l.InsertBefore("b", "x", leave("x")) }, "a x b"},
		{"a hook goes behind one by name", func(l *hooks.List[*trail]) { l.InsertAfter("a", "x", leave("x")) }, "a x b"},
		{"a hook goes to the first of a name", func(l *hooks.List[*trail]) { l.PushBackNamed("a", leave("a2")); l.InsertAfter("a", "", leave("x")) }, "a x b a2"},
		{"a name that is not there inserts nothing", func(l *hooks.List[*trail]) { l.InsertAfter("z", "", leave("x")); l.InsertBefore("z", "", leave("x")) }, "a b"},
		{"all of a name are removed", func(l *hooks.List[*trail]) { l.PushBackNamed("a", leave("a2")); l.RemoveByName("a") }, "b"},
		{"a hook is swapped in its place", func(l *hooks.List[*trail]) { l.Swap("a", leave("x")) }, "x b"},
		{"nil hooks are not added", func(l *hooks.List[*trail]) {
			l.PushBack(nil)
			l.PushFrontNamed("n", nil)
			l.InsertAfter("a", "", nil)
			l.Swap("a", nil)
		}, "a b"},
		{"a list is cleared", func(l *hooks.List[*trail]) { l.Clear() }, ""},
		{"an error ends the run", func(l *hooks.List[*trail]) {
			l.InsertAfter("a", "", func(*trail) error { return errStop })
		}, "a stop"},
		{"an error says the name of its hook", func(l *hooks.List[*trail]) {
			l.InsertAfter("a", "audit", func(*trail) error { return errStop })
		}, `a hook "audit": stop`},
		{"a hook added while the list runs waits for the next run", func(l *hooks.List[*trail]) {
			l.PushFront(func(*trail) error { l.PushBack(leave("late")); return nil })
		}, "a b"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var l hooks.List[*trail]
			l.PushBackNamed("a", leave("a"))
			l.PushBackNamed("b", leave("b"))
			if test.name == "an empty list runs nothing" {
				l.Clear()
			}
			test.do(&l)
			assert.Equal(t, test.want, run(&l))
		})
	}
}

func TestList_Reports(t *testing.T) {
	var l hooks.List[*trail]
	l.PushBackNamed("a", leave("a"))
	l.PushBack(leave("b"))
	l.PushBackNamed("a", leave("c"))
	assert.Equal(t, 3, l.Len())
	assert.Equal(t, []string{"a", "", "a"}, l.Names())
	assert.True(t, l.Swap("a", leave("x")))
	assert.Equal(t, "x b x", run(&l))
	assert.False(t, l.Swap("z", leave("x")))
	assert.False(t, l.InsertAfter("z", "", leave("x")))
	assert.Equal(t, 2, l.RemoveByName("a"))
	assert.Zero(t, l.RemoveByName("a"))
	for name := range l.All() {
		assert.Empty(t, name)
		break
	}
}

func TestList_Copy(t *testing.T) {
	var l, other hooks.List[*trail]
	l.PushBack(leave("a"))
	c := l.Copy()
	l.PushBack(leave("b"))
	c.PushBack(leave("c"))
	assert.Equal(t, "a b", run(&l))
	assert.Equal(t, "a c", run(c))
	other.Append(&l)
	other.Append(c)
	other.Append(nil)
	assert.Equal(t, "a b a c", run(&other))
	var none *hooks.List[*trail]
	assert.Zero(t, none.Len())
	assert.Empty(t, run(none))
	assert.Zero(t, none.Copy().Len())
}

func TestList_Concurrently(t *testing.T) {
	var l hooks.List[*trail]
	l.PushBackNamed("stays", leave("stays"))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			name := fmt.Sprint(i)
			for range 100 {
				l.PushBackNamed(name, leave(name))
				assert.Contains(t, run(&l), "stays")
				l.RemoveByName(name)
			}
		})
	}
	wg.Wait()
	assert.Equal(t, "stays", run(&l))
}

func ExampleList() {
	var l hooks.List[*trail]
	l.PushBackNamed("sign", leave("sign"))
	l.InsertBefore("sign", "stamp", leave("stamp"))
	fmt.Println(l.Names(), run(&l))
	// Output: [stamp sign] stamp sign
}
