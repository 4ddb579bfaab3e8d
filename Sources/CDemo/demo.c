#include "CDemo.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

// `make.sh` makes it.
static const unsigned char archive[] = {
#embed "demo.tar.gz"
};

const void *cdemo_archive(void) { return archive; }
size_t cdemo_archive_size(void) { return sizeof archive; }
