// Line editing with history by libedit where it is installed, looked up when it is needed: magnet neither links it nor
// needs it to build.
#pragma once
#include <dlfcn.h>
#include <stdlib.h>

static inline void *magnet_line_edit_symbol(const char *name) {
  static void *library;
  static int isLookedUp;
  if (!isLookedUp) {
    isLookedUp = 1;
    const char *names[] = {"libedit.so.2", "libedit.so.0", "libedit.3.dylib", "libedit.dylib"};
    for (int i = 0; i < 4 && !library; i++) library = dlopen(names[i], RTLD_LAZY | RTLD_LOCAL);
  }
  return library ? dlsym(library, name) : 0;
}

/// Whether lines can be edited.
static inline int magnet_line_edit_exists(void) { return magnet_line_edit_symbol("readline") != 0; }

/// Reads a line that the user can edit; the caller frees it. Null at the end of the input.
static inline char *magnet_line_edit_read(const char *prompt) {
  char *(*readLine)(const char *) = (char *(*)(const char *))magnet_line_edit_symbol("readline");
  return readLine ? readLine(prompt) : 0;
}

/// Adds a line to the history.
static inline void magnet_line_edit_remember(const char *line) {
  int (*add)(const char *) = (int (*)(const char *))magnet_line_edit_symbol("add_history");
  if (add) add(line);
}
