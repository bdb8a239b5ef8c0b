package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"
)

// required returns what of the fields that the schema of CycloneDX 1.6 requires, or
// whose form it prescribes, is missing or wrong.
func required(t *testing.T, data []byte) (wrong []string) {
	t.Helper()
	var b map[string]any
	if err := json.Unmarshal(data, &b); err != nil {
		t.Fatal(err)
	}
	expect := func(where string, value any, pattern string) {
		if s, ok := value.(string); !ok || !regexp.MustCompile("^(?:"+pattern+")$").MatchString(s) {
			wrong = append(wrong, where)
		}
	}
	refs := map[string]bool{}
	check := func(where string, value any) {
		c, ok := value.(map[string]any)
		if !ok {
			wrong = append(wrong, where)
			return
		}
		expect(where+".type", c["type"], "application|library")
		expect(where+".name", c["name"], ".+")
		expect(where+".bom-ref", c["bom-ref"], ".+")
		expect(where+".purl", c["purl"], `pkg:golang/[^@ ]+@[^@ +]+`)
		ref, _ := c["bom-ref"].(string)
		if refs[ref] {
			wrong = append(wrong, where+".bom-ref is not unique")
		}
		refs[ref] = true
		hashes, _ := c["hashes"].([]any)
		for _, h := range hashes {
			expect(where+".hashes.alg", h.(map[string]any)["alg"], "SHA-256")
			expect(where+".hashes.content", h.(map[string]any)["content"], "[0-9a-f]{64}")
		}
	}
	expect("bomFormat", b["bomFormat"], "CycloneDX")
	expect("specVersion", b["specVersion"], `1\.6`)
	expect("serialNumber", b["serialNumber"], `urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)
	if v, ok := b["version"].(float64); !ok || v < 1 {
		wrong = append(wrong, "version")
	}
	meta, _ := b["metadata"].(map[string]any)
	if _, err := time.Parse(time.RFC3339, meta["timestamp"].(string)); err != nil {
		wrong = append(wrong, "metadata.timestamp")
	}
	check("metadata.component", meta["component"])
	components, _ := b["components"].([]any)
	for _, c := range components {
		check("components", c)
	}
	dependencies, _ := b["dependencies"].([]any)
	if len(dependencies) != len(refs) {
		wrong = append(wrong, "dependencies")
	}
	for _, d := range dependencies {
		d := d.(map[string]any)
		on, _ := d["dependsOn"].([]any)
		for _, ref := range append(on, d["ref"]) {
			if !refs[ref.(string)] {
				wrong = append(wrong, "dependencies: "+ref.(string))
			}
		}
	}
	return wrong
}

// The bill of this test's own program, which has the standard library alone.
func TestOwnProgram(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	for _, w := range []*bytes.Buffer{&first, &second} {
		if err := run(exe, "86400", w); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("two bills of one program differ")
	}
	if wrong := required(t, first.Bytes()); wrong != nil {
		t.Errorf("missing or wrong: %q in\n%s", wrong, first.Bytes())
	}
	var b bom
	if err := json.Unmarshal(first.Bytes(), &b); err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(program)
	if got := b.Metadata.Component.Hashes[0].Content; got != hex.EncodeToString(sum[:]) {
		t.Errorf("hash %s, want that of the program, %x", got, sum)
	}
	if b.Metadata.Timestamp != "1970-01-02T00:00:00Z" {
		t.Errorf("timestamp %s", b.Metadata.Timestamp)
	}
	version, _, _ := strings.Cut(strings.TrimPrefix(runtime.Version(), "go"), " ")
	if got := b.Components[0]; got.Name != "std" || got.Version != version {
		t.Errorf("first component %+v, want the standard library of Go %s", got, version)
	}
}

func TestModules(t *testing.T) {
	info := &buildinfo.BuildInfo{
		GoVersion: "go1.26.8 X:none",
		Main:      debug.Module{Path: "example.org/m", Version: "v1.2.3+dirty"},
		Deps: []*debug.Module{
			{Path: "example.org/a", Version: "v0.1.0", Sum: "h1:x="},
			{Path: "example.org/b", Version: "v0.1.0", Replace: &debug.Module{Path: "example.org/c", Version: "v2.0.0", Sum: "h1:y="}},
		},
	}
	b, err := newBOM(info, [sha256.Size]byte{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range b.Components {
		got = append(got, c.PURL)
	}
	want := []string{"pkg:golang/std@1.26.8", "pkg:golang/example.org/a@v0.1.0", "pkg:golang/example.org/c@v2.0.0"}
	if !slices.Equal(got, want) {
		t.Errorf("components %q, want %q", got, want)
	}
	if p := b.Metadata.Component.PURL; p != "pkg:golang/example.org/m@v1.2.3%2Bdirty" {
		t.Errorf("program %s", p)
	}
	if p := b.Components[2].Properties; len(p) != 1 || p[0].Value != "h1:y=" {
		t.Errorf("properties of what replaces a module: %v", p)
	}
}

func TestErrors(t *testing.T) {
	text := t.TempDir() + "/text"
	if err := os.WriteFile(text, []byte("no program"), 0o600); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, epoch, want string }{
		{text, "", text},
		{text + "-missing", "", "no such file"},
		{exe, "yesterday", "SOURCE_DATE_EPOCH=yesterday"},
	} {
		var out bytes.Buffer
		err := run(test.name, test.epoch, &out)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s, %q: error %v, want one with %q", test.name, test.epoch, err, test.want)
		}
		if out.Len() > 0 {
			t.Errorf("%s, %q: printed in spite of an error", test.name, test.epoch)
		}
	}
	if _, err := newBOM(&buildinfo.BuildInfo{}, [sha256.Size]byte{}); err == nil {
		t.Error("no error for a program without a module")
	}
}
