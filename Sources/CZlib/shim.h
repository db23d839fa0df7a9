#pragma once
#include <zlib.h>

/* deflateInit2 and inflateInit2 are macros that pass the version and size of z_stream: Swift cannot import them. */
static inline int hawser_deflate_init(z_stream *stream, int level, int window_bits, int memory_level) {
    return deflateInit2(stream, level, Z_DEFLATED, window_bits, memory_level, Z_DEFAULT_STRATEGY);
}
static inline int hawser_deflate_init_strategy(
    z_stream *stream, int level, int window_bits, int memory_level, int strategy) {
    return deflateInit2(stream, level, Z_DEFLATED, window_bits, memory_level, strategy);
}
static inline int hawser_inflate_init(z_stream *stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}
