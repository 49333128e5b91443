/* The registers and memories of a Verilog design, from Yosys's text form of it before any
 * optimisation: what clocked processes assign, and memories, module by module, then for each
 * instance. */
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "sim/faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { YOSYS_LIMIT_S = 600 };

struct instance {
    const char *name, *module, *net; /* net at output Q, or NULL */
};
struct module {
    const char *name; /* Yosys's, parameters and all */
    struct fault_state *states;
    struct instance *instances;
    size_t state_count, instance_count, state_capacity, instance_capacity;
};
struct reading {
    struct arena *arena;
    bool is_netlist;
    struct module *modules;
    size_t count, capacity;
    struct fault_state *all;
    size_t all_count, all_capacity;
};

static const char *write_text_form(struct arena *arena, const char *folder,
                                   const char *const *files, const char *top)
{
    struct text script = {0};
    const char *log = file_join(arena, folder, "state.log");
    const char *commands = file_join(arena, folder, "state.ys");
    const char *result = file_join(arena, folder, "state.il");
    char reason[300];
    for (; *files; files++)
        text_add(&script, "read_verilog \"%s\"\n", *files);
    text_add(&script, "hierarchy -check -top %s\nwrite_rtlil \"%s\"\n", top, result);
    file_write(commands, script.bytes, script.length);
    text_free(&script);
    const char *const argv[] = {"yosys", "-q", commands, NULL};
    struct process_options options = {.log = log, .time_limit_s = YOSYS_LIMIT_S};
    int status = process_run(argv, &options);
    if (status == PROCESS_NOT_FOUND) fail("yosys is not installed; run `make deps`");
    process_log_reason(log, reason, sizeof reason);
    if (status != 0) fail("yosys failed: %s; see %s", reason, log);
    return result;
}

/* Verilog's name of a module: "$paramod$...\voted_copy", "$paramod\majority\WIDTH=s32'...". */
static const char *plain_module(struct arena *arena, const char *name)
{
    const char *from = strchr(name, '\\');
    from = from ? from + 1 : name;
    return arena_printf(arena, "%.*s", (int)strcspn(from, "\\"), from);
}

static void add_state(struct reading *r, struct module *m, const char *name, long words, int width)
{
    for (size_t i = 0; i < m->state_count; i++)
        if (!strcmp(m->states[i].name, name)) return; /* assigned by two processes' parts */
    m->states = array_grow(m->states, &m->state_capacity, m->state_count + 1, sizeof *m->states);
    m->states[m->state_count++] = (struct fault_state){.module = plain_module(r->arena, m->name),
                                                       .name = name,
                                                       .words = words,
                                                       .width_bits = width};
}

static void add_instance(struct module *m, const char *name, const char *module)
{
    m->instances = array_grow(m->instances, &m->instance_capacity, m->instance_count + 1,
                              sizeof *m->instances);
    m->instances[m->instance_count++] = (struct instance){name, module, NULL};
}

/* "update \run_q $0\run_q[0:0]": the name, and the width from the right hand side. */
static void add_update(struct reading *r, struct module *m, char *line)
{
    char *name = strtok(line, " "), *from = strtok(NULL, " ");
    int high = 0;
    if (!name || !from || *name != '\\') return;
    char *range = strrchr(from, '[');
    if (!range || sscanf(range, "[%d:0]", &high) != 1) return;
    add_state(r, m, name + 1, 0, high + 1);
}

/* "memory width 24 size 64 \n48_ram"; a size of 1 is left out. */
static void add_memory(struct reading *r, struct module *m, char *line)
{
    int width = 1;
    long words = 1;
    for (char *word = strtok(line, " "); word; word = strtok(NULL, " ")) {
        if (!strcmp(word, "width"))
            width = atoi(strtok(NULL, " "));
        else if (!strcmp(word, "size"))
            words = atol(strtok(NULL, " "));
        else if (*word == '\\')
            add_state(r, m, word + 1, words, width);
    }
}

static bool starts(char **line, const char *word)
{
    size_t length = strlen(word);
    if (strncmp(*line, word, length) != 0) return false;
    *line += length;
    return true;
}

