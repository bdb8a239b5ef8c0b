package cli

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/cli/exit"
)

// runSum returns what sum prints, and that it succeeds.
func runSum(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if status := run(append([]string{"sum"}, args...), &stdout, &stderr); status != exit.Done || stderr.Len() > 0 {
		t.Fatalf("sum %q: exit status %d, %s", args, status, &stderr)
	}
	return stdout.String()
}

// names returns the names of lines, without the checksums.
func names(text string) (all []string) {
	for line := range strings.Lines(text) {
		_, name, _ := strings.Cut(line, "  ")
		all = append(all, strings.TrimSuffix(name, "\n"))
	}
	return all
}

// What arguments choose, in their order, and in the order of the tree.
func TestSumNames(t *testing.T) {
	tree := []string{"--file", "d{1..2}/a{9..11}:1K", "--file", "d{1..2}/e/x:1", "--file", "top:0", "--file", "[x]:7"}
	all := []string{"[x]", "d1/a9", "d1/a10", "d1/a11", "d1/e/x", "d2/a9", "d2/a10", "d2/a11", "d2/e/x", "top"}
	for _, test := range []struct {
		args []string
		want []string
	}{
		{nil, all},
		{[]string{"."}, all},
		{[]string{"./"}, all},
		{[]string{"top", "d2/a9"}, []string{"top", "d2/a9"}},
		{[]string{"./d1/", "top"}, []string{"d1/a9", "d1/a10", "d1/a11", "d1/e/x", "top"}},
		{[]string{"d1/e"}, []string{"d1/e/x"}},
		{[]string{"*/a1?"}, []string{"d1/a10", "d1/a11", "d2/a10", "d2/a11"}},
		{[]string{"d*"}, all[1:9]},
		{[]string{"*/*/x"}, []string{"d1/e/x", "d2/e/x"}},
		{[]string{"[x]"}, []string{"[x]"}}, // a file of that name is meant
		{[]string{"[t]op"}, []string{"top"}},
		{[]string{"top", "1K", "2K,dedup=2"}, []string{"top", "1K", "2K,dedup=2"}},
		{[]string{"--shard", "2/2", "--seed", "5"}, nil},
	} {
		got := names(runSum(t, append(slices.Clone(tree), test.args...)...))
		if test.want != nil && !slices.Equal(got, test.want) {
			t.Errorf("%q: %q, want %q", test.args, got, test.want)
		} else if test.want == nil && len(got) != len(all)/2 && len(got) != (len(all)+1)/2 {
			t.Errorf("%q: %q", test.args, got)
		}
	}
}

// The checksums are those of the bytes that cat writes, in the generation and with the
// seed that flags say.
func TestSumIsOfTheBytes(t *testing.T) {
	sumOf := func(args ...string) string {
		var stdout, stderr bytes.Buffer
		if status := run(append([]string{"cat"}, args...), &stdout, &stderr); status != exit.Done {
			t.Fatalf("cat %q: exit status %d, %s", args, status, &stderr)
		}
		return fmt.Sprintf("%x  ", sha256.Sum256(stdout.Bytes()))
	}
	for _, test := range []struct{ sum, cat []string }{
		{[]string{"3M,dedup=2"}, []string{"3M,dedup=2"}},
		{[]string{"--seed", "7", "3M,dedup=2"}, []string{"--seed", "7", "3M,dedup=2"}},
		{[]string{"--seed", "7", "--spec", "3M,dedup=2"}, []string{"--seed", "7", "3M,dedup=2"}},
		{[]string{"--spec", "5000,seed=1,texture=text"}, []string{"5000,seed=1,texture=text"}},
		{[]string{"--spec", "3M,seed=1,format=npy", "some name"}, []string{"3M,seed=1,format=npy"}},
		{[]string{"3M.npy"}, []string{"3M.npy"}},
		{[]string{"--generation", "2", "--change", "10%", "3M,seed=1"}, []string{"3M,seed=1,generation=2,change=10%,phase=500000000"}},
		// What readers of a mount get has no effect.
		{[]string{"--corrupt", "bit:1%", "--fail", "eio:1%", "3M,seed=1,corrupt=zero:5%,rate=1K"}, []string{"3M,seed=1"}},
	} {
		if got, want := runSum(t, test.sum...), sumOf(test.cat...); !strings.HasPrefix(got, want) || strings.Count(got, "\n") != 1 {
			t.Errorf("sum %q: %s, want %s", test.sum, got, want)
		}
	}
	if got := names(runSum(t, "--spec", "1K,seed=1", "some name")); !slices.Equal(got, []string{"some name"}) {
		t.Errorf("the NAME of --spec: %q", got)
	}
}

