// Package api makes operations of AWS services out of their JSON models at
// run time. It is the only place that knows smithy-go's run-time protocols.
package api

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"
	"sync"
)

// Model is an API model in botocore's form.
type Model struct {
	Name       string `json:"-"` // of the directories that it was found in
	Version    string `json:"-"`
	Metadata   Metadata
	Operations map[string]*Operation
	Shapes     map[string]*Shape

	service *serviceSchemas
	once    sync.Once
}

// Metadata describes a service.
type Metadata struct {
	APIVersion, EndpointPrefix, GlobalEndpoint, Protocol, ServiceID, SigningName string
	SignatureVersion, TargetPrefix, JSONVersion, XMLNamespace                    string
	Protocols, Auth                                                              []string
	AWSQueryCompatible                                                           *struct{}
}

// Operation describes an operation.
type Operation struct {
	Name string
	HTTP struct {
		Method, RequestURI string
		ResponseCode       int
	}
	Input, Output        *Ref
	Errors               []Ref
	AuthType             string
	Auth                 []string
	UnsignedPayload      bool
	Endpoint             struct{ HostPrefix string }
	HTTPChecksumRequired bool
	HTTPChecksum         HTTPChecksum
	RequestCompression   struct{ Encodings []string }
}

// HTTPChecksum says how an operation checks content, and the names of the
// parameters for it. The zero value says that it does not.
type HTTPChecksum struct {
	RequestAlgorithmMember      string
	RequestChecksumRequired     bool
	RequestValidationModeMember string
	ResponseAlgorithms          []string
}

// Namespace is the XML namespace of an element: an object or just a URI.
type Namespace struct{ URI, Prefix string }

// UnmarshalJSON takes both forms.
func (n *Namespace) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &n.URI)
	}
	type plain Namespace
	return json.Unmarshal(b, (*plain)(n))
}

// Ref is a use of a shape: a member, or an input or output.
type Ref struct {
	Shape, Location, LocationName, QueryName, TimestampFormat       string
	XMLNamespace                                                    *Namespace
	Flattened, XMLAttribute, Streaming, IdempotencyToken, HostLabel bool
	EventPayload, JSONValue                                         bool
}

// Shape is a type.
type Shape struct {
	Type, Payload, LocationName, TimestampFormat string
	Members                                      map[string]*Ref
	Required                                     []string
	Member, Key, Value                           *Ref
	Min                                          *float64
	Flattened, Streaming, Exception, EventStream bool
	Document, Sensitive, Union                   bool
	XMLNamespace                                 *Namespace
	Error                                        struct {
		Code           string
		HTTPStatusCode int
		SenderFault    bool
	}
}

// maxModel bounds a model file; ec2's has some 5 MiB.
const maxModel = 64 << 20 // bytes

// Loader finds models in directories. It keeps what it has parsed. It is safe
// for concurrent use.
type Loader struct {
	dirs []fs.FS

	mu     sync.Mutex
	models map[string]*Model // guarded by mu; by service/version
	names  []string          // guarded by mu; nil: not looked yet
}

// NewLoader returns a loader that looks into dirs in order.
func NewLoader(dirs []fs.FS) *Loader {
	return &Loader{dirs: dirs, models: make(map[string]*Model)}
}

// Services returns the names of the services that have models, sorted.
func (l *Loader) Services() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.names != nil {
		return slices.Clone(l.names)
	}
	seen := make(map[string]bool)
	names := []string{}
	for _, dir := range l.dirs {
		entries, err := fs.ReadDir(dir, ".")
		if err != nil {
			continue
		}
		for _, e := range entries {
			if e.IsDir() && !seen[e.Name()] && len(versionsIn(dir, e.Name(), modelFiles[:])) > 0 {
				seen[e.Name()] = true
				names = append(names, e.Name())
			}
		}
	}
	sort.Strings(names)
	l.names = names
	return slices.Clone(names)
}

var modelFiles = [...]string{"service-2", "api-2"}

// Versions returns the versions of a service that have a file of one of the
// names given, oldest first.
func (l *Loader) Versions(service string, files ...string) []string {
	if len(files) == 0 {
		files = modelFiles[:]
	}
	var all []string
	if !fs.ValidPath(service) || strings.Contains(service, "/") {
		return nil
	}
	for _, dir := range l.dirs {
		all = append(all, versionsIn(dir, service, files)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func versionsIn(dir fs.FS, service string, files []string) []string {
	entries, err := fs.ReadDir(dir, service)
	if err != nil {
		return nil
	}
	var vs []string
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		inside, err := fs.ReadDir(dir, path.Join(service, e.Name()))
		if err != nil {
			continue
		}
		for _, f := range inside {
			base := strings.TrimSuffix(strings.TrimSuffix(f.Name(), ".gz"), ".json")
			if slices.Contains(files, base) {
				vs = append(vs, e.Name())
				break
			}
		}
	}
	return vs
}

// ErrNoModel is matched when there is none.
var ErrNoModel = errors.New("there is no model")

// Load returns the model of a service, the newest version if version is "".
func (l *Loader) Load(service, version string) (*Model, error) {
	vs := l.Versions(service)
	if len(vs) == 0 {
		return nil, ErrNoModel
	}
	if version == "" {
		version = vs[len(vs)-1]
	} else if !slices.Contains(vs, version) {
		return nil, ErrNoModel
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	key := service + "/" + version
	if m := l.models[key]; m != nil {
		return m, nil
	}
	m := &Model{Name: service, Version: version}
	for _, f := range modelFiles {
		found, err := l.Read(service, version, f, m)
		if err != nil {
			return nil, err
		}
		if found {
			l.models[key] = m
			return m, nil
		}
	}
	return nil, ErrNoModel
}

// Read decodes the first file of a name, plain or gzipped, and reports whether
// there is one.
func (l *Loader) Read(service, version, file string, into any) (bool, error) {
	for _, dir := range l.dirs {
		for _, suffix := range [...]string{".json", ".json.gz"} {
			name := path.Join(service, version, file+suffix)
			f, err := dir.Open(name)
			if err != nil {
				continue
			}
			defer f.Close()
			r := io.Reader(f)
			if strings.HasSuffix(suffix, ".gz") {
				z, err := gzip.NewReader(f)
				if err != nil {
					return false, fmt.Errorf("model %s: %w", name, err)
				}
				r = z
			}
			if err := json.NewDecoder(io.LimitReader(r, maxModel)).Decode(into); err != nil {
				return false, fmt.Errorf("model %s: %w", name, err)
			}
			return true, nil
		}
	}
	return false, nil
}
