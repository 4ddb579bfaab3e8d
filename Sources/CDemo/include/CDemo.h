#pragma once
#include <stddef.h>

// The fixtures' benchmark_output as a .tar.gz, which `magnet demo` unpacks.
const void *cdemo_archive(void);
size_t cdemo_archive_size(void);
