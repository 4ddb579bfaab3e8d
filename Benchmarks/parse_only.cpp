// The floor: simdjson parses every .json file under a path to its tape, and does nothing with it.
//
//     g++ -O3 -std=c++17 parse_only.cpp -lsimdjson -lpthread -o parse_only
//     parse_only PATH [--threads 2]
//
// A thread takes the next file, reads it whole into its own buffer and parses it with its own parser. Both are reused.

#include <simdjson.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

struct Buffer {
  std::unique_ptr<char[]> bytes;
  size_t capacity = 0;

  // Reads a whole file, and leaves room behind it for what simdjson may read too far. Returns its length, or -1.
  ssize_t read_file(const std::string &path) {
    int file = open(path.c_str(), O_RDONLY);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0) return -1;
    size_t size = size_t(status.st_size);
    if (size + simdjson::SIMDJSON_PADDING > capacity) {
      capacity = 2 * (size + simdjson::SIMDJSON_PADDING);
      bytes.reset(new char[capacity]);
    }
    size_t done = 0;
    while (done < size) {
      ssize_t count = ::read(file, bytes.get() + done, size - done);
      if (count <= 0) break;
      done += size_t(count);
    }
    close(file);
    return ssize_t(done);
  }
};

static double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

int main(int count, char **arguments) {
  int threads = 2;
  std::string root;
  for (int index = 1; index < count; index++) {
    if (!strcmp(arguments[index], "--threads") && index + 1 < count) threads = atoi(arguments[++index]);
    else root = arguments[index];
  }
  if (root.empty() || threads < 1) {
    fprintf(stderr, "usage: parse_only PATH [--threads N]\n");
    return 64;
  }

  auto start = Clock::now();
  std::vector<std::string> files;
  for (auto &entry : fs::recursive_directory_iterator(root))
    if (entry.path().extension() == ".json" && entry.is_regular_file()) files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  double listing = seconds_since(start);

  std::atomic<size_t> next{0}, bytes{0}, failed{0};
  auto work = [&] {
    Buffer buffer;
    simdjson::dom::parser parser;
    for (size_t index; (index = next++) < files.size();) {
      ssize_t length = buffer.read_file(files[index]);
      if (length < 0 || parser.parse(buffer.bytes.get(), size_t(length), false).error()) failed++;
      else bytes += size_t(length);
    }
  };
  std::vector<std::thread> workers;
  for (int index = 1; index < threads; index++) workers.emplace_back(work);
  work();
  for (auto &worker : workers) worker.join();
  double total = seconds_since(start);

  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
  long long peak = usage.ru_maxrss;
#else
  long long peak = usage.ru_maxrss * 1024LL;
#endif
  printf("{\"task\": \"parse-only\", \"seconds\": %.6f, \"listing_seconds\": %.6f, \"threads\": %d, \"files\": %zu, "
         "\"failed\": %zu, \"bytes\": %zu, \"peak_memory\": %lld, \"kernel\": \"%s\", \"simdjson\": \"%s\"}\n",
         total, listing, threads, files.size(), failed.load(), bytes.load(), peak,
         simdjson::get_active_implementation()->name().c_str(), SIMDJSON_STRINGIFY(SIMDJSON_VERSION));
  return failed ? 1 : 0;
}
