// Command gen writes the tables of services, endpoints and partitions out of
// the AWS SDKs for Go, which it takes from the module cache. Run it by go
// generate in the aws module.
package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/flate"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// The inputs. Raise them here and run go generate.
const (
	v1Module = "github.com/aws/aws-sdk-go@v1.55.8"
	v2Module = "github.com/aws/aws-sdk-go-v2@v1.47.6"
)

// clientNames are the names of clients that are not the service's id in lower
// case with hyphens for spaces.
var clientNames = map[string]string{
	"api-gateway": "apigateway", "application-auto-scaling": "application-autoscaling", "app-mesh": "appmesh",
	"auto-scaling": "autoscaling", "auto-scaling-plans": "autoscaling-plans", "cost-explorer": "ce",
	"cloudhsm-v2": "cloudhsmv2", "cloudsearch-domain": "cloudsearchdomain", "cognito-identity-provider": "cognito-idp",
	"config-service": "config", "cost-and-usage-report-service": "cur", "data-pipeline": "datapipeline",
	"device-farm": "devicefarm", "direct-connect": "directconnect", "application-discovery-service": "discovery",
	"database-migration-service": "dms", "directory-service": "ds", "directory-service-data": "ds-data",
	"dynamodb-streams": "dynamodbstreams", "elastic-beanstalk": "elasticbeanstalk", "elastic-load-balancing": "elb",
	"elastic-load-balancing-v2": "elbv2", "elastic-transcoder": "elastictranscoder", "import-export": "importexport",
	"iot-1click-devices-service": "iot1click-devices", "iot-1click-projects": "iot1click-projects", "mobile-analytics": "mobileanalytics",
	"elasticsearch-service": "es", "eventbridge": "events",
	"global-accelerator": "globalaccelerator", "iot-data-plane": "iot-data", "iot-jobs-data-plane": "iot-jobs-data",
	"iot-events": "iotevents", "iot-events-data": "iotevents-data", "iot-wireless": "iotwireless",
	"kinesis-analytics": "kinesisanalytics", "kinesis-analytics-v2": "kinesisanalyticsv2", "kinesis-video": "kinesisvideo",
	"lex-model-building-service": "lex-models", "lex-runtime-service": "lex-runtime", "lex-models-v2": "lexv2-models",
	"lex-runtime-v2": "lexv2-runtime", "cloudwatch-logs": "logs", "machine-learning": "machinelearning",
	"marketplace-entitlement-service": "marketplace-entitlement", "marketplace-commerce-analytics": "marketplacecommerceanalytics",
	"marketplace-metering": "meteringmarketplace", "migration-hub": "mgh", "resource-groups-tagging-api": "resourcegroupstaggingapi",
	"route-53": "route53", "route-53-domains": "route53domains", "s3-control": "s3control", "simpledb": "sdb",
	"secrets-manager": "secretsmanager", "serverlessapplicationrepository": "serverlessrepo",
	"service-catalog": "servicecatalog", "service-catalog-appregistry": "servicecatalog-appregistry",
	"pinpoint-sms-voice": "sms-voice", "sfn": "stepfunctions", "storage-gateway": "storagegateway",
}

// partitionOrder is the order in which partitions are looked at.
var partitionOrder = []string{"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run() error {
	archive := flag.String("models", "", "write the models to this archive, and nothing else")
	flag.Parse()
	v1, err := moduleDir(v1Module)
	if err != nil {
		return err
	}
	if *archive != "" {
		return models(filepath.Join(v1, "models/apis"), *archive, flate.BestCompression)
	}
	v2, err := moduleDir(v2Module)
	if err != nil {
		return err
	}
	return tables(v1, v2, "tables")
}

// tables writes the tables into a directory. They are the same for the same input.
func tables(v1, v2, to string) error {
	if err := partitions(filepath.Join(v2, "internal/endpoints/awsrulesfn/partitions.json"), filepath.Join(to, "partitions.json")); err != nil {
		return err
	}
	if err := endpoints(filepath.Join(v1, "models/endpoints/endpoints.json"), filepath.Join(to, "endpoints.json.gz")); err != nil {
		return err
	}
	return services(filepath.Join(v1, "models/apis"), filepath.Join(to, "services.json.gz"))
}

func moduleDir(module string) (string, error) {
	out, err := exec.Command("go", "mod", "download", "-json", module).Output()
	if err != nil {
		return "", fmt.Errorf("go mod download %s: %w", module, err)
	}
	var m struct{ Dir string }
	err = json.Unmarshal(out, &m)
	return m.Dir, err
}