static void read_modules(struct reading *r, char *text)
{
    struct module *m = NULL;
    bool is_clocked = false, is_instance = false;
    for (char *line = text, *next; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next) *next++ = 0;
        line += strspn(line, " ");
        if (starts(&line, "module ")) {
            r->modules = array_grow(r->modules, &r->capacity, r->count + 1, sizeof *r->modules);
            m = &r->modules[r->count++];
            *m = (struct module){.name = line};
        } else if (starts(&line, "memory ")) {
            add_memory(r, m, line);
        } else if (starts(&line, "cell ")) {
            char *space = strchr(line, ' ');
            *space = 0;
            is_instance = strchr(line, '\\') && space[1] == '\\';
            if (is_instance) add_instance(m, space + 2, line);
        } else if (is_instance && starts(&line, "connect \\Q \\")) {
            m->instances[m->instance_count - 1].net = line;
        } else if (starts(&line, "sync ")) {
            is_clocked = starts(&line, "posedge ");
        } else if (is_clocked && starts(&line, "update ")) {
            add_update(r, m, line);
        } else if (starts(&line, "process ")) {
            is_clocked = false;
        }
    }
}

static struct module *find_module(struct reading *r, const char *name)
{
    for (size_t i = 0; i < r->count; i++)
        if (!strcmp(r->modules[i].name, name)) return &r->modules[i];
    fail("yosys knows no module %s", name);
}

/* A name as Verilator writes it: of two underscores the second by its code, and what no identifier
 * has; a dot that is none of a netlist's is a step down. */
static const char *encode(struct reading *r, const char *name)
{
    struct text text = {0};
    for (const char *c = name; *c; c++) {
        bool is_plain = *c == '_' || (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') ||
                        (*c >= 'A' && *c <= 'Z');
        if (*c == '.' && !r->is_netlist)
            text_add(&text, "__DOT__");
        else if (c[0] == '_' && c[1] == '_')
            text_add(&text, "___05F"), c++;
        else
            text_add(&text, is_plain ? "%c" : "__0%02x", *c);
    }
    const char *encoded = arena_strdup(r->arena, text_string(&text));
    text_free(&text);
    return encoded;
}

/* Where an instance is: its path and Verilator's, each with its separator behind it. */
struct place {
    const char *path, *member, *net;
};

static void add_all(struct reading *r, const struct module *m, struct place in)
{
    for (size_t i = 0; i < m->state_count; i++) {
        r->all = array_grow(r->all, &r->all_capacity, r->all_count + 1, sizeof *r->all);
        struct fault_state *state = &r->all[r->all_count++];
        *state = m->states[i];
        state->path = arena_printf(r->arena, "%s%s", in.path, state->name);
        state->member = arena_printf(r->arena, "%s%s", in.member, encode(r, state->name));
        state->net = in.net;
    }
    for (size_t i = 0; i < m->instance_count; i++) {
        const struct instance *instance = &m->instances[i];
        struct place inside = {
            arena_printf(r->arena, "%s%s.", in.path, instance->name),
            arena_printf(r->arena, "%s%s__DOT__", in.member, encode(r, instance->name)),
            instance->net};
        add_all(r, find_module(r, instance->module), inside);
    }
}

struct fault_state *faults_find_state(struct arena *arena, const char *folder,
                                      const char *const *files, const char *top, bool is_netlist,
                                      int *count)
{
    size_t length;
    struct reading r = {.arena = arena, .is_netlist = is_netlist};
    read_modules(&r, file_read(arena, write_text_form(arena, folder, files, top), &length));
    struct place place = {"", arena_printf(arena, "%s__DOT__", encode(&r, top)), NULL};
    add_all(&r, find_module(&r, arena_printf(arena, "\\%s", top)), place);
    struct fault_state *all = arena_alloc(arena, r.all_count + 1, sizeof *all);
    if (r.all_count) memcpy(all, r.all, r.all_count * sizeof *all);
    *count = (int)r.all_count;
    for (size_t i = 0; i < r.count; i++) {
        free(r.modules[i].states);
        free(r.modules[i].instances);
    }
    free(r.modules);
    free(r.all);
    return all;
}
