/* Campaigns of upsets: see faults.h. */
#include "sim/faults.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/text.h"
#include "sim/bench.h"
#include "sim/gate_level.h"
#include "sim/loads.h"
#include "sim/stimuli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define X(id, name) #name,
const char *const fault_names[FAULT_CLASSES] = {FAULT_TABLE(X)};
#undef X

enum { PARTS = 20, LEAST_PART = 200, MOST_EVENTS = 2000, RANDOM_EVENTS = 200, WORST = 10 };

/* What became of the flips of one register or memory. */
struct tally {
    int state;
    long flips, classes[FAULT_CLASSES];
};

struct campaign {
    struct arena arena;
    const struct faults_request *request;
    struct faults_result *result;
    struct program *program;
    const char *folder; /* request->folder/verify/faults */
    struct fault_state *states;
    enum emit_state *kinds; /* [state_count] */
    int state_count;
    struct tally *tallies; /* [state_count] */
};

/* Which signals Verilator has to keep, and where they are written: a file for it. */
static const char *write_config(struct campaign *c)
{
    struct text config = {0};
    const char *path = file_join(&c->arena, c->folder, "state.vlt");
    text_add(&config, "`verilator_config\n");
    for (int i = 0; i < c->state_count; i++) {
        const char *line = arena_printf(&c->arena, "public_flat_rw -module \"%s\" -var \"%s\"\n",
                                        c->states[i].module, c->states[i].name);
        if (!strstr(text_string(&config), line)) text_add(&config, "%s", line);
    }
    file_write(path, config.bytes, config.length);
    text_free(&config);
    return path;
}

static const char *state_header(struct campaign *c)
{
    struct text text = {0};
    for (int i = 0; i < c->state_count; i++) {
        const struct fault_state *s = &c->states[i];
        text_add(&text, "STATE(%s, %ld, %d, %d)\n", s->member, s->words, s->width_bits,
                 (int)c->kinds[i]);
    }
    const char *header = arena_strdup(&c->arena, text_string(&text));
    text_free(&text);
    return header;
}

static const char *const *with_config(struct campaign *c, const char *const *files)
{
    int count = 0;
    while (files[count])
        count++;
    const char **all = arena_alloc(&c->arena, (size_t)count + 2, sizeof *all);
    all[0] = write_config(c);
    memcpy(all + 1, files, (size_t)count * sizeof *all);
    return all;
}

/* Of a cell of a netlist, by the net at its output, or what a memory's instance is called. With TMR
 * control is what votes. */
static enum emit_state kind_of_cell(struct campaign *c, const struct emit_states *states,
                                    const struct fault_state *state)
{
    char name[400];
    snprintf(name, sizeof name, "%s", state->net ? state->net : state->path);
    if (state->net) name[strcspn(name, "[ ")] = 0;
    bool is_array = state->words || !strcmp(state->name, "words"); /* LUTs' are a vector */
    char *ram = is_array ? strstr(name, "_ram.") : NULL;
    if (ram) ram[strlen("_ram")] = 0;
    enum emit_state kind = emit_state_of(states, name);
    bool is_vote = strstr(name, "vote_") != NULL, has_votes = c->program->protect & PROTECT_TMR;
    if (kind == EMIT_STATE_CONTROL && (has_votes ? !is_vote : !state->net)) return EMIT_STATE_DATA;
    return kind;
}

static void find_state(struct campaign *c, const char *const *files, const char *top)
{
    struct emit_states *states = emit_states_new(c->program);
    c->states =
        faults_find_state(&c->arena, c->folder, files, top, c->request->gates, &c->state_count);
    if (!c->state_count) fail("%s: there is no state to flip", c->request->folder);
    c->kinds = arena_alloc(&c->arena, (size_t)c->state_count, sizeof *c->kinds);
    c->tallies = arena_alloc(&c->arena, (size_t)c->state_count, sizeof *c->tallies);
    for (int i = 0; i < c->state_count; i++) {
        const struct fault_state *s = &c->states[i];
        c->kinds[i] =
            c->request->gates ? kind_of_cell(c, states, s) : emit_state_of(states, s->path);
        c->tallies[i].state = i;
        c->result->kinds[c->kinds[i]].state_bits += (s->words ? s->words : 1) * s->width_bits;
    }
    emit_states_free(states);
}

static void count_lines(struct campaign *c, const char *lines)
{
    for (const char *line = lines; *line; line = strchr(line, '\n') + 1) {
        int row;
        long flips, classes[FAULT_CLASSES];
        if (sscanf(line, "%d %ld %ld %ld %ld %ld", &row, &flips, &classes[0], &classes[1],
                   &classes[2], &classes[3]) != 6 ||
            row >= c->state_count || !strchr(line, '\n'))
            fail("%s: the bench was cut short", c->folder);
        struct faults_kind *kind = &c->result->kinds[c->kinds[row]];
        kind->flips += flips;
        c->tallies[row].flips += flips;
        for (int k = 0; k < FAULT_CLASSES; k++) {
            kind->classes[k] += classes[k];
            c->tallies[row].classes[k] += classes[k];
        }
    }
}

static void simulate(struct campaign *c, struct bench_run run)
{
    long total = c->request->flips, step = (total + PARTS - 1) / PARTS;
    if (step < LEAST_PART) step = LEAST_PART;
    progress_begin("faults: flipping", total);
    for (long first = 0; first < total; first += step) {
        run.first_flip = first;
        run.flips = total - first < step ? total - first : step;
        run.seed = c->request->seed + (uint64_t)first;
        count_lines(c, bench_run_flips(&c->arena, &run));
        progress_update(first + run.flips, NULL);
    }
    progress_end();
}

/* ---- the file ---- */

