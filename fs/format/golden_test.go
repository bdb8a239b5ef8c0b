package format

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"maps"
	"slices"
	"testing"
)

var printGolden = flag.Bool("print-golden", false, "print the hashes of all samples instead of comparing them")

// The bytes of each sample are the same on every CPU, in either byte order.
func TestGolden(t *testing.T) {
	all := samples(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		sum := sha256.Sum256(whole(t, all[name], config))
		got := hex.EncodeToString(sum[:8])
		if *printGolden {
			t.Logf("\t%q: %q,", name, got)
			continue
		}
		if want := golden[name]; got != want {
			t.Errorf("%s: %s, not %s", name, got, want)
		}
	}
	if len(golden) != len(all) && !*printGolden {
		t.Errorf("%d hashes for %d samples", len(golden), len(all))
	}
}

var golden = map[string]string{
	"arrow":          "2fc6142b23286c44",
	"arrow u8":       "548cbe6b01490ea0",
	"bmp":            "1a12a56872a6ed17",
	"gguf":           "b299f4ada3bd4548",
	"gpt":            "fadeb5bb1dba1300",
	"gz":             "3a16add366744121",
	"gz short":       "86d5c6b4c4c8b4e6",
	"hdf5":           "c7fe0cf3e8fe3abd",
	"jpeg":           "fa0db219af435e85",
	"jpeg comments":  "3283f0cbf25efb54",
	"jpeg shape":     "cd50cfaf21eec0cf",
	"lengths":        "061682d4ea660a88",
	"npy":            "e2edc8271ac7b715",
	"npz":            "85f61cb042616fad",
	"npz f2":         "8ffb8d17b5eabb8e",
	"npz f4":         "0ee61312cda7b573",
	"npz f8":         "aec0be14ef46bde9",
	"npz small":      "184585dddcb4e3e7",
	"offsets":        "b9318dacc8d71d88",
	"parquet":        "6eda26bbb7d79af4",
	"parquet lists":  "a4a6d65412217a9d",
	"parquet rows":   "1bdd4fdcb446fbbb",
	"png":            "801d69f09f29f4b9",
	"png large":      "bdb021a6a4702daf",
	"png shape":      "3e3b47f285d1899e",
	"pt":             "80fa36c64c84780d",
	"safetensors":    "1dc498971f863b7d",
	"tar":            "c31dfa4c440c7afb",
	"tar of jpeg":    "8d03321391017889",
	"tfindex":        "04eba65d761ff01f",
	"tfindex tiny":   "13f5eae20701c712",
	"tfrecord":       "00f06fe3e184e998",
	"tfrecord small": "77525364bd417036",
	"tfrecord tiny":  "2c34fa6f0805936a",
	"wav":            "152a66a594c00cbc",
	"zip":            "ae76be7c70dc532c",
	"zip members":    "700ca7d2a2ae3521",
	"zip of jpeg":    "6296b00f74e9d065",
	"zip of npy":     "3c607c52ff3814c8",
}
