// Package models holds the API models of AWS services, for clients by name:
//
//	import _ "github.com/seed-3bbad739/requests/aws/models"
//
// It registers them with package aws when it is imported, and unpacks one when
// a client is made. They are those of the AWS SDK for Go of July 2025; newer
// ones come from AWS_DATA_PATH or aws.WithModels, which count before these.
package models

import (
	"archive/zip"
	"bytes"
	_ "embed" // the archive
	"io/fs"
	"sync"

	"github.com/seed-3bbad739/requests/aws"
)

//go:generate go run -C .. ./internal/gen -models models/models.zip

//go:embed models.zip
var archive []byte

func init() { aws.RegisterModels(FS) }

// FS is the directory of the models, service/version/service-2.json.
var FS fs.FS = directory{}

// directory reads the archive's own directory at first use.
type directory struct{}

var opened = sync.OnceValues(func() (*zip.Reader, error) {
	return zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
})

// Open implements [fs.FS].
func (directory) Open(name string) (fs.File, error) {
	r, err := opened()
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return r.Open(name)
}