static void add_classes(cJSON *object, const long classes[FAULT_CLASSES])
{
    for (int k = 0; k < FAULT_CLASSES; k++)
        json_add_number(object, fault_names[k], (double)classes[k]);
}

static int compare_silent(const void *a, const void *b)
{
    const struct tally *x = a, *y = b;
    long more = y->classes[FAULT_SILENT] - x->classes[FAULT_SILENT];
    return more ? more > 0 ? 1 : -1 : x->state - y->state;
}

/* Registers and memories of the most silent flips. */
static void add_worst(cJSON *json, struct campaign *c)
{
    cJSON *worst = cJSON_AddArrayToObject(json, "worst");
    qsort(c->tallies, (size_t)c->state_count, sizeof *c->tallies, compare_silent);
    for (int i = 0; i < c->state_count && i < WORST; i++) {
        const struct tally *t = &c->tallies[i];
        if (!t->classes[FAULT_SILENT]) break;
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "state", c->states[t->state].path);
        cJSON_AddStringToObject(row, "kind", emit_state_names[c->kinds[t->state]]);
        json_add_number(row, "flips", (double)t->flips);
        add_classes(row, t->classes);
        cJSON_AddItemToArray(worst, row);
    }
}

double faults_share(const struct faults_result *result, enum fault_class class)
{
    double share = 0, bits = 0;
    for (int k = 0; k < EMIT_STATE_KINDS; k++) {
        const struct faults_kind *kind = &result->kinds[k];
        if (!kind->flips) continue;
        bits += (double)kind->state_bits;
        share += (double)kind->state_bits * (double)kind->classes[class] / (double)kind->flips;
    }
    return bits > 0 ? share / bits : 0;
}

static void write_json(struct campaign *c)
{
    const struct faults_result *r = c->result;
    cJSON *json = cJSON_CreateObject();
    json_add_number(json, "schema", 1);
    cJSON_AddStringToObject(json, "protect", protect_name(c->program->protect));
    cJSON_AddBoolToObject(json, "gates", c->request->gates);
    json_add_number(json, "flips", (double)c->request->flips);
    json_add_number(json, "bits_at_once", c->request->bits);
    json_add_number(json, "seed", (double)c->request->seed);
    cJSON *kinds = cJSON_AddArrayToObject(json, "kinds");
    for (int k = 0; k < EMIT_STATE_KINDS; k++) {
        if (!r->kinds[k].state_bits) continue;
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "kind", emit_state_names[k]);
        json_add_number(row, "state_bits", (double)r->kinds[k].state_bits);
        json_add_number(row, "flips", (double)r->kinds[k].flips);
        add_classes(row, r->kinds[k].classes);
        cJSON_AddItemToArray(kinds, row);
    }
    cJSON *shares = cJSON_AddObjectToObject(json, "shares");
    for (int k = 0; k < FAULT_CLASSES; k++)
        json_add_number(shares, fault_names[k], faults_share(r, (enum fault_class)k));
    add_worst(json, c);
    json_add_number(json, "seconds", r->seconds);
    json_write(file_join(&c->arena, c->request->folder, "faults.json"), json);
    cJSON_Delete(json);
}

void faults_run(const struct faults_request *request, struct faults_result *result)
{
    double start = clock_seconds();
    struct campaign c = {.request = request, .result = result};
    struct stimuli stimuli;
    *result = (struct faults_result){0};
    c.program = program_read(file_join(&c.arena, request->folder, "program.sluice"));
    const struct program *p = c.program;
    c.folder = file_join(&c.arena, request->folder, "verify/faults");
    file_make_folder(c.folder);
    long test = request->events < MOST_EVENTS ? request->events : MOST_EVENTS;
    stimuli_make(&stimuli, p, request->x, test, RANDOM_EVENTS, request->seed);
    int64_t *outputs =
        arena_alloc(&c.arena, (size_t)stimuli.count * (size_t)p->output_count + 1, sizeof *outputs);
    program_eval(p, stimuli.inputs, stimuli.count, outputs);
    struct bench_events events =
        bench_write_events(&c.arena, p, c.folder, stimuli.inputs, outputs, stimuli.count);
    const char *top = emit_top_name(p, &c.arena);
    const char *const *files = request->gates
                                   ? gate_level_sources(&c.arena, request->folder, c.folder)
                                   : bench_file_list(&c.arena, request->folder, "files.f");
    find_state(&c, files, top);
    struct bench_design design = {.folder = c.folder,
                                  .name = "bench_faults",
                                  .sources = with_config(&c, files),
                                  .top = top,
                                  .input_bits = emit_input_bits(p),
                                  .loads = emit_has_load_port(p),
                                  .protect = p->protect,
                                  .quick = request->gates,
                                  .state = state_header(&c)};
    struct bench_loads loads = {0};
    if (design.loads)
        loads = loads_prepare(&c.arena, p,
                              &(struct loads_request){.folder = request->folder,
                                                      .image = request->image,
                                                      .seed = request->seed,
                                                      .work = c.folder},
                              stimuli.inputs, stimuli.count);
    info("faults: building the bench");
    simulate(&c, (struct bench_run){.executable = bench_build(&c.arena, &design),
                                    .folder = c.folder,
                                    .events = &events,
                                    .loads = design.loads ? &loads : NULL,
                                    .count = events.count,
                                    .latency_cycles = p->latency_cycles,
                                    .interval_cycles = p->interval_cycles,
                                    .crossing_cycles = p->interval_cycles,
                                    .flip_bits = request->bits});
    result->seconds = clock_seconds() - start;
    write_json(&c);
    stimuli_free(&stimuli);
    program_free(c.program);
    arena_free(&c.arena);
}
