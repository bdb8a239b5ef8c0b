/*
 * writer - writes a file over another one, again and again.
 *
 *   writer [-d] [-r] SOURCE TARGET BLOCK THREADS SECONDS
 *
 * Each thread writes its part of SOURCE, which is kept in memory, to the same place of
 * TARGET, BLOCK bytes at a time; -r in random order, -d with O_DIRECT. Prints bytes per
 * second. The first tenth of the time is not measured.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *data;
static size_t size, block;
static int threads, target, random_order;
static atomic_int stop;
static atomic_ullong written;

static void *run(void *arg)
{
	size_t part = size / threads / block * block, start = (long)arg * part, at = 0;
	uint64_t x = 88172645463325252ULL + (long)arg;
	while (!stop) {
		if (random_order) {
			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			at = x % (part / block) * block;
		}
		if (pwrite(target, data + start + at, block, start + at) != (ssize_t)block) {
			perror("writer: pwrite");
			exit(1);
		}
		written += block;
		at = at + block < part ? at + block : 0;
	}
	return NULL;
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	int flags = O_WRONLY, c;
	while ((c = getopt(argc, argv, "dr")) != -1) {
		if (c == 'd')
			flags |= O_DIRECT;
		else if (c == 'r')
			random_order = 1;
		else
			return 2;
	}
	if (argc - optind != 5)
		return 2;
	int source = open(argv[optind], O_RDONLY);
	struct stat st;
	target = open(argv[optind + 1], flags);
	block = atol(argv[optind + 2]);
	threads = atoi(argv[optind + 3]);
	double seconds = atof(argv[optind + 4]);
	if (source < 0 || target < 0 || fstat(source, &st)) {
		perror("writer");
		return 1;
	}
	size = st.st_size;
	data = mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_POPULATE, source, 0);
	if (data == MAP_FAILED || size / threads < block) {
		fprintf(stderr, "writer: the source is too small\n");
		return 1;
	}
	pthread_t thread[threads];
	for (long i = 0; i < threads; i++)
		pthread_create(&thread[i], NULL, run, (void *)i);
	usleep(seconds * 1e5);
	double start = now();
	unsigned long long before = written;
	usleep(seconds * 1e6);
	double took = now() - start;
	unsigned long long n = written - before;
	stop = 1;
	for (long i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	printf("%.0f\n", n / took);
	return close(target) != 0;
}
