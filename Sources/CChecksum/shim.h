#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// The processors' own instruction for CRC-32C, which Swift cannot name.

#if defined(__x86_64__)
static inline int cchecksum_has_crc32c(void) { return __builtin_cpu_supports("sse4.2"); }
#define CCHECKSUM_TARGET __attribute__((target("sse4.2")))
#define CCHECKSUM_WORD(state, word) ((uint32_t)__builtin_ia32_crc32di((state), (word)))
#define CCHECKSUM_BYTE(state, byte) __builtin_ia32_crc32qi((state), (byte))
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
static inline int cchecksum_has_crc32c(void) { return 1; }
#define CCHECKSUM_TARGET
#define CCHECKSUM_WORD(state, word) __builtin_arm_crc32cd((state), (word))
#define CCHECKSUM_BYTE(state, byte) __builtin_arm_crc32cb((state), (byte))
#else
static inline int cchecksum_has_crc32c(void) { return 0; }
#define CCHECKSUM_TARGET
#define CCHECKSUM_WORD(state, word) (state)
#define CCHECKSUM_BYTE(state, byte) (state)
#endif

// The register's next state; only where cchecksum_has_crc32c() says so.
CCHECKSUM_TARGET static inline uint32_t cchecksum_crc32c(uint32_t state, const void *bytes, size_t count) {
  const uint8_t *at = (const uint8_t *)bytes;
  for (; count >= 8; at += 8, count -= 8) {
    uint64_t word;
    memcpy(&word, at, 8);
    state = CCHECKSUM_WORD(state, word);
  }
  for (; count > 0; at++, count--) state = CCHECKSUM_BYTE(state, *at);
  return state;
}
