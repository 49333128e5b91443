/* The software fall-back: the firmware compiled once more, with the network's own C and what
 * recomputes and compares by it (runtime/recheck.c), in DIR/fallback. */
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/stack_usage.h"
#include "base/words.h"
#include "boards/flow/folder.h"
#include "boards/flow/job.h"
#include "compiler/compile.h"
#include "compiler/emit/emit.h"
#include "compiler/estimate/processor.h"
#include "runtime/frame.h"
#include "runtime/information.h"
#include "runtime/loader.h"
#include "runtime/registers.h"

#include <stdlib.h>
#include <string.h>

static const char gcc[] = "riscv64-unknown-elf-gcc", objcopy[] = "riscv64-unknown-elf-objcopy",
                  nm[] = "riscv64-unknown-elf-nm";
enum {
    LIMIT_S = 600,
    FIRMWARE_BYTES = 9000,      /* without the network, roughly */
    STACK_BYTES = 400 + 128,    /* without the network: runtime/link.ld; recheck.c */
    ANSWER_WORDS_MAX = 59,      /* of a frame, behind the cycles */
    STRIDE_MAX = 255,           /* of the register map, in words */
    CYCLES_PER_INSTRUCTION = 8, /* of rtl/rv32i.v, at most about */
    CYCLES_MAX = 12000000,      /* well before the watchdog */
    ESTIMATE_FACTOR = 2         /* of bytes, that is not worth a try */
};

/* The network's C, as it can be written. */
struct form {
    const char *name;
    const struct program *program, *fabric; /* what is computed; whose packed ports */
    enum emit_c_form style;
    struct processor_cost cost;
};

static const char *folder_of(struct build_job *job)
{
    return file_join(&job->arena, job->request->folder, "fallback");
}

static const char *path_of(struct build_job *job, const char *name)
{
    return file_join(&job->arena, folder_of(job), name);
}

static bool leave_out(struct build_job *job, const char *reason)
{
    job->control.fallback.reason = reason;
    return false;
}

/* Runs a tool in the folder; its failure is ours and ends with one line. */
static void run(struct build_job *job, const char *const argv[], const char *log)
{
    struct process_options options = {
        .folder = folder_of(job), .log = path_of(job, log), .time_limit_s = LIMIT_S};
    char reason[256] = "";
    int status = process_run(argv, &options);
    if (status == 0) return;
    process_log_reason(options.log, reason, sizeof reason);
    fail("%s: %s ended with status %d: %s; --fallback off builds without", options.log, argv[0],
         status, reason);
}

/* ---- compiling ---- */

static void compile_c(struct build_job *job, const struct form *form, const char *name)
{
    struct emit_header header = {"build", "", form->name, job->board.name};
    const char *folder = folder_of(job);
    file_make_folder(folder);
    emit_c_form(form->program, &header, form->style, folder);
    emit_c_core(form->program, form->fabric, folder);
    run(job,
        (const char *const[]){gcc, "-std=c99", "-O2", "-march=rv32i", "-misa-spec=2.2",
                              "-mabi=ilp32", "-ffreestanding", "-fstack-usage", "-c",
                              arena_printf(&job->arena, "%s.c", name), "-o", "network.o", NULL},
        "compile.log");
}

/* The firmware's sources, from the root on: the compiler runs in another folder. */
static const char *find_runtime(struct build_job *job)
{
    const char *home = file_join(&job->arena, board_home(), "runtime");
    char *found = realpath(home, NULL);
    if (!found) fail("%s is not there, which the software fall-back is compiled from", home);
    home = arena_strdup(&job->arena, found);
    free(found);
    return home;
}

