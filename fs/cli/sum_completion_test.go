package cli

import (
	"bytes"
	"testing"

	"github.com/dgenfs/dgenfs/fs/cli/help"
)

func TestCompleteStorageThatLies(t *testing.T) {
	for _, test := range []struct {
		words []string
		want  string
	}{
		{[]string{"sum", "--algo", "xx"}, "xxh3\nxxh64\n"},
		{[]string{"sum", "--algo", "bl"}, "blake3\n"},
		{[]string{"sum", "--spec", "1M,corr"}, "1M,corrupt=\n:nospace\n"},
	} {
		var b bytes.Buffer
		c := help.Completer{Commands: commands(), Mounts: func() []string { return nil }}
		if err := c.Complete(&b, test.words); err != nil {
			t.Fatal(err)
		}
		var words bytes.Buffer
		for _, line := range bytes.SplitAfter(b.Bytes(), []byte("\n")) {
			word, _, described := bytes.Cut(line, []byte("\t"))
			words.Write(word)
			if described {
				words.WriteByte('\n')
			}
		}
		if words.String() != test.want {
			t.Errorf("%q: %q, want %q", test.words, words.String(), test.want)
		}
	}
}
