// blocks compresses the blocks of a file, each on its own, by one codec after another.
//
//   blocks FILE CODEC:BLOCK:STEP:SKIP:COUNT:PASSES...
//
// Blocks of BLOCK bytes begin at every STEP of the file, SKIP bytes behind it; COUNT of
// them are compressed, spread evenly over the file, or all if there are fewer. For each
// argument it prints a line of
//
//   bytes, compressed bytes, seconds to compress, seconds to decompress,
//   and the 1st, 5th, 25th, 50th, 75th, 95th and 99th percentile of the ratios
//
// Seconds are those of the fastest of PASSES, by this thread's clock, and that decompression
// returns the block is checked; with 0 passes nothing is decompressed. With -1 it prints the
// compressed bytes of each block instead.
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "codecs.h"

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void print_line(size_t bytes, size_t left, double packing, double unpacking, const double *ratio, size_t count)
{
	printf("%zu %zu %.9f %.9f", bytes, left, packing, unpacking);
	static const int percentiles[] = {1, 5, 25, 50, 75, 95, 99};
	for (size_t i = 0; i < sizeof percentiles / sizeof *percentiles; i++)
		printf(" %.4f", ratio[(count - 1) * percentiles[i] / 100]);
	putchar('\n');
}

static void measure(const char *job, const char *data, size_t size)
{
	char name[32];
	size_t block, step, skip, count;
	int passes;
	if (sscanf(job, "%31[^:]:%zu:%zu:%zu:%zu:%d", name, &block, &step, &skip, &count, &passes) != 6 || !block || !step || !count)
		errx(2, "%s: not CODEC:BLOCK:STEP:SKIP:COUNT:PASSES", job);
	const struct codec *codec = find_codec(name);
	if (!codec)
		errx(2, "%s: unknown codec", name);
	if (size < skip + block)
		errx(2, "%s: the file has only %zu bytes", job, size);
	size_t all = (size - skip - block) / step + 1;
	if (count > all)
		count = all;
	size_t cap = block + block / 2 + 4096, timed = passes > 0 ? count : 1;
	char *out = malloc(timed * cap), *back = malloc(block);
	size_t *length = malloc(count * sizeof *length);
	double *ratio = malloc(count * sizeof *ratio);
	if (!out || !back || !length || !ratio)
		errx(1, "%s: out of memory", job);
	double packing = 0, unpacking = 0;
	for (int pass = 0; pass < (passes > 0 ? passes : 1); pass++) {
		double start = seconds();
		for (size_t i = 0; i < count; i++) {
			const char *p = data + skip + i * all / count * step;
			length[i] = codec->compress(codec->level, p, block, out + i % timed * cap, cap);
			if (!length[i])
				errx(1, "%s: block %zu could not be compressed", job, i);
		}
		double middle = seconds();
		for (size_t i = 0; passes > 0 && i < count; i++)
			if (codec->decompress(out + i * cap, length[i], back, block) != block)
				errx(1, "%s: block %zu could not be decompressed", job, i);
		double end = seconds();
		if (!pass || middle - start < packing)
			packing = middle - start;
		if (!pass || end - middle < unpacking)
			unpacking = end - middle;
	}
	size_t total = 0;
	for (size_t i = 0; i < count; i++) {
		total += length[i];
		ratio[i] = (double)block / length[i];
		if (passes < 0)
			printf("%zu%c", length[i], i + 1 < count ? ' ' : '\n');
		if (passes <= 0)
			continue;
		codec->decompress(out + i * cap, length[i], back, block);
		if (memcmp(back, data + skip + i * all / count * step, block))
			errx(1, "%s: block %zu does not come back", job, i);
	}
	qsort(ratio, count, sizeof *ratio, ascending);
	if (passes >= 0)
		print_line(count * block, total, packing, unpacking, ratio, count);
	free(out), free(back), free(length), free(ratio);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		errx(2, "usage: blocks FILE CODEC:BLOCK:STEP:SKIP:COUNT:PASSES...");
	FILE *f = fopen(argv[1], "rb");
	struct stat info;
	if (!f || fstat(fileno(f), &info))
		err(1, "%s", argv[1]);
	char *data = malloc(info.st_size + 1);
	if (!data || fread(data, 1, info.st_size, f) != (size_t)info.st_size)
		err(1, "reading %s", argv[1]);
	for (int i = 2; i < argc; i++)
		measure(argv[i], data, info.st_size);
	return fflush(stdout) ? 1 : 0;
}
