package aws

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/seed-3bbad739/requests/aws/internal/api"
)

// modelSource is where a session's clients by name come from.
type modelSource struct {
	loader *api.Loader
	mu     *sync.Mutex // the session's modelsMu
}

// models returns where models are looked for: WithModels, AWS_DATA_PATH,
// ~/.aws/models, and what packages have registered. The session keeps it: what
// is found is not looked for again.
func (s *Session) models() modelSource {
	s.loaded.modelsOnce.Do(func() {
		dirs := slices.Clone(s.loaded.models)
		home, _ := os.UserHomeDir()
		for _, p := range filepath.SplitList(os.Getenv("AWS_DATA_PATH")) {
			if home != "" && (p == "~" || strings.HasPrefix(p, "~/")) {
				p = filepath.Join(home, p[1:])
			}
			if p != "" {
				dirs = append(dirs, os.DirFS(p))
			}
		}
		if home != "" {
			dirs = append(dirs, os.DirFS(filepath.Join(home, ".aws", "models")))
		}
		registered.Lock()
		dirs = append(dirs, registered.models...)
		registered.Unlock()
		s.loaded.loader = api.NewLoader(append(dirs, ownResources))
	})
	return modelSource{s.loaded.loader, &s.loaded.modelsMu}
}

func (m modelSource) services() []string { return m.loader.Services() }

func (m modelSource) load(service, version string) (*api.Model, error) {
	model, err := m.loader.Load(service, version)
	if err == nil {
		m.complete(model)
		return model, nil
	}
	if !errors.Is(err, api.ErrNoModel) {
		return nil, err
	}
	if vs := m.loader.Versions(service); len(vs) > 0 {
		return nil, &UnknownAPIVersionError{Service: service, Version: version, Known: vs}
	}
	return nil, &UnknownServiceError{Name: service, Known: m.services()}
}

// complete adds to a model what botocore keeps beside its own. Clients share
// models, so it comes before a client has the model, under mu.
func (m modelSource) complete(model *api.Model) {
	m.mu.Lock()
	defer m.mu.Unlock()
	addSourceRegions(model)
	if expires := model.Shapes["Expires"]; expires != nil && expires.Type == "string" && model.Metadata.ServiceID == "S3" {
		expires.Type = "timestamp"
	}
}

// sub returns the directory of fsys, which is there.
func sub(fsys fs.FS, dir string) fs.FS { return Must(fs.Sub(fsys, dir)) }
