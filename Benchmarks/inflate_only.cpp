// Inflates every entry of a zip (no zip64) in memory with some threads, and checks the checksums: inflate_only ZIP THREADS.
// The floor under loading from a zip with zlib.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

static std::vector<unsigned char> bytes(int file, size_t count, off_t offset) {
  std::vector<unsigned char> out(count);
  if (pread(file, out.data(), count, offset) != (ssize_t)count) exit(2);
  return out;
}

static uint32_t number(const unsigned char* at, int size) {
  uint32_t value = 0;
  for (int i = size; i-- > 0;) value = value << 8 | at[i];
  return value;
}

int main(int count, char** arguments) {
  if (count < 3) return 64;
  int file = open(arguments[1], O_RDONLY);
  struct stat info;
  if (file < 0 || fstat(file, &info) != 0 || info.st_size < 22) return 2;
  auto end = bytes(file, 22, info.st_size - 22);
  if (number(end.data(), 4) != 0x06054b50) return 2;
  auto directory = bytes(file, number(&end[12], 4), number(&end[16], 4));
  std::vector<const unsigned char*> entries;
  for (const unsigned char* at = directory.data(); at < directory.data() + directory.size();) {
    entries.push_back(at);
    at += 46 + number(at + 28, 2) + number(at + 30, 2) + number(at + 32, 2);
  }
  std::atomic<size_t> next{0}, total{0};
  auto work = [&] {
    std::vector<unsigned char> out;
    z_stream stream{};
    inflateInit2(&stream, -15);
    for (size_t i; (i = next++) < entries.size();) {
      const unsigned char* entry = entries[i];
      uint32_t stored = number(entry + 20, 4), size = number(entry + 24, 4), offset = number(entry + 42, 4);
      auto header = bytes(file, 30, offset);
      auto in = bytes(file, stored, offset + 30 + number(&header[26], 2) + number(&header[28], 2));
      if (out.size() < size) out.resize(size);
      const unsigned char* result = in.data();
      if (number(entry + 10, 2) == 8) {
        inflateReset(&stream);
        stream.next_in = in.data(), stream.avail_in = stored;
        stream.next_out = out.data(), stream.avail_out = size;
        if (inflate(&stream, Z_FINISH) != Z_STREAM_END) exit(1);
        result = out.data();
      }
      if (crc32(0, result, size) != number(entry + 16, 4)) exit(1);
      total += size;
    }
    inflateEnd(&stream);
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < atoi(arguments[2]); i++) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
  printf("{\"bytes\": %zu}\n", total.load());
}
