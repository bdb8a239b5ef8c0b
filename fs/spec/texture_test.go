package spec

import (
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/gen"
)

func TestTextureKeys(t *testing.T) {
	for in, want := range map[string]struct {
		texture  Texture
		compress float64
		run      int64
		form     string
	}{
		"1,texture=text":                           {Texture{Texture: gen.Text}, 4, 0, "1,texture=text"},
		"1,texture=random,region=64K,run=128K":     {Texture{}, 1, 128 << 10, "1,run=128K"},
		"1,texture=binary,compress=3":              {Texture{Texture: gen.Binary}, 3, 0, "1,compress=3,texture=binary"},
		"1,compress=4,texture=text":                {Texture{Texture: gen.Text}, 4, 0, "1,texture=text"},
		"1,texture=flat,spread=0.25,zero=20%":      {Texture{Texture: gen.Flat, Spread: 0.25, Zero: Billion / 5}, 2, 0, "1,texture=flat,spread=0.25,zero=20%"},
		"1,random=100%,region=1G":                  {Texture{Random: Billion, Region: 1 << 30}, 1, 0, "1,random=100%,region=1G"},
		"1,run=1T,unit=4K,dedup=2,texture=log":     {Texture{Texture: gen.Log}, 9, 1 << 40, "1,dedup=2,unit=4K,run=1T,texture=log"},
		"1,zero=40%,random=60%,spread=0,region=8K": {Texture{Zero: 4e8, Random: 6e8, Region: 8 << 10}, 1, 0, "1,zero=40%,random=60%,region=8K"},
	} {
		s, err := Parse(in)
		if err != nil {
			t.Errorf("%q: %v", in, err)
			continue
		}
		if s.Texture != want.texture || s.Compress != want.compress || s.Run != want.run || s.String() != want.form {
			t.Errorf("%q: %+v, %q", in, s, s)
		}
		if again, err := Parse(s.String()); err != nil || again != s {
			t.Errorf("%q: read again, %+v, %v", s, again, err)
		}
		g, err := gen.New(s.Config())
		if err != nil {
			t.Errorf("%q: %v", in, err)
			continue
		}
		g.Close()
	}
}

func TestTextureErrors(t *testing.T) {
	for in, want := range map[string]string{
		"1,texture=Text":                       `texture "Text": a texture is random, flat,`,
		"1,texture=":                           `texture "": a texture is`,
		"1,spread=0.1":                         "spread= needs a texture=",
		"1,texture=text,spread=1.1":            `spread "1.1": a spread is a number from 0 to 1`,
		"1,texture=text,spread=-1":             `spread "-1": a spread is`,
		"1,texture=text,compress=1":            "compress 1: with texture=text, the ratio must be from 1.35 to",
		"1,texture=flat,compress=11":           "compress 11: with texture=flat, the ratio must be from 1 to 10",
		"1,zero=101%":                          `zero "101%": must be at most 100%`,
		"1,zero=60%,random=60%":                "zero 60% and random 60% are more than 100%",
		"1,random=5":                           `random "5": must be a percentage`,
		"1,region=5K":                          `region "5K": a region is a multiple of 4K`,
		"1,region=0":                           `region "0": a region is a multiple of 4K`,
		"1,region=2G":                          `region "2G": a region is a multiple of 4K, up to 1G`,
		"1,run=4K":                             "run 4K: must be a multiple of the unit, 128K",
		"129K,dedup=2,run=128K,group=0of3":     `group "0of3": the files of a group with run= or a texture have one size, 2 units`,
		"129K,dedup=2,zero=1%,group=1of4":      `group "1of4": the files of a group with run= or a texture have one size, 2 units, so both must be multiples of 2`,
		"1,run=0":                              `run "0": a run is a multiple of the unit`,
		"1,run=2T":                             `run "2T": a run is a multiple of the unit, up to 1T`,
		"1,texture=text,texture=log":           `key "texture" is given twice`,
		"1,texture=text,compress=2,run=130.5K": "run",
	} {
		_, err := Parse(in)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", in, err, want)
		}
	}
}
