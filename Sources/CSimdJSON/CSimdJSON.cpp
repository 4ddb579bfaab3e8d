#include "CSimdJSON.h"

#include <charconv>
#include <new>
#include <simdjson.h>

struct magnet_json_parser {
  simdjson::dom::parser parser;
};

magnet_json_parser *magnet_json_parser_new(size_t depth) {
  auto self = new (std::nothrow) magnet_json_parser;
  // simdjson's own limit is the first depth that it refuses.
  if (self && self->parser.allocate(64, depth + 1)) {
    delete self;
    return nullptr;
  }
  return self;
}

void magnet_json_parser_free(magnet_json_parser *parser) { delete parser; }

int magnet_json_parse(
    magnet_json_parser *self, const uint8_t *bytes, size_t length, const uint64_t **tape,
    const uint8_t **strings) {
  auto error = self->parser.parse(bytes, length, /* realloc_if_needed */ false).error();
  *tape = self->parser.doc.tape.get();
  *strings = self->parser.doc.string_buf.get();
  return static_cast<int>(error);
}

size_t magnet_json_padding(void) { return simdjson::SIMDJSON_PADDING; }

int magnet_json_double(const uint8_t *bytes, size_t length, double *value) {
  auto text = reinterpret_cast<const char *>(bytes);
#if defined(__cpp_lib_to_chars) && __cpp_lib_to_chars >= 201611L
  auto result = std::from_chars(text, text + length, *value);
  return result.ec != std::errc() || result.ptr != text + length;
#else
  // Standard libraries that cannot yet: a parse of its own.
  simdjson::dom::parser parser;
  return parser.parse(text, length).get(*value) != simdjson::SUCCESS;
#endif
}
