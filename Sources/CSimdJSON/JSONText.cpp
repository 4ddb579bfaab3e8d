#include "CSimdJSON.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <simdjson.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// Every place is in a text that a NUL follows, and 64 readable bytes after that. No step goes past the NUL.
using Place = const uint8_t *;

namespace {

#if !defined(__SSE2__)
/// Eight bytes, the first in the lowest.
inline uint64_t word(Place at) {
  uint64_t bytes;
  memcpy(&bytes, at, 8);
  return bytes;
}
#endif

/// The first of 16 bytes that is a quote, a backslash, a control character or not ASCII; 16 for none.
inline unsigned first_special(Place at) {
#if defined(__SSE2__)
  auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i *>(at));
  auto quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  auto backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  // As signed bytes, those that are not ASCII are below the space, too.
  auto below = _mm_cmplt_epi8(bytes, _mm_set1_epi8(' '));
  auto found = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, backslashes), below));
  return __builtin_ctz(static_cast<unsigned>(found) | 1u << 16);
#else
  // The test for a zero byte of "Bit Twiddling Hacks" (Anderson): the lowest mark is right.
  const uint64_t ones = 0x0101010101010101;
  for (unsigned i = 0; i < 16; i += 8) {
    uint64_t bytes = word(at + i), quotes = bytes ^ ones * '"', backslashes = bytes ^ ones * '\\';
    uint64_t found = ((quotes - ones) & ~quotes) | ((backslashes - ones) & ~backslashes) |
                     ((bytes - ones * ' ') & ~bytes) | bytes;
    if (found &= ones << 7) return i + static_cast<unsigned>(__builtin_ctzll(found)) / 8;
  }
  return 16;
#endif
}

/// The first of 16 bytes that is a quote or a backslash; 16 for none.
inline unsigned first_in_string(Place at) {
#if defined(__SSE2__)
  auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i *>(at));
  auto quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  auto found = _mm_or_si128(quotes, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
  return __builtin_ctz(static_cast<unsigned>(_mm_movemask_epi8(found)) | 1u << 16);
#else
  unsigned i = 0;
  while (i < 16 && at[i] != '"' && at[i] != '\\') i++;
  return i;
#endif
}

/// The first of 16 bytes that is a quote, a comma or a bracket of either kind; 16 for none.
inline unsigned first_mark(Place at) {
#if defined(__SSE2__)
  auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i *>(at));
  // Brackets and braces differ by one bit.
  auto folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
  auto open = _mm_cmpeq_epi8(folded, _mm_set1_epi8('{')), close = _mm_cmpeq_epi8(folded, _mm_set1_epi8('}'));
  auto quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), commas = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(','));
  auto found = _mm_or_si128(_mm_or_si128(open, close), _mm_or_si128(quotes, commas));
  return __builtin_ctz(static_cast<unsigned>(_mm_movemask_epi8(found)) | 1u << 16);
#else
  unsigned i = 0;
  while (i < 16 && at[i] != '"' && at[i] != ',' && (at[i] | 0x20) != '{' && (at[i] | 0x20) != '}') i++;
  return i;
#endif
}

/// How many of the next bytes, at most 16, are spaces.
inline unsigned leading_spaces(Place at) {
#if defined(__SSE2__)
  auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i *>(at));
  auto spaces = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(' ')));
  return __builtin_ctz(~static_cast<unsigned>(spaces));
#else
  for (unsigned i = 0; i < 16; i += 8)
    if (uint64_t others = word(at + i) ^ 0x2020202020202020) return i + static_cast<unsigned>(__builtin_ctzll(others)) / 8;
  return 16;
#endif
}

inline Place after_space(Place at) {
  while (*at <= ' ') {
    if (*at != '\n' && *at != ' ' && *at != '\r' && *at != '\t') return at;
    at++;
    unsigned spaces;
    do {
      spaces = leading_spaces(at);
      at += spaces;
    } while (spaces == 16);
  }
  return at;
}

inline Place after_digits(Place at) {
  while (*at >= '0' && *at <= '9') at++;
  return at;
}

/// Four hexadecimal digits; negative when they are none.
inline int32_t hexadecimal(Place at) {
  int32_t value = 0;
  for (int i = 0; i < 4; i++) {
    uint8_t digit = at[i] - '0', letter = (at[i] | 0x20) - 'a';
    if (digit < 10) value = value << 4 | digit;
    else if (letter < 6) value = value << 4 | (letter + 10);
    else return -1;
  }
  return value;
}

/// The place after the escape that begins with the backslash at `at`, and the character that it says; NULL when it is not
/// valid, or is half of a surrogate pair.
inline Place after_escape(Place at, int32_t &character) {
  switch (at[1]) {
  case 'n': character = '\n'; break;
  case '"': case '\\': case '/': character = at[1]; break;
  case 't': character = '\t'; break;
  case 'r': character = '\r'; break;
  case 'b': character = '\b'; break;
  case 'f': character = '\f'; break;
  case 'u': {
    character = hexadecimal(at + 2);
    if (character < 0 || (character >= 0xDC00 && character < 0xE000)) return nullptr;
    if (character < 0xD800 || character >= 0xE000) return at + 6;
    if (at[6] != '\\' || at[7] != 'u') return nullptr;
    auto low = hexadecimal(at + 8);
    if (low < 0xDC00 || low >= 0xE000) return nullptr;
    character = 0x10000 + ((character - 0xD800) << 10) + (low - 0xDC00);
    return at + 12;
  }
  default: return nullptr;
  }
  return at + 2;
}

