// The codecs that scripts/fidelity measures with, as libraries.
#ifndef CODECS_H
#define CODECS_H

#include <stddef.h>

// codec compresses and decompresses a block on its own. Both functions return how many
// bytes they wrote to out, which has room for cap, or 0 if they could not. They keep what
// they allocate for the next block, and may be used by one thread only.
struct codec {
	const char *name;
	int level;
	size_t (*compress)(int level, const void *in, size_t n, void *out, size_t cap);
	size_t (*decompress)(const void *in, size_t n, void *out, size_t cap);
};

// find_codec returns the codec of that name, such as "zstd-3", or NULL.
const struct codec *find_codec(const char *name);

#endif