func partitions(path, to string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var in struct {
		Partitions []struct {
			ID          string                     `json:"id"`
			RegionRegex string                     `json:"regionRegex"`
			Regions     map[string]json.RawMessage `json:"regions"`
			Outputs     struct {
				DNSSuffix            string `json:"dnsSuffix"`
				DualStackDNSSuffix   string `json:"dualStackDnsSuffix"`
				ImplicitGlobalRegion string `json:"implicitGlobalRegion"`
				SupportsFIPS         bool   `json:"supportsFIPS"`
				SupportsDualStack    bool   `json:"supportsDualStack"`
			} `json:"outputs"`
		} `json:"partitions"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	type partition struct {
		ID, RegionRegex, DNSSuffix, DualStackDNSSuffix, GlobalRegion string
		FIPS, DualStack                                              bool
		Regions                                                      []string
	}
	out := make([]partition, len(in.Partitions))
	for i, p := range in.Partitions {
		o := partition{
			p.ID, p.RegionRegex, p.Outputs.DNSSuffix, p.Outputs.DualStackDNSSuffix, p.Outputs.ImplicitGlobalRegion,
			p.Outputs.SupportsFIPS, p.Outputs.SupportsDualStack, nil,
		}
		for r := range p.Regions {
			if !strings.HasSuffix(r, "-global") { // a pseudo region
				o.Regions = append(o.Regions, r)
			}
		}
		slices.Sort(o.Regions)
		out[i] = o
	}
	slices.SortStableFunc(out, func(a, b partition) int { return cmp.Compare(place(a.ID), place(b.ID)) })
	text, err := json.MarshalIndent(out, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(to, append(text, '\n'), 0o644)
}

func place(id string) int {
	if i := slices.Index(partitionOrder, id); i >= 0 {
		return i
	}
	return len(partitionOrder)
}

func endpoints(path, to string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, b); err != nil {
		return err
	}
	return writeGzip(to, compact.Bytes())
}

// service is one line of the table of services.
type service struct {
	Name, ID, Prefix, SigningName, Protocol, TargetPrefix string
	Versions                                              []string
}

func services(dir, to string) error {
	models, err := filepath.Glob(filepath.Join(dir, "*", "*", "api-2.json"))
	if err != nil {
		return err
	}
	byName := make(map[string]*service)
	slices.Sort(models) // so that of several versions the newest is the last
	for _, path := range models {
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var m struct {
			Metadata struct{ APIVersion, EndpointPrefix, Protocol, ServiceID, SigningName, TargetPrefix string }
		}
		if err := json.Unmarshal(b, &m); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		md := m.Metadata
		if md.ServiceID == "" {
			continue
		}
		name := clientName(md.ServiceID)
		s := byName[name]
		if s == nil {
			s = new(service)
			byName[name] = s
		}
		versions := append(s.Versions, filepath.Base(filepath.Dir(path)))
		*s = service{name, md.ServiceID, md.EndpointPrefix, md.SigningName, md.Protocol, md.TargetPrefix, versions}
	}
	table := make([]*service, 0, len(byName))
	for _, s := range byName {
		slices.Sort(s.Versions)
		s.Versions = slices.Compact(s.Versions)
		table = append(table, s)
	}
	slices.SortFunc(table, func(a, b *service) int { return cmp.Compare(a.Name, b.Name) })
	b, err := json.Marshal(table)
	if err != nil {
		return err
	}
	return writeGzip(to, b)
}

func clientName(serviceID string) string {
	name := strings.ToLower(strings.ReplaceAll(serviceID, " ", "-"))
	if other, ok := clientNames[name]; ok {
		return other
	}
	return name
}

// models packs the models, with paginators and waiters, by the names of the
// clients. The archive is the same for the same input.
func models(dir, archive string, level int) error {
	paths, err := filepath.Glob(filepath.Join(dir, "*", "*", "api-2.json"))
	if err != nil {
		return err
	}
	files := make(map[string]string)
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var m struct{ Metadata struct{ ServiceID string } }
		if err := json.Unmarshal(b, &m); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if m.Metadata.ServiceID == "" {
			continue
		}
		from := filepath.Dir(path)
		to := clientName(m.Metadata.ServiceID) + "/" + filepath.Base(from) + "/"
		files[to+"service-2.json"] = path
		for _, extra := range [...]string{"paginators-1.json", "waiters-2.json"} {
			if _, err := os.Stat(filepath.Join(from, extra)); err == nil {
				files[to+extra] = filepath.Join(from, extra)
			}
		}
	}
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, level) })
	for _, name := range slices.Sorted(maps.Keys(files)) {
		b, err := os.ReadFile(files[name])
		if err != nil {
			return err
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, b); err != nil {
			return fmt.Errorf("%s: %w", files[name], err)
		}
		w, err := z.Create(name)
		if err != nil {
			return err
		}
		if _, err := w.Write(compact.Bytes()); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(archive, buf.Bytes(), 0o644)
}

func writeGzip(path string, b []byte) error {
	var buf bytes.Buffer
	z, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(b); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, buf.Bytes(), 0o644)
}
