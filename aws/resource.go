package aws

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed resources
var resourceFiles embed.FS

// ownResources are the definitions written for this package, looked at last.
var ownResources = sub(resourceFiles, "resources")

// Resource is a thing that a service keeps, or the service itself: what it is
// called, its attributes, what can be done with it and what belongs to it. It is
// safe for concurrent use.
//
// Parameters and outputs are those of the client by name. A table of DynamoDB
// takes and returns {"S": "text"} and {"N": "1"}, where boto3's converts plain
// values.
type Resource struct {
	client *Client
	defs   *resourceDefinitions
	def    *resourceDefinition
	typ    string // "" is the service
	ids    map[string]any

	mu   sync.Mutex
	data any // guarded by mu; nil: not loaded
}

// Resource returns a service as a resource. A service without a definition is
// a *ResourceNotExistsError.
func (s *Session) Resource(service string, opts ...ClientOption) (*Resource, error) {
	loader := s.models().loader
	if s.err != nil {
		return nil, s.err
	}
	versions := loader.Versions(service, boto3Resources, ownResourceFile)
	if len(versions) == 0 {
		return nil, &ResourceNotExistsError{Name: service, Available: s.resourcesWithDefinition(), HasClient: len(loader.Versions(service)) > 0}
	}
	var o clientOptions
	for _, set := range opts {
		set(&o)
	}
	version := versions[len(versions)-1]
	if o.version != "" {
		if version = o.version; !slices.Contains(versions, version) {
			return nil, &UnknownAPIVersionError{Service: service, Version: version, Known: versions}
		}
	}
	defs, err := loadResources(loader, service, version)
	if err != nil {
		return nil, fmt.Errorf("aws: the resources of %s: %w", service, err)
	}
	client, err := s.Client(service, append(slices.Clip(opts), func(o *clientOptions) { o.version, o.resource = version, true })...)
	if err != nil {
		return nil, err
	}
	r := &Resource{client: client, defs: defs, def: defs.Service}
	if err := client.announceResources(defs); err != nil {
		return nil, err
	}
	return r, nil
}

// announceResources tells the client's events which kinds of resources there
// are now.
func (c *Client) announceResources(defs *resourceDefinitions) error {
	names := append([]string{"ServiceResource"}, slices.Sorted(maps.Keys(defs.Resources))...)
	for _, kind := range names {
		name := "creating-resource-class." + serviceIDName(c.meta.ServiceID) + "." + kind
		ev := &Event{Request: &Request{ClientInfo: c.info(), Time: time.Now()}, Client: c}
		if err := c.phases.events.Emit(name, ev); err != nil {
			return &HandlerError{name, err}
		}
	}
	return nil
}

// resourcesWithDefinition are the services of the frozen set that a definition
// was found of.
func (s *Session) resourcesWithDefinition() []string {
	var names []string
	for _, n := range resourceNames {
		if len(s.models().loader.Versions(n, boto3Resources, ownResourceFile)) > 0 {
			names = append(names, n)
		}
	}
	return names
}

// Client returns the client that the resource uses.
func (r *Resource) Client() *Client { return r.client }

// Type returns the resource's type, such as "Bucket"; "" for a service.
func (r *Resource) Type() string { return r.typ }

// Identifier returns one of the identifiers, nil if there is none of that name.
func (r *Resource) Identifier(name string) any { return r.ids[name] }

// Identifiers returns the names and values that say which resource it is.
func (r *Resource) Identifiers() map[string]any { return maps.Clone(r.ids) }

// Actions returns the names of what can be done with it, sorted.
func (r *Resource) Actions() []string { return slices.Sorted(maps.Keys(r.def.Actions)) }

// Collections returns the names of the lists of what belongs to it, sorted.
func (r *Resource) Collections() []string { return slices.Sorted(maps.Keys(r.def.Many)) }

// SubResources returns the names of the types that [Resource.Sub] makes, sorted.
func (r *Resource) SubResources() []string { return slices.Sorted(maps.Keys(r.def.Has)) }

// Waiters returns the names of the states that can be waited for, sorted.
func (r *Resource) Waiters() []string { return slices.Sorted(maps.Keys(r.def.Waiters)) }

// String names the resource with its identifiers.
func (r *Resource) String() string {
	if r == nil {
		return "<nil>"
	}
	b := &strings.Builder{}
	b.WriteString(r.client.meta.ServiceName)
	if r.typ != "" {
		b.WriteString("." + r.typ)
	}
	b.WriteByte('(')
	for i, name := range r.def.IDs {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(b, "%s=%q", name, fmt.Sprint(r.ids[name]))
	}
	b.WriteByte(')')
	return b.String()
}

// Format prints [Resource.String], whatever the verb.
func (r *Resource) Format(w fmt.State, _ rune) { io.WriteString(w, r.String()) }

// Sub returns a resource that belongs to r, or is named by it: of the service
// s3, Sub("Bucket", "name"); of that, Sub("Object", "key"). Nothing is sent,
// and whether it exists is not looked at. One that is found by an attribute of
// r needs r to be loaded.
func (r *Resource) Sub(name string, ids ...string) (*Resource, error) {
	ref := r.def.Has[name]
	if ref == nil {
		return nil, fmt.Errorf("aws: %s has no %s: %w", r, name, ErrDataNotFound)
	}
	given := make([]any, len(ids))
	for i := range ids {
		given[i] = ids[i]
	}
	all, err := r.make(ref, nil, nil, given)
	if err != nil {
		return nil, err
	}
	if len(all) != 1 {
		return nil, fmt.Errorf("aws: %s: %d of %s, not one", r, len(all), name)
	}
	return all[0], nil
}

