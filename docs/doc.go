// Package docs has no code for users: its tests compile and run what the pages
// of the repository show. README.md says how.
package docs