/// Writes a character in UTF-8; the place after it.
inline uint8_t *put(int32_t character, uint8_t *out) {
  if (character < 0x80) {
    *out++ = static_cast<uint8_t>(character);
    return out;
  }
  int more = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
  *out++ = static_cast<uint8_t>(0xFF00 >> (more + 1) | character >> 6 * more);
  while (more-- > 0) *out++ = static_cast<uint8_t>(0x80 | (character >> 6 * more & 0x3F));
  return out;
}

bool is_utf8(Place start, Place end) {
  return simdjson::validate_utf8(reinterpret_cast<const char *>(start), static_cast<size_t>(end - start));
}

/// Writes compact JSON where there is room for it.
struct Writer {
  uint8_t *out;
  /// From here on, there is no room for 64 bytes.
  uint8_t *const limit;
  bool is_full = false;

  bool has_room() {
    if (out >= limit) is_full = true;
    return !is_full;
  }

  /// The string whose opening quote is at `at`, as JSONText writes strings; the place after it, or NULL.
  Place string(Place at) {
    *out++ = '"';
    auto start = ++at;
    bool is_ascii = true;
    while (true) {
      if (!has_room()) return nullptr;
      memcpy(out, at, 16);
      auto plain = first_special(at);
      at += plain;
      out += plain;
      if (plain == 16) continue;
      if (*at == '"') break;
      if (*at == '\\') {
        auto next = at[1];
        if (next == 'n' || next == '"' || next == '\\' || next == 't' || next == 'r') {
          *out++ = '\\';
          *out++ = next;
          at += 2;
          continue;
        }
        int32_t character;
        auto after = after_escape(at, character);
        if (!after) return nullptr;
        at = after;
        if (character == '"' || character == '\\') {
          *out++ = '\\';
          *out++ = static_cast<uint8_t>(character);
        } else if (character < ' ') {
          const char *digits = "0123456789abcdef";
          *out++ = '\\';
          if (character == '\n') *out++ = 'n';
          else if (character == '\r') *out++ = 'r';
          else if (character == '\t') *out++ = 't';
          else {
            memcpy(out, "u00", 3);
            out[3] = static_cast<uint8_t>(digits[character >> 4]);
            out[4] = static_cast<uint8_t>(digits[character & 15]);
            out += 5;
          }
        } else {
          out = put(character, out);
        }
      } else if (*at < ' ') {
        return nullptr;
      } else {
        is_ascii = false;
        *out++ = *at++;
      }
    }
    *out++ = '"';
    return is_ascii || is_utf8(start, at) ? at + 1 : nullptr;
  }

  /// The number at `start`, a double with the fewest digits that read back the same, in the form that Swift gives it; the
  /// place after it, or NULL.
  Place number(Place start) {
    auto at = start;
    if (*at == '-') at++;
    auto whole = at;
    at = after_digits(at);
    auto wholes = at - whole;
    if (wholes == 0 || (wholes > 1 && *whole == '0')) return nullptr;
    if (*at != '.' && (*at | 0x20) != 'e') {
      if (wholes > 18 || (*start == '-' && *whole == '0')) return nullptr;
      memcpy(out, start, 32);
      out += at - start;
      return at;
    }
    Place fraction = nullptr;
    if (*at == '.') {
      fraction = ++at;
      at = after_digits(at);
      if (at == fraction) return nullptr;
    }
    bool has_exponent = (*at | 0x20) == 'e';
    if (has_exponent) {
      at++;
      if (*at == '+' || *at == '-') at++;
      auto exponent = at;
      at = after_digits(at);
      if (at == exponent) return nullptr;
    }
    // 15 digits say one double only, and no other text of it has fewer. Below 0.0001, there would be an exponent.
    if (!has_exponent && at - whole <= 16 && (at - fraction == 1 || at[-1] != '0') &&
        (*whole != '0' || at - fraction < 4 || memcmp(fraction, "0000", 4) != 0)) {
      memcpy(out, start, 32);
      out += at - start;
      return at;
    }
#if defined(__cpp_lib_to_chars) && __cpp_lib_to_chars >= 201611L
    double value;
    auto text = reinterpret_cast<const char *>(start);
    if (std::from_chars(text, reinterpret_cast<const char *>(at), value).ec != std::errc()) return nullptr;
    auto size = std::fabs(value);
    bool is_fixed = size == 0 || (size >= 1e-4 && size < 0x1p53);
    auto to = reinterpret_cast<char *>(out);
    auto format = is_fixed ? std::chars_format::fixed : std::chars_format::scientific;
    auto end = std::to_chars(to, to + 32, value, format).ptr;
    bool has_point = memchr(to, '.', static_cast<size_t>(end - to)) != nullptr;
    if (is_fixed && !has_point) {
      *end++ = '.';
      *end++ = '0';
    }
    out = reinterpret_cast<uint8_t *>(end);
    return at;
#else
    return nullptr;
#endif
  }