// Attr returns an attribute, which is loaded at first need.
func (r *Resource) Attr(ctx context.Context, name string) (any, error) {
	if v, ok := r.ids[name]; ok {
		return v, nil
	}
	r.mu.Lock()
	data := r.data
	r.mu.Unlock()
	if data == nil {
		if err := r.Load(ctx); err != nil {
			return nil, err
		}
		r.mu.Lock()
		data = r.data
		r.mu.Unlock()
	}
	m, _ := data.(map[string]any)
	return m[name], nil
}

// Load fetches the attributes, anew if they were fetched before.
func (r *Resource) Load(ctx context.Context) error {
	a := r.def.Load
	if a == nil {
		return fmt.Errorf("aws: %s cannot be loaded", r)
	}
	params, err := r.params(a.Params, nil)
	if err != nil {
		return err
	}
	out, err := r.client.Call(ctx, a.Operation, params)
	if err != nil {
		return err
	}
	closeBody(out)
	data, err := search(a.Path, out)
	if err != nil {
		return err
	}
	if data == nil {
		return fmt.Errorf("aws: %s was not found", r)
	}
	r.mu.Lock()
	r.data = data
	r.mu.Unlock()
	return nil
}

// ActionResult is what an action brought.
type ActionResult struct {
	// Output is what the operation returned, as by Client.Call.
	Output Output
	// Resources are those that the action made or found.
	Resources []*Resource
}

// Resource returns the one resource of the result, nil if it is not one.
func (a *ActionResult) Resource() *Resource {
	if a == nil || len(a.Resources) != 1 {
		return nil
	}
	return a.Resources[0]
}

// Do does something with the resource: of a Bucket, Do(ctx, "PutObject",
// {"Key": …}). Parameters that follow from the resource are filled in; in comes
// on top. Attributes that were loaded are forgotten.
func (r *Resource) Do(ctx context.Context, action string, in Params) (*ActionResult, error) {
	a := r.def.Actions[action]
	if a == nil {
		return nil, fmt.Errorf("aws: %s has no action %q: %w", r, action, ErrDataNotFound)
	}
	params, err := r.params(a.Params, in)
	if err != nil {
		return nil, err
	}
	out, err := r.client.Call(ctx, a.Operation, params)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	r.data = nil
	r.mu.Unlock()
	res := &ActionResult{Output: out}
	if a.Resource != nil {
		if res.Resources, err = r.make(a.Resource, params, out, nil); err != nil {
			closeBody(out)
			return nil, err
		}
	}
	return res, nil
}

// All yields what belongs to the resource: of a Bucket, All(ctx, "Objects",
// nil). in filters, as the operation's parameters can; pages are fetched as
// the loop asks for them.
func (r *Resource) All(ctx context.Context, collection string, in Params) iter.Seq2[*Resource, error] {
	return func(yield func(*Resource, error) bool) {
		for page, err := range r.pages(ctx, collection, in) {
			if err != nil {
				yield(nil, err)
				return
			}
			for _, one := range page {
				if !yield(one, nil) {
					return
				}
			}
		}
	}
}

func (r *Resource) pages(ctx context.Context, collection string, in Params) iter.Seq2[[]*Resource, error] {
	return func(yield func([]*Resource, error) bool) {
		a := r.def.Many[collection]
		if a == nil {
			yield(nil, fmt.Errorf("aws: %s has no collection %q: %w", r, collection, ErrDataNotFound))
			return
		}
		params, err := r.params(a.Params, in)
		if err != nil {
			yield(nil, err)
			return
		}
		single := false
		if _, err := r.client.paginator(a.Operation); errors.Is(err, ErrDataNotFound) {
			single = true
		}
		pages := r.client.Paginate(ctx, a.Operation, params)
		if single {
			pages = func(yield func(Output, error) bool) { yield(r.client.Call(ctx, a.Operation, params)) }
		}
		for out, err := range pages {
			var found []*Resource
			if err == nil {
				found, err = r.make(a.Resource, params, out, nil)
			}
			if !yield(found, err) || err != nil {
				return
			}
		}
	}
}

// Batch does something with all that a collection has, a page at a time: of a
// Bucket, Batch(ctx, "Objects", "Delete", nil). It has no filter, as boto3's
// filter(Prefix=…).delete() has: for a part, list it with [Resource.All] and its
// Params, and call the operation of the client.
func (r *Resource) Batch(ctx context.Context, collection, action string, in Params) ([]Output, error) {
	var outs []Output
	for page, err := range r.pages(ctx, collection, nil) {
		if err != nil {
			return outs, err
		}
		if len(page) == 0 {
			continue
		}
		a := page[0].def.Batch[action]
		if a == nil {
			return outs, fmt.Errorf("aws: %s has no batch action %q: %w", page[0].typ, action, ErrDataNotFound)
		}
		params := Params{}
		for i, one := range page {
			for _, p := range a.Params {
				v, err := one.source(p.Source, nil, nil, nil)
				if err != nil {
					return outs, err
				}
				place(params, p.Target, v, i)
			}
		}
		maps.Copy(params, in)
		out, err := r.client.Call(ctx, a.Operation, params)
		if err != nil {
			return outs, err
		}
		outs = append(outs, out)
	}
	return outs, nil
}

// Wait waits for a state of the resource, such as "Exists" of a Bucket.
func (r *Resource) Wait(ctx context.Context, state string, opts ...WaitOption) error {
	a := r.def.Waiters[state]
	if a == nil {
		return fmt.Errorf("aws: %s has no state %q to wait for: %w", r, state, ErrDataNotFound)
	}
	params, err := r.params(a.Params, nil)
	if err != nil {
		return err
	}
	return r.client.Wait(ctx, a.Operation, params, opts...)
}
