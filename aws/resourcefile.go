package aws

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/seed-3bbad739/requests/aws/internal/api"
)

// Definitions come in two forms: boto3's, and the shorter one of this package.
const (
	boto3Resources  = "resources-1"
	ownResourceFile = "resource-definitions"
)

type resourceDefinitions struct {
	Service   *resourceDefinition
	Resources map[string]*resourceDefinition
}

type resourceDefinition struct {
	IDs     []string
	Load    *resourceAction
	Actions map[string]*resourceAction
	Batch   map[string]*resourceAction
	Many    map[string]*resourceAction
	Waiters map[string]*resourceAction // Operation is the waiter
	Has     map[string]*resourceRef
}

type resourceAction struct {
	Operation string
	Params    []resourceParam
	Path      string // of what Load keeps
	Resource  *resourceRef
}

type resourceRef struct {
	Type string
	IDs  []resourceParam
	Path string // of what is known of the resource already
}

type resourceParam struct {
	Target string
	Source resourceSource
}

type sourceKind int

const (
	fromIdentifier sourceKind = iota
	fromLiteral
	fromRequest
	fromResponse
	fromData
	fromInput
)

type resourceSource struct {
	Kind    sourceKind
	Value   string
	Literal any
}

func jsonUnmarshal(b []byte, v any) error { return json.Unmarshal(b, v) }

func loadResources(l *api.Loader, service, version string) (*resourceDefinitions, error) {
	var theirs boto3Definitions
	found, err := l.Read(service, version, boto3Resources, &theirs)
	if err != nil {
		return nil, err
	}
	if found {
		return theirs.convert(), nil
	}
	var own ownDefinitions
	if _, err := l.Read(service, version, ownResourceFile, &own); err != nil {
		return nil, err
	}
	return own.convert()
}

// ownDefinitions is the form of this package. An action is a line such as
//
//	PutObject Bucket=$Name -> Object BucketName=$Name Key=?Key @path
//
// operation, parameters, and after the arrow the type of what results, its
// identifiers and where its attributes are. Values are $identifier,
// .attribute, ?parameter, 'text', ! for what the caller gives, and otherwise a
// path in the response. The line of load has no arrow and its @path.
type ownDefinitions struct {
	Service   ownDefinition
	Resources map[string]ownDefinition
}

type ownDefinition struct {
	IDs                                string
	Load                               string
	Actions, Batch, Many, Waiters, Has map[string]string
}

