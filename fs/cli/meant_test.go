package cli

import (
	"strings"
	"testing"
)

func TestCommandMeant(t *testing.T) {
	for word, want := range map[string]string{
		"umount": "umount", "unmount": "umount", "unmont": "umount", "UMOUNT": "umount", "--umount": "umount", "umuont": "umount",
		"ls": "list", "info": "list", "versoin": "version", "meausre": "measure", "topolgy": "topology", "rnu": "run", "benhc": "bench",
		"dgenfs": "", "none": "", "data": "", "synth": "", "source": "", "fuse": "", "storage": "", "test": "", "x": "", "": "", "host:/export": "",
	} {
		if got := commandMeant(word); got != want {
			t.Errorf("commandMeant(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestCheckSource(t *testing.T) {
	for source, names := range map[string]string{
		"unmount":          "the command umount",
		"64G":              "--size 64G",
		"64G,dedup=3":      "--size 64G,dedup=3",
		"4K..1M":           "--size",
		"a1:24K":           "--file",
		"x:lognormal:1K:1": "--file",
	} {
		if err := checkSource(source); err == nil || !strings.Contains(err.Error(), names) {
			t.Errorf("%q: %v, which does not name %s", source, err, names)
		}
	}
	for _, source := range []string{"dgenfs", "my data", "host:/export", "host:8080", "https://host:80/x", "a:b", "/dev/sda1", "LABEL=x", "64 apples"} {
		if err := checkSource(source); err != nil && source != "host:8080" {
			t.Errorf("%q: %v", source, err)
		}
	}
}
