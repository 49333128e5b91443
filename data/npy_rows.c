/* NPY piece by piece: see npy_rows.h. */
#include "data/npy_rows.h"

#include "base/error.h"
#include "base/file.h"
#include "data/container.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct npy_rows {
    struct arena arena;
    struct array array;
    int file;
    size_t head, row_bytes;
    long columns;
    const bool *may_miss; /* [columns] NaN is a missing value there; NULL: nowhere */
    pthread_mutex_t lock; /* of the two below */
    long damaged;         /* first entry that is no finite number, LONG_MAX: none */
    int cause;            /* errno of a read that failed; -1: the file ended early */
};

static bool read_all(int file, void *bytes, size_t count, off_t at, int *cause)
{
    while (count) {
        ssize_t got = pread(file, bytes, count, at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            *cause = got < 0 ? errno : -1;
            return false;
        }
        bytes = (char *)bytes + got, at += got, count -= (size_t)got;
    }
    return true;
}

/* Whether the head says what npy_rows_open() promises, and the file is as long as it says. */
static bool read_head(struct npy_rows *r, long columns)
{
    char start[12];
    int cause;
    struct stat status;
    if (fstat(r->file, &status) != 0 || !S_ISREG(status.st_mode)) return false;
    if (!read_all(r->file, start, sizeof start, 0, &cause)) return false;
    size_t head = npy_head_size(start, sizeof start);
    if (!head || head > (size_t)status.st_size) return false;
    char *bytes = arena_alloc(&r->arena, head + 1, 1);
    if (!read_all(r->file, bytes, head, 0, &cause)) return false;
    npy_parse_head(&r->arena, &r->array, bytes, head, &r->head);
    const struct array *a = &r->array;
    if (a->problem || a->swapped || a->fortran || a->dims != 2 || a->shape[1] != columns)
        return false;
    if ((a->type != ARRAY_F4 && a->type != ARRAY_F8) || a->shape[0] < 1) return false;
    r->columns = columns;
    r->row_bytes = a->item_bytes * (size_t)columns;
    return (size_t)status.st_size == r->head + a->count * a->item_bytes;
}

struct npy_rows *npy_rows_open(const char *path, int columns)
{
    struct npy_rows *r = calloc(1, sizeof *r);
    if (!r) fail("out of memory");
    r->damaged = LONG_MAX;
    r->file = open(path, O_RDONLY | O_CLOEXEC);
    pthread_mutex_init(&r->lock, NULL);
    r->array.path = arena_strdup(&r->arena, path);
    if (r->file >= 0 && read_head(r, columns)) return r;
    npy_rows_close(r);
    return NULL;
}

void npy_rows_close(struct npy_rows *r)
{
    if (!r) return;
    if (r->file >= 0) close(r->file);
    pthread_mutex_destroy(&r->lock);
    arena_free(&r->arena);
    free(r);
}

long npy_rows_count(const struct npy_rows *r)
{
    return r->array.shape[0];
}

bool npy_rows_are_floats(const struct npy_rows *r)
{
    return r->array.type == ARRAY_F4;
}

#define ALL_FINITE(type)                                                                           \
    for (long i = 0; i < count; i++)                                                               \
        bad |= !isfinite(((const type *)numbers)[i]);

/* Without a way out of the loops, so that they run over vectors. */
static bool all_finite(const struct npy_rows *r, const void *numbers, long count)
{
    int bad = 0;
    if (npy_rows_are_floats(r)) {
        ALL_FINITE(float)
    } else {
        ALL_FINITE(double)
    }
    return !bad;
}

/* The first of `count` numbers that is not as it should be; -1: they all are. */
static long first_damaged(const struct npy_rows *r, const void *numbers, long count)
{
    for (long i = 0; i < count; i++) {
        double x = npy_rows_are_floats(r) ? (double)((const float *)numbers)[i]
                                          : ((const double *)numbers)[i];
        if (!isfinite(x) && !(isnan(x) && r->may_miss && r->may_miss[i % r->columns])) return i;
    }
    return -1;
}

void npy_rows_allow_missing(struct npy_rows *r, const bool *may_miss)
{
    r->may_miss = may_miss;
}

bool npy_rows_read(struct npy_rows *r, long first, long count, void *numbers)
{
    int cause = 0;
    long damaged = LONG_MAX;
    off_t at = (off_t)(r->head + (size_t)first * r->row_bytes);
    bool read = read_all(r->file, numbers, (size_t)count * r->row_bytes, at, &cause);
    if (read && all_finite(r, numbers, count * r->columns)) return true;
    long bad = read ? first_damaged(r, numbers, count * r->columns) : -1;
    if (read && bad < 0) return true;
    if (read) damaged = first * r->columns + bad;
    pthread_mutex_lock(&r->lock);
    if (cause && !r->cause) r->cause = cause;
    if (damaged < r->damaged) r->damaged = damaged;
    pthread_mutex_unlock(&r->lock);
    return false;
}

void npy_rows_fail(const struct npy_rows *r)
{
    const char *path = r->array.path;
    if (r->cause)
        fail("%s: cannot read: %s", path, r->cause < 0 ? "it was cut short" : strerror(r->cause));
    if (r->damaged == LONG_MAX) return;
    fail("%s, row %ld (counted from 0): column %ld is missing, NaN or infinite", path,
         r->damaged / r->columns, r->damaged % r->columns);
}

struct npy_doubles {
    struct out_file *out;
    const char *path;
    size_t row_bytes;
    int cause; /* errno of the first write that failed */
    pthread_mutex_t lock;
};

struct npy_doubles *npy_doubles_open(const char *path, long rows, int columns)
{
    struct npy_doubles *f = calloc(1, sizeof *f);
    if (!f) fail("out of memory");
    char head[NPY_HEAD_BYTES];
    npy_print_head(head, rows, columns);
    *f = (struct npy_doubles){.out = out_open(path), .path = path};
    f->row_bytes = (size_t)columns * sizeof(double);
    pthread_mutex_init(&f->lock, NULL);
    fwrite(head, 1, sizeof head, out_stream(f->out));
    fflush(out_stream(f->out)); /* a failure stays in the stream for out_commit() */
    return f;
}

bool npy_doubles_write(struct npy_doubles *f, long first, long count, const double *numbers)
{
    const char *bytes = (const char *)numbers;
    size_t left = (size_t)count * f->row_bytes;
    off_t at = (off_t)(NPY_HEAD_BYTES + (size_t)first * f->row_bytes);
    while (left) {
        ssize_t put = pwrite(fileno(out_stream(f->out)), bytes, left, at);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) {
            pthread_mutex_lock(&f->lock);
            if (!f->cause) f->cause = put < 0 ? errno : EIO;
            pthread_mutex_unlock(&f->lock);
            return false;
        }
        bytes += put, at += put, left -= (size_t)put;
    }
    return true;
}

void npy_doubles_commit(struct npy_doubles *f)
{
    if (f->cause) fail("%s: cannot write: %s", f->path, strerror(f->cause));
    out_commit(f->out);
    pthread_mutex_destroy(&f->lock);
    free(f);
}
