/* Compile, cache, load: see native.h. */
#include "compiler/native.h"

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/progress.h"
#include "base/text.h"
#include "compiler/emit/emit_native.h"
#include "compiler/native_tile.h"
#include "compiler/planes.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Loops are compiled unrolled; beyond so many operations the compiler would take minutes. */
enum { COMPILE_LIMIT_S = 300, UNROLLED_MOST_OPS = 100000 };

struct native {
    const struct program *program;
    struct program *unrolled; /* of one with loops; else NULL */
    struct planes *planes;    /* NULL: none */
    void *library;            /* NULL: interpreted, or on planes */
    struct native_kernel kernel;
    const char *origin;
    double compile_seconds;
};

/* Signed overflow wraps, vectors alias their lanes. -O2 and -O3 make nothing faster here and take
 * twice the time. */
static const char flags[] =
    "-O1 -ftree-vectorize -march=native -fwrapv -fno-strict-aliasing -fPIC -w "
    "-fvisibility=hidden";

/* What the machine can do: an object is only good for processors with the same flags. */
static void hash_processor(struct hash *hash)
{
    char line[8192];
    FILE *stream = fopen("/proc/cpuinfo", "r");
    while (stream && fgets(line, sizeof line, stream)) {
        if (strncmp(line, "flags", 5) != 0 && strncmp(line, "Features", 8) != 0) continue;
        hash_add(hash, line, strlen(line));
        break;
    }
    if (stream) fclose(stream);
}

static const char *object_name(struct arena *arena, const struct native_source *source)
{
    struct hash hash = hash_init();
    char version[256] = "", name[33];
    process_first_line((const char *const[]){"cc", "--version", NULL}, version, sizeof version);
    hash_add(&hash, version, strlen(version));
    hash_add(&hash, flags, sizeof flags);
    hash_processor(&hash);
    for (int part = 0; part < source->parts; part++)
        hash_add(&hash, source->part[part].bytes, source->part[part].length);
    hash_print(hash, name);
    return arena_printf(arena, "native-%s.so", name);
}

/* An absolute path, so that dlopen() does not search for it. */
static const char *absolute(struct arena *arena, const char *path)
{
    if (path[0] == '/') return path;
    char *here = getcwd(NULL, 0);
    const char *whole = here ? arena_printf(arena, "%s/%s", here, path) : path;
    free(here);
    return whole;
}

static bool load(struct native *native, const char *path)
{
    struct arena arena = {0};
    native->library = dlopen(absolute(&arena, path), RTLD_NOW | RTLD_LOCAL);
    arena_free(&arena);
    if (!native->library) return false;
    const int *shape = dlsym(native->library, "sluice_native_shape");
    /* dlsym()'s way to a function: ISO C has no conversion for it. */
    void *entry = dlsym(native->library, "sluice_native_eval");
    if (!shape || !entry) {
        dlclose(native->library);
        native->library = NULL;
        return false;
    }
    struct native_kernel *k = &native->kernel;
    memcpy(&k->eval, &entry, sizeof k->eval);
    k->program = native->unrolled ? native->unrolled : native->program;
    k->lanes = shape[0], k->in_bits = shape[1], k->out_bits = shape[2];
    k->frame_bytes = (size_t)shape[3];
    return true;
}

/* All parts at once, then the link; the shell's status is the first failure's. */
static int run_compiler(const char *folder, int parts)
{
    struct text command = {0};
    for (int part = 0; part < parts; part++)
        text_add(&command, "cc %s -c part%d.c -o part%d.o%s", flags, part, part,
                 part + 1 < parts ? " & " : "");
    text_add(&command, " && %scc -shared -o native.so", parts > 1 ? "wait $! && " : "");
    for (int part = 0; part < parts; part++)
        text_add(&command, " part%d.o", part);
    struct arena arena = {0};
    struct process_options options = {
        .folder = folder, .log = file_join(&arena, folder, "log"), .time_limit_s = COMPILE_LIMIT_S};
    int status =
        process_run((const char *const[]){"/bin/sh", "-c", text_string(&command), NULL}, &options);
    arena_free(&arena);
    text_free(&command);
    return status;
}

/* Whether objects can be kept there. */
static bool is_usable(const char *folder)
{
    if (mkdir(folder, 0777) != 0 && errno == ENOENT) file_make_folder(folder);
    return access(folder, W_OK | X_OK) == 0;
}