func TestSumFormats(t *testing.T) {
	const name = "a b:7"
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--algo", "crc32"}, "HEX  a b\n"},
		{[]string{"--algo", "crc32", "-z"}, "HEX  a b\x00"},
		{[]string{"--algo", "crc32", "--tag"}, "CRC32 (a b) = HEX\n"},
		{[]string{"--algo", "crc32", "--tag", "--zero"}, "CRC32 (a b) = HEX\x00"},
		{[]string{"--algo", "md5,crc32", "--tag"}, "MD5 (a b) = HEX\nCRC32 (a b) = HEX\n"},
		{[]string{"--algo", "xxh3"}, "XXH3 (a b) = HEX\n"},
		{[]string{"--algo", "xxh64"}, "HEX  a b\n"},
		{[]string{"--etag", "8M"}, "HEX  a b\n"},
		{[]string{"--etag", "3", "--tag"}, "ETag (a b) = HEX-3\n"},
		{[]string{"--algo", "sha1,md5", "--hashdeep"}, "%%%% HASHDEEP-1.0\n%%%% size,sha1,md5,filename\n## dgenfs sum\n##\n7,HEX,HEX,./a b\n"},
	} {
		got := runSum(t, append([]string{"--file", name}, test.args...)...)
		var b strings.Builder
		for rest := got; rest != ""; {
			n := len(rest) - len(strings.TrimLeft(rest, "0123456789abcdef"))
			if n >= 8 {
				b.WriteString("HEX")
			} else {
				n = max(n, 1)
				b.WriteString(rest[:n])
			}
			rest = rest[n:]
		}
		if b.String() != test.want {
			t.Errorf("%q: %q, want %q", test.args, got, test.want)
		}
	}
	if got := runSum(t, "--algo", "crc64nvme", "--base64", "--file", "a:0"); got != "AAAAAAAAAAA=  a\n" {
		t.Errorf("base64: %q", got)
	}
	for algorithm, want := range map[string]string{"md5": `new\nline \\ \r`, "blake3": `new\nline \\ ` + "\r", "xxh64": `new\nline \\ \r`} {
		got := runSum(t, "--algo", algorithm, "--file", "new\nline \\\\ \r:0")
		if _, name, _ := strings.Cut(got, "  "); got[0] != '\\' || name != want+"\n" {
			t.Errorf("%s: %q, want %q", algorithm, got, want)
		}
	}
	if got := runSum(t, "--algo", "xxh64", "--file", `b\\s:0`); !strings.HasSuffix(got, `  b\s`+"\n") || got[0] == '\\' {
		t.Errorf("xxh64 of a name with a backslash: %q", got)
	}
}

// Files without a checksum are reported, and the others are printed.
func TestSumFails(t *testing.T) {
	for _, test := range []struct {
		args        []string
		lines       int
		text, error string
	}{
		{[]string{"--file", "a{0..9}:1K", "--file", "large:10001,seed=1", "--etag", "1"}, 10, "-1024  ", `no checksum of 1 file, such as "large": has 10001 parts`},
		{[]string{"--hashdeep", "--file", "a:1", "--file", "x\ny:1", "--file", "z:1"}, 6, "./z", `no checksum of 1 file, such as "x\ny"`},
		{[]string{"--size", "1K", "data", "x*"}, 1, "data", `"x*": no file matches`},
	} {
		var stdout, stderr bytes.Buffer
		status := run(append([]string{"sum"}, test.args...), &stdout, &stderr)
		if status != exit.Failed || strings.Count(stdout.String(), "\n") != test.lines || !strings.Contains(stdout.String(), test.text) || !strings.Contains(stderr.String(), test.error) || strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%q: exit status %d, %s, %s", test.args, status, &stdout, &stderr)
		}
	}
}
