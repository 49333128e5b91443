/* The critical path of place-and-route in terms of the program: cells are named by the tools after
 * the Verilog's wires, and those after values. */
#include "cli/explain.h"
#include "compiler/emit/emit.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

static const char *last_part(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

/* "network.u_dense2.n449_SB_LUT4_O_4_LC" is a cell on the way to n449: the value of the longest
 * wire name that the cell's begins with; -1: none. */
static int find_value(const struct emit_signal *signals, int count, const char *cell)
{
    const char *name = last_part(cell);
    size_t longest = 0;
    int value = -1;
    for (int i = 0; i < count; i++) {
        const char *wire = last_part(signals[i].path);
        size_t length = strlen(wire);
        if (length <= longest || strncmp(name, wire, length) != 0) continue;
        if (isalnum((unsigned char)name[length])) continue; /* n44 is not n449 */
        longest = length;
        value = signals[i].value;
    }
    return value;
}

/* ns of a path, and how many of its cells are the network's. */
static double measure(const cJSON *path, const struct emit_signal *signals, int count, int *ours)
{
    double ns = 0;
    const cJSON *step;
    *ours = 0;
    cJSON_ArrayForEach(step, json_find(path, "path"))
    {
        ns += json_number(step, "delay", 0);
        *ours += find_value(signals, count, json_string(step, "to.cell", "")) >= 0;
    }
    return ns;
}

static cJSON *new_row(struct explain *e, int value, const char *cell)
{
    cJSON *row = cJSON_CreateObject();
    int block = value < 0 ? -1 : program_block_of(e->program, value);
    json_add_number(row, "value", value < 0 ? NAN : (double)value);
    cJSON_AddStringToObject(row, "op", value < 0 ? "-" : op_rows[e->program->ops[value].code].name);
    cJSON_AddStringToObject(row, "cell", cell);
    cJSON_AddStringToObject(row, "layer", block < 0 ? "-" : e->program->blocks[block].name);
    cJSON_AddStringToObject(row, "neuron", value < 0 ? "-" : explain_neuron_name(e, value));
    return row;
}

/* What the steps of a row add up to. */
struct sum {
    double logic_ns, routing_ns;
    int levels; /* LUTs and pieces of carry chains */
};

static void add_step(struct sum *sum, const cJSON *step)
{
    const char *type = json_string(step, "type", "");
    double delay = json_number(step, "delay", 0);
    if (strcmp(type, "routing") == 0)
        sum->routing_ns += delay;
    else
        sum->logic_ns += delay;
    sum->levels += strcmp(type, "logic") == 0;
}

static void end_row(cJSON *row, const struct sum *sum)
{
    if (!row) return;
    json_add_number(row, "logic_ns", sum->logic_ns);
    json_add_number(row, "routing_ns", sum->routing_ns);
    json_add_number(row, "levels", sum->levels);
}

/* Consecutive steps of one value as one row. */
static cJSON *steps_json(struct explain *e, const cJSON *path, const struct emit_signal *signals,
                         int count)
{
    cJSON *rows = cJSON_CreateArray(), *row = NULL;
    const cJSON *step;
    struct sum sum = {0};
    int before = -1;
    cJSON_ArrayForEach(step, json_find(path, "path"))
    {
        const char *cell = json_string(step, "to.cell", "");
        int value = find_value(signals, count, cell);
        if (!row || value != before) {
            end_row(row, &sum);
            row = new_row(e, value, cell);
            cJSON_AddItemToArray(rows, row);
            sum = (struct sum){0};
            before = value;
        }
        add_step(&sum, step);
    }
    end_row(row, &sum);
    return rows;
}

cJSON *explain_placed(struct explain *e, const cJSON *report)
{
    struct emit_signal *signals;
    int count = emit_signals(e->program, &e->arena, &signals);
    const cJSON *paths = json_find(report, "critical_paths"), *path, *worst = NULL;
    double longest = 0;
    cJSON_ArrayForEach(path, paths)
    {
        const char *from = json_string(path, "from", ""), *to = json_string(path, "to", "");
        int ours;
        double ns = measure(path, signals, count, &ours);
        if (strcmp(from, to) != 0 || ours == 0 || ns <= longest) continue;
        worst = path;
        longest = ns;
    }
    if (!worst) return NULL;
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "clock", json_string(worst, "from", ""));
    json_add_number(json, "ns", longest);
    cJSON_AddItemToObject(json, "steps", steps_json(e, worst, signals, count));
    return json;
}
