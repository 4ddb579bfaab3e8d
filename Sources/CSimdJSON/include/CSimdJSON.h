// simdjson's DOM parser and the standard library's reading of doubles, as C: Swift cannot call C++ templates without
// switching the whole module to C++ interoperability. And small steps of reading a JSON text that compare 16 bytes at once.
#pragma once
#include <stdbool.h>
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

/// The closing quote of the string whose first byte is at `start`, and whether there are escapes before it; NULL when a byte
/// before it is a control character or not UTF-8. A NUL must follow the text, and 64 readable bytes, as for what follows.
const uint8_t *magnet_json_string_end(const uint8_t *start, int *has_escapes);

/// Writes what the string from `start` to its closing quote at `end` says, at most as many bytes; `to` has room for 16
/// more. Returns their number, or SIZE_MAX when an escape is not valid, or is half of a surrogate pair.
size_t magnet_json_unescape(const uint8_t *start, const uint8_t *end, uint8_t *to);

/// Writes the list or object that begins at `start` as compact JSON, doubles with the fewest digits that read back the
/// same, and gives the place after it. Returns the number of bytes; SIZE_MAX when there is no room for them and 64 more;
/// 0, with an `end` of NULL, when it is not valid or is left to a parser: what lies deeper than 63, integers of more than
/// 18 digits, -0, doubles out of reach, halves of surrogate pairs.
size_t magnet_json_compact(const uint8_t *start, const uint8_t **end, uint8_t *to, size_t room);

/// Where a scan over the records of a list is.
struct magnet_json_scan {
  /// How many lists and objects are open, and how many when a record is not.
  int64_t depth, record_depth;
  /// The commas met between records.
  int64_t commas;
  bool is_in_string, is_escaped;
};

/// Goes over bytes `from..<to` of a list's records. Returns where the last comma between records stands, 0 for none, or,
/// when the list ends (`depth` is below `record_depth`), its closing bracket. 16 readable bytes must follow.
size_t magnet_json_scan_records(const uint8_t *bytes, size_t from, size_t to, struct magnet_json_scan *scan);

#ifdef __cplusplus
}
#endif