func (o *ownDefinitions) convert() (*resourceDefinitions, error) {
	d := &resourceDefinitions{Resources: make(map[string]*resourceDefinition, len(o.Resources))}
	var err error
	if d.Service, err = o.Service.convert(); err != nil {
		return nil, err
	}
	for name, r := range o.Resources {
		if d.Resources[name], err = r.convert(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return d, nil
}

func (o *ownDefinition) convert() (*resourceDefinition, error) {
	d := &resourceDefinition{IDs: strings.Fields(o.IDs), Has: make(map[string]*resourceRef)}
	var err error
	if o.Load != "" {
		if d.Load, err = parseAction(o.Load); err != nil {
			return nil, err
		}
	}
	for _, part := range []struct {
		from map[string]string
		to   *map[string]*resourceAction
	}{{o.Actions, &d.Actions}, {o.Batch, &d.Batch}, {o.Many, &d.Many}, {o.Waiters, &d.Waiters}} {
		*part.to = make(map[string]*resourceAction, len(part.from))
		for name, line := range part.from {
			if (*part.to)[name], err = parseAction(line); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	for name, line := range o.Has {
		if d.Has[name], err = parseRef(line); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return d, nil
}

func parseAction(line string) (*resourceAction, error) {
	call, ref, arrow := strings.Cut(line, "->")
	a := &resourceAction{}
	var err error
	if a.Operation, a.Params, a.Path, err = parseLine(call); err != nil {
		return nil, err
	}
	if arrow {
		a.Resource, err = parseRef(ref)
	}
	return a, err
}

func parseRef(line string) (r *resourceRef, err error) {
	r = &resourceRef{}
	r.Type, r.IDs, r.Path, err = parseLine(line)
	return r, err
}

func parseLine(line string) (name string, params []resourceParam, path string, err error) {
	for i, word := range strings.Fields(line) {
		target, value, ok := strings.Cut(word, "=")
		switch {
		case i == 0:
			name = word
		case word[0] == '@':
			path = word[1:]
			if path == "" {
				path = "@"
			}
		case !ok || target == "" || value == "":
			return "", nil, "", fmt.Errorf("%q is neither target=value nor @path", word)
		default:
			params = append(params, resourceParam{target, parseSource(value)})
		}
	}
	if name == "" {
		return "", nil, "", fmt.Errorf("an empty definition")
	}
	return name, params, path, nil
}

func parseSource(v string) resourceSource {
	switch v[0] {
	case '$':
		return resourceSource{Kind: fromIdentifier, Value: v[1:]}
	case '.':
		return resourceSource{Kind: fromData, Value: v[1:]}
	case '?':
		return resourceSource{Kind: fromRequest, Value: v[1:]}
	case '\'':
		return resourceSource{Kind: fromLiteral, Literal: strings.Trim(v, "'")}
	case '!':
		return resourceSource{Kind: fromInput}
	}
	return resourceSource{Kind: fromResponse, Value: v}
}

// boto3Definitions is boto3's form.
type boto3Definitions struct {
	Service   boto3Definition
	Resources map[string]boto3Definition
}

type boto3Definition struct {
	Identifiers  []struct{ Name string }
	Load         *boto3Action
	Actions      map[string]boto3Action
	BatchActions map[string]boto3Action
	HasMany      map[string]boto3Action
	Has          map[string]struct{ Resource boto3Ref }
	Waiters      map[string]struct {
		WaiterName string
		Params     []boto3Param
	}
}

type boto3Action struct {
	Request struct {
		Operation string
		Params    []boto3Param
	}
	Resource *boto3Ref
	Path     string
}

type boto3Ref struct {
	Type        string
	Identifiers []boto3Param
	Path        string
}

type boto3Param struct {
	Target, Source, Name, Path string
	Value                      any
}

func (b *boto3Definitions) convert() *resourceDefinitions {
	d := &resourceDefinitions{Service: b.Service.convert(), Resources: make(map[string]*resourceDefinition, len(b.Resources))}
	for name, r := range b.Resources {
		d.Resources[name] = r.convert()
	}
	return d
}

func (b *boto3Definition) convert() *resourceDefinition {
	d := &resourceDefinition{
		Actions: convertActions(b.Actions), Batch: convertActions(b.BatchActions), Many: convertActions(b.HasMany),
		Waiters: make(map[string]*resourceAction), Has: make(map[string]*resourceRef),
	}
	for _, id := range b.Identifiers {
		d.IDs = append(d.IDs, id.Name)
	}
	if b.Load != nil {
		d.Load = b.Load.convert()
	}
	for name, w := range b.Waiters {
		d.Waiters[name] = &resourceAction{Operation: w.WaiterName, Params: convertParams(w.Params)}
	}
	for name, h := range b.Has {
		d.Has[name] = h.Resource.convert()
	}
	return d
}

func convertActions(m map[string]boto3Action) map[string]*resourceAction {
	out := make(map[string]*resourceAction, len(m))
	for name, a := range m {
		out[name] = a.convert()
	}
	return out
}

func (a *boto3Action) convert() *resourceAction {
	n := &resourceAction{Operation: a.Request.Operation, Params: convertParams(a.Request.Params), Path: a.Path}
	if a.Resource != nil {
		n.Resource = a.Resource.convert()
	}
	return n
}

func (r *boto3Ref) convert() *resourceRef {
	return &resourceRef{Type: r.Type, IDs: convertParams(r.Identifiers), Path: r.Path}
}

func convertParams(ps []boto3Param) []resourceParam {
	out := make([]resourceParam, len(ps))
	for i, p := range ps {
		var s resourceSource
		switch p.Source {
		case "identifier":
			s = resourceSource{Kind: fromIdentifier, Value: p.Name}
		case "data":
			s = resourceSource{Kind: fromData, Value: p.Path}
		case "requestParameter":
			s = resourceSource{Kind: fromRequest, Value: p.Path}
		case "response":
			s = resourceSource{Kind: fromResponse, Value: p.Path}
		case "input":
			s = resourceSource{Kind: fromInput}
		default: // string, integer, boolean
			s = resourceSource{Kind: fromLiteral, Literal: p.Value}
		}
		out[i] = resourceParam{p.Target, s}
	}
	return out
}
