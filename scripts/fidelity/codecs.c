// Codecs by their libraries. All write what a store would: no checksums, and no headers
// beyond those that the format cannot do without.
#include <brotli/decode.h>
#include <brotli/encode.h>
#include <bzlib.h>
#include <isa-l/igzip_lib.h>
#include <lz4.h>
#include <lzma.h>
#include <lzo/lzo1x.h>
#include <snappy-c.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "codecs.h"

static size_t lz4_compress(int level, const void *in, size_t n, void *out, size_t cap)
{
	return LZ4_compress_fast(in, out, n, cap, level);
}

static size_t lz4_decompress(const void *in, size_t n, void *out, size_t cap)
{
	int got = LZ4_decompress_safe(in, out, n, cap);
	return got < 0 ? 0 : got;
}

static size_t snappy(int level, const void *in, size_t n, void *out, size_t cap)
{
	(void)level;
	return snappy_compress(in, n, out, &cap) == SNAPPY_OK ? cap : 0;
}

static size_t unsnappy(const void *in, size_t n, void *out, size_t cap)
{
	return snappy_uncompress(in, n, out, &cap) == SNAPPY_OK ? cap : 0;
}

static size_t lzo(int level, const void *in, size_t n, void *out, size_t cap)
{
	static char work[LZO1X_1_MEM_COMPRESS] __attribute__((aligned(16)));
	lzo_uint got = cap;
	(void)level;
	return lzo1x_1_compress(in, n, out, &got, work) == LZO_E_OK ? got : 0;
}

static size_t unlzo(const void *in, size_t n, void *out, size_t cap)
{
	lzo_uint got = cap;
	return lzo1x_decompress_safe(in, n, out, &got, NULL) == LZO_E_OK ? got : 0;
}

static size_t deflate_by(z_stream *z, int level, int strategy, const void *in, size_t n, void *out, size_t cap)
{
	int ready = z->state ? deflateReset(z) : deflateInit2(z, level, Z_DEFLATED, 15, 8, strategy);
	if (ready != Z_OK)
		return 0;
	z->next_in = (Bytef *)in;
	z->avail_in = n;
	z->next_out = out;
	z->avail_out = cap;
	return deflate(z, Z_FINISH) == Z_STREAM_END ? z->total_out : 0;
}

static size_t zlib(int level, const void *in, size_t n, void *out, size_t cap)
{
	static z_stream streams[10];
	return deflate_by(&streams[level], level, Z_DEFAULT_STRATEGY, in, n, out, cap);
}

static size_t huffman(int level, const void *in, size_t n, void *out, size_t cap)
{
	static z_stream stream;
	return deflate_by(&stream, level, Z_HUFFMAN_ONLY, in, n, out, cap);
}

static size_t unzlib(const void *in, size_t n, void *out, size_t cap)
{
	uLongf got = cap;
	return uncompress(out, &got, in, n) == Z_OK ? got : 0;
}

static size_t igzip(int level, const void *in, size_t n, void *out, size_t cap)
{
	static const uint32_t sizes[] = {ISAL_DEF_LVL0_DEFAULT, ISAL_DEF_LVL1_DEFAULT, ISAL_DEF_LVL2_DEFAULT};
	static uint8_t *work;
	struct isal_zstream s;
	if (!work)
		work = malloc(ISAL_DEF_LVL2_DEFAULT);
	isal_deflate_stateless_init(&s);
	s.gzip_flag = IGZIP_ZLIB;
	s.level = level;
	s.level_buf = work;
	s.level_buf_size = sizes[level];
	s.end_of_stream = 1;
	s.next_in = (uint8_t *)in;
	s.avail_in = n;
	s.next_out = out;
	s.avail_out = cap;
	return isal_deflate_stateless(&s) == COMP_OK ? s.total_out : 0;
}

