//go:build !amd64

package bench

// cpuStores returns none: copy() is as good as stores by hand.
func cpuStores() []store { return nil }
