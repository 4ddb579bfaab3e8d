// simdjson's DOM parser and the standard library's reading of doubles, as C. The one reason this target exists: Swift
// cannot call C++ templates without switching the whole module to C++ interoperability.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A reusable parser with its tape and string buffer. Not thread-safe: one for each worker.
typedef struct magnet_json_parser magnet_json_parser;

/// A parser of texts whose lists and objects lie at most `depth` inside each other; NULL when memory is short.
magnet_json_parser *magnet_json_parser_new(size_t depth);
void magnet_json_parser_free(magnet_json_parser *parser);

/// Parses `length` bytes; at least magnet_json_padding() readable bytes must follow them. Returns 0 and leaves
/// the tape and the strings, valid until the next parse, or an error number of simdjson's.
int magnet_json_parse(
    magnet_json_parser *parser, const uint8_t *bytes, size_t length, const uint64_t **tape,
    const uint8_t **strings);

size_t magnet_json_padding(void);

/// Reads `length` bytes, a number in JSON's grammar, as the nearest double. Returns 0, or 1 when it is too large or
/// too small for one.
int magnet_json_double(const uint8_t *bytes, size_t length, double *value);

#ifdef __cplusplus
}
#endif
