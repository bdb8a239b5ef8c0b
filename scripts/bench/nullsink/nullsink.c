/*
 * nullsink - a FUSE server that takes every write and looks at nothing.
 *
 *   nullsink [-m MAX_WRITE] [-t THREADS] MOUNTPOINT
 *
 * The mounted directory has one file, f, of 1 TiB, which can be written and not read.
 * What the writes of f take is what the kernel takes to carry them to a server: the bound
 * for one that does something with them. It stays in the foreground, and needs root.
 *
 * It speaks the protocol of <linux/fuse.h> itself. Its threads are bound to a CPU each,
 * have a descriptor each, and wait in poll, which was faster than waiting in read.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROOT = FUSE_ROOT_ID, FILE_NODE = 2, PAGE = 4096, VALID = 86400 };
static const uint64_t file_size = 1ULL << 40;

static unsigned max_write = 1 << 20;
static size_t in_size;
static int device;

static void die(const char *what)
{
	fprintf(stderr, "nullsink: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void fill_attr(uint64_t node, struct fuse_attr *a)
{
	memset(a, 0, sizeof *a);
	a->ino = node;
	a->nlink = 1;
	a->blksize = 1 << 20;
	if (node == ROOT) {
		a->mode = S_IFDIR | 0755;
	} else {
		a->mode = S_IFREG | 0644;
		a->size = file_size;
		a->blocks = file_size / 512;
	}
}

/* answer returns the length of the reply's data, or a negative error. */
static int answer(struct fuse_in_header *in, void *arg, void *out)
{
	switch (in->opcode) {
	case FUSE_WRITE: {
		struct fuse_write_out *w = out;
		*w = (struct fuse_write_out){ .size = ((struct fuse_write_in *)arg)->size };
		return sizeof *w;
	}
	case FUSE_INIT: {
		struct fuse_init_in *i = arg;
		struct fuse_init_out *o = out;
		uint64_t want = FUSE_BIG_WRITES | FUSE_MAX_PAGES | FUSE_ASYNC_DIO | FUSE_INIT_EXT | FUSE_HANDLE_KILLPRIV_V2;
		memset(o, 0, sizeof *o);
		o->major = FUSE_KERNEL_VERSION;
		o->minor = i->minor < FUSE_KERNEL_MINOR_VERSION ? i->minor : FUSE_KERNEL_MINOR_VERSION;
		o->flags = i->flags & want;
		o->max_readahead = i->max_readahead;
		o->max_background = 64;
		o->congestion_threshold = 48;
		o->max_write = max_write;
		o->max_pages = max_write / PAGE + 1;
		o->time_gran = 1;
		return sizeof *o;
	}
	case FUSE_LOOKUP: {
		struct fuse_entry_out *e = out;
		if (in->nodeid != ROOT || strcmp(arg, "f"))
			return -ENOENT;
		memset(e, 0, sizeof *e);
		e->nodeid = FILE_NODE;
		e->entry_valid = e->attr_valid = VALID;
		fill_attr(FILE_NODE, &e->attr);
		return sizeof *e;
	}
	case FUSE_GETATTR:
	case FUSE_SETATTR: {
		struct fuse_attr_out *a = out;
		memset(a, 0, sizeof *a);
		a->attr_valid = VALID;
		fill_attr(in->nodeid, &a->attr);
		return sizeof *a;
	}
	case FUSE_OPEN: {
		struct fuse_open_out *o = out;
		*o = (struct fuse_open_out){ .open_flags = FOPEN_DIRECT_IO | FOPEN_PARALLEL_DIRECT_WRITES };
		return sizeof *o;
	}
	case FUSE_FLUSH:
	case FUSE_FSYNC:
	case FUSE_RELEASE:
		return 0;
	}
	return -ENOSYS;
}

static void *serve(void *arg)
{
	long cpu = (long)arg;
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof set, &set);

	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || ioctl(fd, FUSE_DEV_IOC_CLONE, &device))
		die("another descriptor");
	/* The data of a WRITE begins with a page. */
	size_t before = PAGE - sizeof(struct fuse_in_header) - sizeof(struct fuse_write_in);
	char *memory = mmap(NULL, before + in_size + (2 << 20), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		die("memory");
	memory += -(uintptr_t)memory & ((2 << 20) - 1);
	madvise(memory, before + in_size, MADV_HUGEPAGE);
	char *in = memory + before;
	struct { struct fuse_out_header head; char data[256]; } out;
	for (;;) {
		ssize_t n = read(fd, in, in_size);
		if (n < 0 && errno == EAGAIN) {
			struct pollfd p = { fd, POLLIN, 0 };
			poll(&p, 1, -1);
			continue;
		}
		if (n < 0 && (errno == EINTR || errno == ENOENT))
			continue;
		if (n < 0 && errno == ENODEV)
			return NULL; /* unmounted */
		if (n < 0)
			die("read");
		struct fuse_in_header *h = (void *)in;
		if (h->opcode == FUSE_FORGET || h->opcode == FUSE_BATCH_FORGET || h->opcode == FUSE_INTERRUPT)
			continue;
		int size = answer(h, h + 1, out.data);
		out.head.unique = h->unique;
		out.head.error = size < 0 ? size : 0;
		out.head.len = sizeof out.head + (size > 0 ? size : 0);
		if (write(fd, &out, out.head.len) < 0 && errno != ENOENT && errno != ENODEV)
			die("write");
	}
}

int main(int argc, char **argv)
{
	long threads = sysconf(_SC_NPROCESSORS_ONLN);
	int c;
	while ((c = getopt(argc, argv, "m:t:")) != -1) {
		if (c == 'm')
			max_write = atoi(optarg);
		else if (c == 't')
			threads = atoi(optarg);
		else
			return 2;
	}
	if (optind != argc - 1 || max_write < PAGE || threads < 1) {
		fprintf(stderr, "usage: nullsink [-m MAX_WRITE] [-t THREADS] MOUNTPOINT\n");
		return 2;
	}
	in_size = sizeof(struct fuse_in_header) + sizeof(struct fuse_write_in) + max_write;
	device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (device < 0)
		die("/dev/fuse");
	char options[128];
	snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
	if (mount("nullsink", argv[optind], "fuse.nullsink", MS_NOSUID | MS_NODEV, options))
		die(argv[optind]);
	pthread_t thread[threads];
	for (long i = 0; i < threads; i++)
		pthread_create(&thread[i], NULL, serve, (void *)i);
	for (long i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	return 0;
}