/* firmware.elf and firmware.bin, in one piece but for the network. */
static void link_firmware(struct build_job *job, const char *name)
{
    static const char *const sources[] = {"start.S",   "main.c",  "line.c",    "shell.c",
                                          "trigger.c", "frame.c", "monitor.c", "recheck.c"};
    enum { SOURCES = sizeof sources / sizeof *sources };
    struct build_fallback *fallback = &job->control.fallback;
    const char *home = find_runtime(job);
    long stack =
        stack_usage_read(path_of(job, "network.su"), arena_printf(&job->arena, "%s_eval", name));
    fallback->stack_bytes = (int)(stack + STACK_BYTES + 15) / 16 * 16;
    const char *argv[SOURCES + 20] = {gcc};
    int count = 1;
    argv[count++] = arena_printf(&job->arena, "@%s/firmware.flags", home);
    argv[count++] = "-DSLUICE_FALLBACK";
    if (fallback->spram) {
        argv[count++] = arena_printf(&job->arena, "@%s/loader.flags", home);
        argv[count++] = arena_printf(&job->arena, "-Wl,--defsym=image_origin=%#x", MEMORY_SPRAM);
        argv[count++] = arena_printf(&job->arena, "%s/loader.c", home);
    }
    argv[count++] = "-Icore";
    argv[count++] = "-Wl,--defsym=memory_bytes=0x1000000";
    argv[count++] = arena_printf(&job->arena, "-Wl,--defsym=stack_bytes=%d", fallback->stack_bytes);
    argv[count++] = "-T";
    argv[count++] = arena_printf(&job->arena, "%s/link.ld", home);
    for (int i = 0; i < SOURCES; i++)
        argv[count++] = arena_printf(&job->arena, "%s/%s", home, sources[i]);
    argv[count++] = "network.o";
    argv[count++] = "-lgcc";
    argv[count++] = "-o";
    argv[count++] = "firmware.elf";
    argv[count] = NULL;
    run(job, argv, "link.log");
    run(job, (const char *const[]){objcopy, "-O", "binary", "firmware.elf", "firmware.bin", NULL},
        "objcopy.log");
    run(job, (const char *const[]){nm, "firmware.elf", NULL}, "symbols.log");
}

/* Of a symbol, by the lines "0000abcd T name" of nm. */
static long address_of(struct build_job *job, const char *symbol)
{
    size_t length;
    const char *text = file_read(&job->arena, path_of(job, "symbols.log"), &length),
               *found = strstr(text, arena_printf(&job->arena, " %s\n", symbol));
    while (found && found > text && found[-1] != '\n')
        found--;
    return found ? strtol(found, NULL, 16) : 0;
}

/* The image's words with the CRC behind them, as runtime/runtime.mk makes them. */
static void read_image(struct build_job *job)
{
    enum { HEAD = 4 * (INFORMATION_WORD + INFORMATION_WORDS) };
    struct build_fallback *fallback = &job->control.fallback;
    size_t length;
    const uint8_t *bytes =
        (const uint8_t *)file_read(&job->arena, path_of(job, "firmware.bin"), &length);
    int count = (int)(length / 4);
    uint32_t *words = arena_alloc(&job->arena, (size_t)count + 1, sizeof *words);
    words_from_bytes(bytes, 4 * (size_t)count, words);
    words[count] = frame_crc(0, bytes + HEAD, (unsigned)(4 * count - HEAD));
    fallback->words = words;
    fallback->word_count = count + 1;
    fallback->image_bytes = 4 * (count + 1);
    fallback->memory_bytes =
        (int)(address_of(job, "firmware_end") - (fallback->spram ? (long)MEMORY_SPRAM : 0));
}

/* ---- which form ---- */

static bool check_cost(struct build_job *job, const struct form *form)
{
    double cycles = form->cost.instructions * CYCLES_PER_INSTRUCTION;
    long available = job->control.fallback.available_bytes;
    if (cycles > CYCLES_MAX)
        return leave_out(job, arena_printf(&job->arena,
                                           "an event would take the core some %.0f million cycles",
                                           cycles / 1e6));
    if (form->cost.bytes > ESTIMATE_FACTOR * (double)available)
        return leave_out(job, arena_printf(&job->arena,
                                           "it needs some %.0f bytes of the core's memory, and %s "
                                           "has %ld for it",
                                           form->cost.bytes + FIRMWARE_BYTES, job->board.name,
                                           available));
    return true;
}

static bool try_form(struct build_job *job, const struct form *form)
{
    struct build_fallback *fallback = &job->control.fallback;
    const char *name = emit_c_name(form->program, &job->arena);
    if (!check_cost(job, form)) return false;
    compile_c(job, form, name);
    link_firmware(job, name);
    read_image(job);
    fallback->form = form->name;
    if (fallback->memory_bytes > fallback->available_bytes)
        return leave_out(job, arena_printf(&job->arena,
                                           "it needs %d bytes of the core's memory, and %s has "
                                           "%ld for it",
                                           fallback->memory_bytes, job->board.name,
                                           fallback->available_bytes));
    return true;
}

