/* The program at machine speed: printed as C over vectors of events (emit/emit_native.h), compiled
 * by the system's compiler, kept in a cache folder under the hash of all that made it, loaded. Its
 * integers are those of program_eval(), by test. Where there is no compiler (or it fails) the
 * interpreter takes its place, and one information line says so. */
#ifndef SLUICE_COMPILER_NATIVE_H
#define SLUICE_COMPILER_NATIVE_H

#include "compiler/program/program.h"

struct native;

/* When compiling is worth while: it takes some 0.3 ms for each operation, and the interpreter some
 * 0.25 ns for each operation and event (measured on one core of an EPYC), so about a million events
 * pay for it whatever the program's size; and as the object is kept, and the next run has it for
 * nothing, from a fifth of that on it is made. An object that is in the cache is always used. */
enum { NATIVE_LEAST_EVENTS = 200000 };

/* Who evaluates. */
enum native_mode {
    NATIVE_AUTO,       /* compiled if `events` are worth it, by the rule above */
    NATIVE_COMPILED,   /* compiled whatever the number of events, if there is a compiler */
    NATIVE_INTERPRETED /* the interpreter */
};

/* The program must outlive it. folder: the cache, made if it is missing; e.g. "build/cache".
 * events: how many there will be, for the rule above. Never NULL. */
struct native *native_open(const struct program *program, const char *folder, long events,
                           enum native_mode mode);
void native_close(struct native *native);

/* False: the interpreter does the work. */
bool native_is_compiled(const struct native *native);
/* "compiled", "cached", "bit planes" or "interpreted", for reports; seconds spent in the compiler.
 */
const char *native_origin(const struct native *native);
double native_compile_seconds(const struct native *native);

/* As program_eval(): stored integers, inputs [events][input_count] to outputs
 * [events][output_count], two threads inside. */
void native_eval(struct native *native, const int64_t *inputs, long events, int64_t *outputs);

/* Raw physical rows [events][input_count] (of floats if x_float, else of doubles) to stored output
 * integers: program_quantize_inputs() and program_eval() in one sweep that stays in the caches.
 * On the calling thread if compiled: callers split the events. Safe from several threads. */
struct native_rows {
    const double *doubles; /* one of the two */
    const float *floats;
};
void native_eval_raw(struct native *native, struct native_rows x, long events, int64_t *outputs);

#endif
