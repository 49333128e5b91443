/* Rows of numbers too many for memory: NPY files of float32 or float64 read and written piece by
 * piece, from any thread at any place. */
#ifndef SLUICE_DATA_NPY_ROWS_H
#define SLUICE_DATA_NPY_ROWS_H

#include <stdbool.h>
#include <stddef.h>

/* Opens an NPY file of `columns` columns of float32 or float64, in this machine's byte order, row
 * by row (C order). NULL if the file is anything else: events_read_rows() reads that, or says what
 * is wrong with it. */
struct npy_rows *npy_rows_open(const char *path, int columns);
/* From now on NaN is a missing value in the columns where may_miss[column]; kept, not copied. */
void npy_rows_allow_missing(struct npy_rows *rows, const bool *may_miss);
void npy_rows_close(struct npy_rows *rows);
long npy_rows_count(const struct npy_rows *rows);
bool npy_rows_are_floats(const struct npy_rows *rows); /* else doubles */

/* Reads rows [first, first + count) to numbers[], floats or doubles. Safe from several threads, so
 * it ends nothing: false means that npy_rows_fail() has to be called once they are joined. */
bool npy_rows_read(struct npy_rows *rows, long first, long count, void *numbers);
/* Ends the program with the line of the first row that is damaged: a number missing, NaN or
 * infinite, or a file that cannot be read. Returns if all was well. */
void npy_rows_fail(const struct npy_rows *rows);

/* A file of [rows][columns] doubles that appears at path, whole, when it is committed; until then
 * rows are written in any order, each once, from any thread. */
struct npy_doubles *npy_doubles_open(const char *path, long rows, int columns);
/* False: a write failed, and npy_doubles_commit() will say so. */
bool npy_doubles_write(struct npy_doubles *file, long first, long count, const double *numbers);
void npy_doubles_commit(struct npy_doubles *file);

/* 128 bytes of NPY head for doubles: the numbers begin at a multiple of 64. */
enum { NPY_HEAD_BYTES = 128 };
void npy_print_head(char head[NPY_HEAD_BYTES], long rows, long columns);

#endif
