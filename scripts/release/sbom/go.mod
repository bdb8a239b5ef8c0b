module github.com/dgenfs/dgenfs/scripts/release/sbom

go 1.26.0