  /// `true`, `false` or `null`.
  Place literal(Place at) {
    size_t length = *at == 'f' ? 5 : 4;
    auto word = *at == 'f' ? "false" : *at == 't' ? "true" : "null";
    // Byte by byte: the text may end before.
    for (size_t i = 0; i < length; i++) {
      if (at[i] != static_cast<uint8_t>(word[i])) return nullptr;
      *out++ = at[i];
    }
    return at + length;
  }

  Place scalar(Place at) {
    if (*at == '"') return string(at);
    if (*at == '-' || (*at >= '0' && *at <= '9')) return number(at);
    return literal(at);
  }

  /// The place of the value whose key begins at `at`.
  Place key(Place at) {
    if (*at != '"' || !(at = string(at))) return nullptr;
    at = after_space(at);
    if (*at != ':') return nullptr;
    *out++ = ':';
    return after_space(at + 1);
  }

  /// The list or object at `at`; the place after it, or NULL.
  Place value(Place at) {
    // What is open around the place, 1 for an object, below a bit that is always there.
    uint64_t open = 1;
    while (true) {
      if (!has_room()) return nullptr;
      if (*at == '{' || *at == '[') {
        if (open >> 63) return nullptr;
        bool is_object = *at == '{';
        uint8_t close = *at + 2;
        open = open << 1 | is_object;
        *out++ = *at;
        at = after_space(at + 1);
        if (*at != close) {
          if (is_object && !(at = key(at))) return nullptr;
          continue;
        }
      } else {
        if (!(at = scalar(at))) return nullptr;
        at = after_space(at);
      }
      while (*at != ',') {
        if (!has_room() || *at != (open & 1 ? '}' : ']')) return nullptr;
        *out++ = *at++;
        open >>= 1;
        if (open == 1) return at;
        at = after_space(at);
      }
      *out++ = ',';
      at = after_space(at + 1);
      if (open & 1 && !(at = key(at))) return nullptr;
    }
  }
};

} // namespace

const uint8_t *magnet_json_string_end(const uint8_t *at, int *has_escapes) {
  auto start = at;
  bool is_ascii = true;
  while (true) {
    auto plain = first_special(at);
    at += plain;
    if (plain == 16) continue;
    if (*at == '"') return is_ascii || is_utf8(start, at) ? at : nullptr;
    if (*at == '\\') {
      if (at[1] < ' ') return nullptr;
      *has_escapes = 1;
      at += 2;
    } else if (*at < ' ') {
      return nullptr;
    } else {
      is_ascii = false;
      while (*at > 0x7F) at++;
    }
  }
}

size_t magnet_json_unescape(const uint8_t *at, const uint8_t *end, uint8_t *const to) {
  auto out = to;
  while (true) {
    // Bytes past the end or a backslash are written, too, and written over.
    memcpy(out, at, 16);
    auto plain = first_special(at);
    at += plain;
    out += plain;
    if (at == end) return static_cast<size_t>(out - to);
    if (plain == 16) continue;
    if (*at != '\\') {
      *out++ = *at++;
      continue;
    }
    int32_t character;
    if (!(at = after_escape(at, character))) return SIZE_MAX;
    out = put(character, out);
  }
}

size_t magnet_json_compact(const uint8_t *start, const uint8_t **end, uint8_t *to, size_t room) {
  Writer writer{to, to + room - 64};
  *end = writer.value(start);
  if (*end) return static_cast<size_t>(writer.out - to);
  return writer.is_full ? SIZE_MAX : 0;
}

size_t magnet_json_scan_records(const uint8_t *bytes, size_t from, size_t to, struct magnet_json_scan *scan) {
  size_t cut = 0;
  auto at = bytes + from, end = bytes + to;
  if (scan->is_escaped && at < end) {
    scan->is_escaped = false;
    at++;
  }
  while (at < end) {
    if (scan->is_in_string) {
      at += first_in_string(at);
      if (at >= end) break;
      if (*at == '"') {
        scan->is_in_string = false;
        at++;
      } else if (*at == '\\') {
        scan->is_escaped = at + 1 == end;
        at += 2;
      }
      continue;
    }
    at += first_mark(at);
    if (at >= end) break;
    switch (*at) {
    case '"': scan->is_in_string = true; break;
    case '{': case '[': scan->depth++; break;
    case '}': case ']':
      if (--scan->depth < scan->record_depth) return static_cast<size_t>(at - bytes);
      break;
    case ',':
      if (scan->depth == scan->record_depth) {
        cut = static_cast<size_t>(at - bytes);
        scan->commas++;
      }
      break;
    default: continue;  // none in these 16 bytes
    }
    at++;
  }
  return cut;
}
