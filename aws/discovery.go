package aws

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the tables
	"encoding/json"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"sync"
)

//go:generate go run ./internal/gen

//go:embed tables/partitions.json
var partitionsJSON []byte

//go:embed tables/services.json.gz
var servicesGzip []byte

//go:embed tables/endpoints.json.gz
var endpointsGzip []byte

// partition is a set of regions that share their accounts.
type partition struct {
	ID, RegionRegex, DNSSuffix, DualStackDNSSuffix, GlobalRegion string
	FIPS, DualStack                                              bool
	Regions                                                      []string

	pattern *regexp.Regexp
}

// serviceInfo is what the table knows of a service.
type serviceInfo struct {
	Name, ID, Prefix, SigningName, Protocol, TargetPrefix string
	Versions                                              []string
}

// endpointPartition is the endpoints of a partition's services by prefix.
type endpointPartition struct {
	Partition string
	DNSSuffix string
	Defaults  endpointInfo
	Regions   map[string]json.RawMessage
	Services  map[string]*serviceEndpoints
}

type serviceEndpoints struct {
	Defaults          endpointInfo
	Endpoints         map[string]endpointInfo
	IsRegionalized    *bool
	PartitionEndpoint string

	only string // the one region of the partition that the service is in; "": each has its own
}

type endpointInfo struct {
	Hostname        string
	DNSSuffix       string
	CredentialScope struct{ Region, Service string }
	Variants        []endpointVariant
}

type endpointVariant struct {
	DNSSuffix, Hostname string
	Tags                []string
}

// The tables are read at first use: a program that never asks pays nothing.
// What is embedded was written by the generator and always parses.
var (
	partitionTable = sync.OnceValue(func() []*partition {
		var ps []*partition
		mustJSON(bytes.NewReader(partitionsJSON), &ps)
		for _, p := range ps {
			p.pattern = regexp.MustCompile(p.RegionRegex)
		}
		return ps
	})
	serviceTable = sync.OnceValue(func() map[string]*serviceInfo {
		var list []*serviceInfo
		mustJSON(mustGzip(servicesGzip), &list)
		m := make(map[string]*serviceInfo, len(list))
		for _, s := range list {
			m[s.Name] = s
		}
		return m
	})
	serviceByID = sync.OnceValue(func() map[string]*serviceInfo {
		m := make(map[string]*serviceInfo)
		for _, s := range serviceTable() {
			m[s.ID] = s
		}
		return m
	})
	endpointTable = sync.OnceValue(func() map[string]*endpointPartition {
		var e endpointFile
		mustJSON(mustGzip(endpointsGzip), &e)
		return e.byPartition()
	})
)

// endpointFile is endpoints.json, in the SDK's and in botocore's data.
type endpointFile struct{ Partitions []*endpointPartition }

func (e endpointFile) byPartition() map[string]*endpointPartition {
	m := make(map[string]*endpointPartition, len(e.Partitions))
	for _, p := range e.Partitions {
		m[p.Partition] = p
	}
	return m
}

// endpoints returns the endpoints of the session's own data, where that has
// them, as boto3 does: a botocore that is kept up to date knows newer regions.
func (s *Session) endpoints() map[string]*endpointPartition {
	loader := s.models().loader
	s.loaded.endpointsOnce.Do(func() {
		var e endpointFile
		if found, err := loader.Read("", "", "endpoints", &e); found && err == nil {
			s.loaded.endpoints = e.byPartition()
		}
	})
	if s.loaded.endpoints != nil {
		return s.loaded.endpoints
	}
	return endpointTable()
}

func mustGzip(b []byte) io.Reader { return Must[io.Reader](gzip.NewReader(bytes.NewReader(b))) }

func mustJSON(r io.Reader, v any) {
	if err := json.NewDecoder(r).Decode(v); err != nil {
		panic(err)
	}
}

// RegionOption changes what [Session.AvailableRegions] returns.
type RegionOption func(*regionQuery)

type regionQuery struct {
	partition   string
	nonRegional bool
}

// InPartition asks for the regions of a partition other than "aws".
func InPartition(id string) RegionOption { return func(q *regionQuery) { q.partition = id } }

// IncludeNonRegional adds the endpoints that are no region, such as aws-global.
func IncludeNonRegional() RegionOption { return func(q *regionQuery) { q.nonRegional = true } }

// AvailablePartitions returns the ids of the partitions, "aws" first.
func (s *Session) AvailablePartitions() []string {
	ids := make([]string, 0, 8)
	for _, p := range partitionTable() {
		ids = append(ids, p.ID)
	}
	return ids
}

// AvailableRegions returns the regions in which a service has endpoints of its
// own, in alphabetical order: none for a service, or a partition, that is not
// known, and for a service that is global. The list is that of endpoints.json
// in the directories of models, such as botocore's data, else the built-in
// one, which ends with the regions of July 2025.
func (s *Session) AvailableRegions(service string, opts ...RegionOption) []string {
	q := regionQuery{partition: "aws"}
	for _, o := range opts {
		o(&q)
	}
	p := s.endpoints()[q.partition]
	prefix := s.endpointPrefix(service)
	if p == nil || prefix == "" || p.Services[prefix] == nil {
		return []string{}
	}
	regions := make([]string, 0, 32)
	for name := range p.Services[prefix].Endpoints {
		if _, regional := p.Regions[name]; regional || q.nonRegional {
			regions = append(regions, name)
		}
	}
	slices.Sort(regions)
	return regions
}

// endpointPrefix returns what the endpoints of a service are listed under, ""
// for a service that is not known.
func (s *Session) endpointPrefix(service string) string {
	if info := serviceTable()[service]; info != nil {
		return info.Prefix
	}
	if m, err := s.models().load(service, ""); err == nil {
		return m.Metadata.EndpointPrefix
	}
	return ""
}

// PartitionForRegion returns the id of the partition that has the region, or
// whose pattern the region's name fits. The error is an *UnknownRegionError.
func (s *Session) PartitionForRegion(region string) (string, error) {
	p := partitionOf(region)
	if p == nil {
		return "", &UnknownRegionError{region}
	}
	return p.ID, nil
}

func partitionOf(region string) *partition {
	if region == "" {
		return nil
	}
	for _, p := range partitionTable() {
		if slices.Contains(p.Regions, region) {
			return p
		}
	}
	for _, p := range partitionTable() {
		if p.pattern.MatchString(region) {
			return p
		}
	}
	return nil
}

// resourceNames are the services that have resources, in boto3's frozen set.
var resourceNames = []string{"cloudformation", "cloudwatch", "dynamodb", "ec2", "glacier", "iam", "s3", "sns", "sqs"}

// AvailableServices returns the names that [Session.Client] knows, sorted:
// those with a model, or, when there are no models at all, those of the
// built-in table.
func (s *Session) AvailableServices() []string {
	if names := s.models().services(); len(names) > 0 {
		return names
	}
	names := make([]string, 0, 400)
	for n := range serviceTable() {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// AvailableResources returns the services that can have resources, sorted.
func (s *Session) AvailableResources() []string { return slices.Clone(resourceNames) }

var registered struct {
	sync.Mutex
	models []fs.FS
}

// RegisterModels adds a directory of API models for all sessions, looked at
// after all others. A package that embeds models calls it when it is imported.
func RegisterModels(models fs.FS) {
	registered.Lock()
	defer registered.Unlock()
	registered.models = append(registered.models, models)
}