static size_t unigzip(const void *in, size_t n, void *out, size_t cap)
{
	struct inflate_state s;
	isal_inflate_init(&s);
	s.crc_flag = ISAL_ZLIB;
	s.next_in = (uint8_t *)in;
	s.avail_in = n;
	s.next_out = out;
	s.avail_out = cap;
	return isal_inflate_stateless(&s) == ISAL_DECOMP_OK ? s.total_out : 0;
}

static size_t zstd(int level, const void *in, size_t n, void *out, size_t cap)
{
	static ZSTD_CCtx *context;
	if (!context)
		context = ZSTD_createCCtx();
	size_t got = ZSTD_compressCCtx(context, out, cap, in, n, level);
	return ZSTD_isError(got) ? 0 : got;
}

static size_t unzstd(const void *in, size_t n, void *out, size_t cap)
{
	static ZSTD_DCtx *context;
	if (!context)
		context = ZSTD_createDCtx();
	size_t got = ZSTD_decompressDCtx(context, out, cap, in, n);
	return ZSTD_isError(got) ? 0 : got;
}

static size_t bzip2(int level, const void *in, size_t n, void *out, size_t cap)
{
	unsigned got = cap;
	return BZ2_bzBuffToBuffCompress(out, &got, (char *)in, n, level, 0, 0) == BZ_OK ? got : 0;
}

static size_t unbzip2(const void *in, size_t n, void *out, size_t cap)
{
	unsigned got = cap;
	return BZ2_bzBuffToBuffDecompress(out, &got, (char *)in, n, 0, 0) == BZ_OK ? got : 0;
}

// Raw LZMA2, with a dictionary of a block: one of 8 MiB takes longer to clear than a
// block to compress.
static size_t xz(int level, const void *in, size_t n, void *out, size_t cap)
{
	lzma_options_lzma options;
	lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};
	size_t got = 0;
	if (lzma_lzma_preset(&options, level))
		return 0;
	options.dict_size = n < LZMA_DICT_SIZE_MIN ? LZMA_DICT_SIZE_MIN : n;
	return lzma_raw_buffer_encode(filters, NULL, in, n, out, &got, cap) == LZMA_OK ? got : 0;
}

static size_t unxz(const void *in, size_t n, void *out, size_t cap)
{
	lzma_options_lzma options = {.dict_size = 1 << 20};
	lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};
	size_t from = 0, got = 0;
	return lzma_raw_buffer_decode(filters, NULL, in, &from, n, out, &got, cap) == LZMA_OK ? got : 0;
}

static size_t brotli(int level, const void *in, size_t n, void *out, size_t cap)
{
	return BrotliEncoderCompress(level, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, n, in, &cap, out) ? cap : 0;
}

static size_t unbrotli(const void *in, size_t n, void *out, size_t cap)
{
	return BrotliDecoderDecompress(n, in, &cap, out) == BROTLI_DECODER_RESULT_SUCCESS ? cap : 0;
}

static const struct codec codecs[] = {
	{"lz4", 1, lz4_compress, lz4_decompress},
	{"lz4-fast8", 8, lz4_compress, lz4_decompress},
	{"snappy", 0, snappy, unsnappy},
	{"lzo", 0, lzo, unlzo},
	{"huffman", 6, huffman, unzlib},
	{"igzip-1", 1, igzip, unigzip},
	{"igzip-2", 2, igzip, unigzip},
	{"zlib-1", 1, zlib, unzlib},
	{"zlib-6", 6, zlib, unzlib},
	{"zstd-fast5", -5, zstd, unzstd},
	{"zstd-1", 1, zstd, unzstd},
	{"zstd-3", 3, zstd, unzstd},
	{"zstd-9", 9, zstd, unzstd},
	{"brotli-5", 5, brotli, unbrotli},
	{"bzip2", 9, bzip2, unbzip2},
	{"xz-6", 6, xz, unxz},
};

const struct codec *find_codec(const char *name)
{
	for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++)
		if (!strcmp(codecs[i].name, name))
			return &codecs[i];
	return NULL;
}