/* Compiles in a folder of its own beside `path`, then moves the object there. */
static bool compile(const struct native_source *source, const char *path)
{
    struct arena arena = {0};
    const char *folder = arena_printf(&arena, "%s.tmp%ld", path, (long)getpid());
    char reason[256] = "";
    file_make_folder(folder);
    for (int part = 0; part < source->parts; part++)
        file_write(arena_printf(&arena, "%s/part%d.c", folder, part), source->part[part].bytes,
                   source->part[part].length);
    const char *object = file_join(&arena, folder, "native.so");
    int status = run_compiler(folder, source->parts);
    bool done = status == 0 && rename(object, path) == 0;
    if (!done) {
        process_log_reason(file_join(&arena, folder, "log"), reason, sizeof reason);
        info("the C compiler failed (%s): events go through the interpreter", reason);
    }
    for (int part = 0; part < source->parts; part++) {
        unlink(arena_printf(&arena, "%s/part%d.c", folder, part));
        unlink(arena_printf(&arena, "%s/part%d.o", folder, part));
    }
    unlink(object);
    unlink(file_join(&arena, folder, "log"));
    rmdir(folder);
    arena_free(&arena);
    return done;
}

static void open_compiled(struct native *native, const char *folder, bool wanted)
{
    struct arena arena = {0};
    struct native_source source;
    double start = clock_seconds();
    if (program_has_loops(native->program) || program_has_loadables(native->program))
        native->unrolled = program_unroll(native->program, NULL);
    if (native->unrolled && native->unrolled->op_count > UNROLLED_MOST_OPS) {
        if (wanted)
            info("%d operations when unrolled, too many to compile: events go through the "
                 "interpreter",
                 native->unrolled->op_count);
        arena_free(&arena);
        return;
    }
    emit_native(native->unrolled ? native->unrolled : native->program, &source);
    const char *path = file_join(&arena, folder, object_name(&arena, &source));
    if (file_exists(path) && load(native, path)) {
        native->origin = "cached";
    } else if (wanted && !is_usable(folder)) {
        info("%s: cannot write there: events go through the interpreter", folder);
    } else if (wanted) {
        if (compile(&source, path) && load(native, path)) native->origin = "compiled";
        native->compile_seconds = clock_seconds() - start;
    }
    for (int part = 0; part < source.parts; part++)
        text_free(&source.part[part]);
    arena_free(&arena);
}

struct native *native_open(const struct program *program, const char *folder, long events,
                           enum native_mode mode)
{
    struct native *native = calloc(1, sizeof *native);
    if (!native) fail("out of memory");
    *native = (struct native){.program = program, .origin = "interpreted"};
    if (mode == NATIVE_AUTO && planes_gain(program)) native->planes = planes_new(program);
    if (native->planes) {
        native->origin = "bit planes";
        return native;
    }
    bool wanted = mode == NATIVE_COMPILED || events >= NATIVE_LEAST_EVENTS;
    if (mode == NATIVE_INTERPRETED || (!wanted && access(folder, R_OK) != 0)) return native;
    if (process_exists("cc"))
        open_compiled(native, folder, wanted);
    else if (wanted)
        info("there is no C compiler (cc): events go through the interpreter");
    return native;
}

void native_close(struct native *native)
{
    if (!native) return;
    if (native->library) dlclose(native->library);
    program_free(native->unrolled);
    planes_free(native->planes);
    free(native);
}

bool native_is_compiled(const struct native *native)
{
    return native->library != NULL;
}

const char *native_origin(const struct native *native)
{
    return native->origin;
}

double native_compile_seconds(const struct native *native)
{
    return native->compile_seconds;
}

void native_eval(struct native *native, const int64_t *inputs, long events, int64_t *outputs)
{
    if (native->library)
        native_run(&native->kernel, inputs, events, outputs);
    else if (native->planes)
        planes_eval(native->planes, (struct plane_events){.integers = inputs}, events, outputs);
    else
        program_eval(native->program, inputs, events, outputs);
}

/* Raw rows, made integers by and by. */
static void interpret_raw(struct native *native, struct native_rows x, long events,
                          int64_t *outputs)
{
    const long step = 16384;
    struct arena arena = {0};
    const struct program *p = native->program;
    size_t count = (size_t)p->input_count;
    double *doubles = arena_alloc(&arena, (size_t)step * count, sizeof *doubles);
    int64_t *inputs = arena_alloc(&arena, (size_t)step * count, sizeof *inputs);
    for (long first = 0; first < events; first += step) {
        long part = events - first < step ? events - first : step;
        size_t at = (size_t)first * count;
        for (size_t i = 0; i < (size_t)part * count; i++)
            doubles[i] = x.floats ? (double)x.floats[at + i] : x.doubles[at + i];
        program_quantize_inputs(p, doubles, part, inputs);
        native_eval(native, inputs, part, outputs + first * p->output_count);
    }
    arena_free(&arena);
}

void native_eval_raw(struct native *native, struct native_rows x, long events, int64_t *outputs)
{
    if (native->library)
        native_run_raw(&native->kernel, x, events, outputs);
    else if (native->planes)
        planes_eval(native->planes, (struct plane_events){.floats = x.floats, .doubles = x.doubles},
                    events, outputs);
    else
        interpret_raw(native, x, events, outputs);
}
