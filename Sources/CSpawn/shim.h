// What glibc declares, mostly for programs that define _GNU_SOURCE alone, and Swift's Glibc module lacks.
#pragma once

#if defined(__linux__)
#include <malloc.h>
#include <spawn.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
int pipe2(int ends[2], int flags);

/// POSIX_SPAWN_SETSID
static const short magnet_spawn_setsid = 0x80;
#endif
