#include "CSimdJSON.h"

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