/* The better form by estimate, then the other one. */
static bool try_forms(struct build_job *job, const struct program *lowered,
                      const struct program *fabric)
{
    int matrices;
    struct program *straight = compile_straight(lowered);
    struct form forms[2] = {
        {"straight", straight, fabric, EMIT_C_STRAIGHT, processor_straight(straight, false)},
        {"loops", lowered, fabric, EMIT_C_DIGITS, processor_loops(lowered, false, &matrices)}};
    double memory = (double)(job->control.fallback.available_bytes - FIRMWARE_BYTES);
    int first = matrices > 0 && processor_prefers_loops(&forms[0].cost, &forms[1].cost, memory);
    bool fits = try_form(job, &forms[first]);
    if (!fits && matrices > 0) fits = try_form(job, &forms[!first]);
    program_free(straight);
    return fits;
}

/* With loadable memories: as in the fabric, which alone has them. */
static bool try_loadable(struct build_job *job, const struct program *program)
{
    struct form form = {"loadable", program, program, EMIT_C_STRAIGHT,
                        processor_straight(program, false)};
    return try_form(job, &form);
}

static bool find_reason(struct build_job *job)
{
    struct build_control *control = &job->control;
    if (job->request->fallback == BUILD_FALLBACK_OFF) return leave_out(job, "it was not asked for");
    if (job->request->firmware) return leave_out(job, "another firmware is given");
    for (int i = 0; i < 3; i++)
        if (!process_exists((const char *const[]){gcc, objcopy, nm}[i]))
            return leave_out(job, "riscv64-unknown-elf-gcc is not there (Debian package "
                                  "gcc-riscv64-unknown-elf)");
    if ((job->in_bits + 31) / 32 > STRIDE_MAX || (job->out_bits + 31) / 32 > ANSWER_WORDS_MAX)
        return leave_out(job, arena_printf(&job->arena,
                                           "it takes events of %d bits and answers of %d at most",
                                           32 * STRIDE_MAX, 32 * ANSWER_WORDS_MAX));
    if (control->fallback.available_bytes <= 0)
        return leave_out(job,
                         arena_printf(&job->arena, "%s has too few block memories to spy inputs",
                                      job->board.name));
    if (control->fallback.available_bytes < FIRMWARE_BYTES)
        return leave_out(
            job, arena_printf(&job->arena,
                              "it needs more than %d bytes of the core's memory, and %s "
                              "has %ld for it",
                              FIRMWARE_BYTES, job->board.name, control->fallback.available_bytes));
    return true;
}

/* A program of the folder; NULL: the file is missing, which leaves the fall-back out. */
static struct program *read_program(struct build_job *job, const char *name)
{
    const char *file = file_join(&job->arena, job->request->folder, name);
    if (file_exists(file)) return program_read(file);
    leave_out(job, arena_printf(&job->arena, "%s is missing; compile the network again", file));
    return NULL;
}

/* The same integers in the same places; the fabric's fields may be wider. */
static bool has_ports_of(const struct program *p, const struct program *fabric)
{
    if (p->input_count != fabric->input_count || p->output_count != fabric->output_count)
        return false;
    for (int i = 0; i < p->output_count; i++)
        if (op_fraction(&p->ops[p->outputs[i].value]) !=
            op_fraction(&fabric->ops[fabric->outputs[i].value]))
            return false;
    return emit_input_bits(p) == emit_input_bits(fabric);
}

bool job_make_fallback(struct build_job *job, bool spram, long available_bytes)
{
    struct build_fallback *fallback = &job->control.fallback;
    const char *folder = job->request->folder;
    *fallback =
        (struct build_fallback){.spram = spram, .available_bytes = available_bytes, .reason = ""};
    folder_remove(folder_of(job));
    if (!find_reason(job)) return false;
    struct program *fabric = read_program(job, "program.sluice");
    struct program *lowered =
        job->load_data_bits || !fabric ? NULL : read_program(job, "lowered.sluice");
    if (!fabric || (!lowered && !job->load_data_bits)) return false;
    if (emit_input_bits(fabric) != job->in_bits || emit_output_bits(fabric) != job->out_bits ||
        (lowered && !has_ports_of(lowered, fabric)))
        fail("%s: its programs are not the network of interface.json; compile it again", folder);
    fallback->there = lowered ? try_forms(job, lowered, fabric) : try_loadable(job, fabric);
    if (fallback->there) fallback->reason = "";
    program_free(fabric);
    if (lowered) program_free(lowered);
    return fallback->there;
}
