// Sbom prints the bill of materials of a program written in Go, as CycloneDX JSON:
// what `go version -m` shows of it, the modules that were linked in and the
// standard library.
//
//	sbom FILE >FILE.cdx.json
//
// The same program gives the same bytes. The time in it is SOURCE_DATE_EPOCH, in
// seconds since 1970; without that there is none.
package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

func main() {
	if len(os.Args) != 2 || strings.HasPrefix(os.Args[1], "-") {
		fmt.Fprintln(os.Stderr, "usage: sbom FILE, a program built by Go")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Getenv("SOURCE_DATE_EPOCH"), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

// run writes the bill of materials of the program in the file name.
func run(name, epoch string, w io.Writer) error {
	info, err := buildinfo.ReadFile(name)
	if err != nil {
		return err // names the file
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return err
	}
	b, err := newBOM(info, [sha256.Size]byte(hash.Sum(nil)))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return fmt.Errorf("SOURCE_DATE_EPOCH=%s: not a number of seconds", epoch)
		}
		b.Metadata.Timestamp = time.Unix(seconds, 0).UTC().Format(time.RFC3339)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(b)
}

// The objects of CycloneDX 1.6 that are used, see https://cyclonedx.org/docs/1.6/json/.
type (
	bom struct {
		Format       string       `json:"bomFormat"`
		SpecVersion  string       `json:"specVersion"`
		SerialNumber string       `json:"serialNumber"`
		Version      int          `json:"version"`
		Metadata     metadata     `json:"metadata"`
		Components   []component  `json:"components"`
		Dependencies []dependency `json:"dependencies"`
	}
	metadata struct {
		Timestamp string    `json:"timestamp,omitempty"`
		Component component `json:"component"`
	}
	component struct {
		Type       string     `json:"type"`
		Ref        string     `json:"bom-ref"`
		Name       string     `json:"name"`
		Version    string     `json:"version"`
		Hashes     []digest   `json:"hashes,omitempty"`
		PURL       string     `json:"purl"`
		Properties []property `json:"properties,omitempty"`
	}
	digest struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	property struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	dependency struct {
		Ref       string   `json:"ref"`
		DependsOn []string `json:"dependsOn,omitempty"`
	}
)

// newBOM returns the bill of a program that was built as info says and has this
// SHA-256. A program does not tell which of its modules needs which other, so all
// of them are its own dependencies.
func newBOM(info *buildinfo.BuildInfo, sum [sha256.Size]byte) (*bom, error) {
	if info.Main.Path == "" {
		return nil, errors.New("was not built from a module")
	}
	program := library(info.Main)
	program.Type = "application"
	program.Hashes = []digest{{"SHA-256", hex.EncodeToString(sum[:])}}
	for _, s := range info.Settings {
		program.Properties = append(program.Properties, property{"go:build:" + s.Key, s.Value})
	}
	b := &bom{
		Format: "CycloneDX", SpecVersion: "1.6", Version: 1,
		SerialNumber: "urn:uuid:" + uuid(sum),
		Metadata:     metadata{Component: program},
	}
	toolchain, _, _ := strings.Cut(info.GoVersion, " ") // experiments follow
	modules := []debug.Module{{Path: "std", Version: toolchain}}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		modules = append(modules, *m)
	}
	on := dependency{Ref: program.Ref}
	for _, m := range modules {
		c := library(m)
		b.Components = append(b.Components, c)
		b.Dependencies = append(b.Dependencies, dependency{Ref: c.Ref})
		on.DependsOn = append(on.DependsOn, c.Ref)
	}
	b.Dependencies = append(b.Dependencies, on)
	return b, nil
}

// library returns the component that a module is. Its sum is that of go.sum, which
// is no hash of a file, and so none of CycloneDX.
func library(m debug.Module) component {
	version := m.Version
	if m.Path == "std" {
		version = strings.TrimPrefix(version, "go")
	}
	purl := "pkg:golang/" + m.Path + "@" + strings.ReplaceAll(version, "+", "%2B")
	c := component{Type: "library", Ref: purl, Name: m.Path, Version: version, PURL: purl}
	if m.Sum != "" {
		c.Properties = []property{{"go:sum", m.Sum}}
	}
	return c
}

// uuid returns a UUID of version 8 (RFC 9562) that follows from a program's hash.
func uuid(sum [sha256.Size]byte) string {
	u := sum[:16]
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
