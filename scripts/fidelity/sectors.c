/*
 * Counts sectors of 512 bytes that occur more than once.
 *
 *   sectors UNIT <DATA
 *
 * prints five numbers: sectors, those that are all zero, and of the others those that are equal
 * to one before in the same cell of 4096 bytes, in another cell of the same unit of UNIT bytes,
 * and in another unit. Sectors are compared by 128 bits of two hashes.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECTOR = 512, CELL = 4096, BUFFER = 1 << 20 };

struct sector {
	uint64_t hash[2];
	uint64_t number;
};

static uint64_t mix(uint64_t x) {
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93;
	return x ^ x >> 32;
}

static int compare(const void *a, const void *b) {
	const struct sector *s = a, *t = b;
	for (int i = 0; i < 2; i++) {
		if (s->hash[i] != t->hash[i]) {
			return s->hash[i] < t->hash[i] ? -1 : 1;
		}
	}
	return s->number < t->number ? -1 : s->number > t->number;
}

/* Reads as much as there is, up to n bytes. */
static size_t fill(unsigned char *p, size_t n) {
	size_t got = 0;
	while (got < n) {
		ssize_t r = read(STDIN_FILENO, p + got, n - got);
		if (r < 0) {
			perror("sectors: reading");
			exit(1);
		}
		if (r == 0) {
			break;
		}
		got += r;
	}
	return got;
}

int main(int argc, char **argv) {
	uint64_t unit = argc == 2 ? strtoull(argv[1], NULL, 10) : 0;
	if (unit == 0 || unit % CELL != 0) {
		fprintf(stderr, "usage: sectors UNIT <DATA\n");
		return 2;
	}
	static unsigned char buffer[BUFFER];
	struct sector *all = NULL;
	uint64_t n = 0, room = 0, total = 0, zero = 0;
	size_t got;
	while ((got = fill(buffer, BUFFER)) > 0) {
		for (size_t at = 0; at + SECTOR <= got; at += SECTOR, total++) {
			struct sector s = {{0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f}, total};
			uint64_t any = 0;
			for (size_t i = 0; i < SECTOR; i += 8) {
				uint64_t w;
				memcpy(&w, buffer + at + i, 8);
				any |= w;
				s.hash[0] = mix(s.hash[0] ^ w);
				s.hash[1] = (s.hash[1] ^ w) * 0x9fb21c651e98df25;
				s.hash[1] ^= s.hash[1] >> 29;
			}
			if (any == 0) {
				zero++;
				continue;
			}
			if (n == room) {
				room = room ? 2 * room : 1 << 20;
				all = realloc(all, room * sizeof *all);
				if (all == NULL) {
					perror("sectors");
					return 1;
				}
			}
			all[n++] = s;
		}
	}
	qsort(all, n, sizeof *all, compare);
	uint64_t in_cell = 0, in_unit = 0, elsewhere = 0;
	for (uint64_t i = 1; i < n; i++) {
		if (memcmp(all[i].hash, all[i - 1].hash, sizeof all[i].hash) != 0) {
			continue;
		}
		uint64_t a = all[i - 1].number * SECTOR, b = all[i].number * SECTOR;
		if (a / CELL == b / CELL) {
			in_cell++;
		} else if (a / unit == b / unit) {
			in_unit++;
		} else {
			elsewhere++;
		}
	}
	printf("%llu %llu %llu %llu %llu\n", (unsigned long long)total, (unsigned long long)zero,
	       (unsigned long long)in_cell, (unsigned long long)in_unit, (unsigned long long)elsewhere);
	free(all);
	return 0;
}
