/* Files: whole reads, outputs that appear complete or not at all, folders, content hashes.
 * Every function here ends the program with one clear line on failure unless it says otherwise. */
#ifndef SLUICE_BASE_FILE_H
#define SLUICE_BASE_FILE_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* The bytes of a file, NUL-terminated beyond *length, owned by the arena. */
char *file_read(struct arena *arena, const char *path, size_t *length);
bool file_exists(const char *path);
/* Makes a folder and its parents; no error if it is there. */
void file_make_folder(const char *path);
/* Folder part of a path ("." if none) and last part, in the arena. */
const char *file_folder(struct arena *arena, const char *path);
const char *file_name(const char *path);
/* "a/b": path join. */
const char *file_join(struct arena *arena, const char *folder, const char *name);
void file_copy(const char *from, const char *to);

/* An output file: written under a temporary name beside `path`, renamed over it by out_commit().
 * If the program fails or is interrupted before that, the temporary file is removed and an older
 * file of that name stays as it was. Open files are few: at most 16 at once. */
struct out_file *out_open(const char *path);
FILE *out_stream(struct out_file *out);
void out_commit(struct out_file *out);  /* checks for write errors, closes, renames */
void out_abandon(struct out_file *out); /* closes and removes */
void out_abandon_all(void);             /* for fail() */
void out_unlink_all(void);              /* removes them all; for signal handlers, then _exit() */
/* open, write all bytes, commit. */
void file_write(const char *path, const void *bytes, size_t count);

/* 128-bit FNV-1a of bytes, for caching by content (not against an adversary). */
struct hash {
    uint64_t high, low;
};
struct hash hash_init(void);
void hash_add(struct hash *hash, const void *bytes, size_t count);
void hash_add_file(struct hash *hash, const char *path);
/* 32 hexadecimal digits and NUL. */
void hash_print(struct hash hash, char text[33]);

#endif
