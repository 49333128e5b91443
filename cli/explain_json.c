/* The content of `sluice explain`. */
#include "cli/explain.h"
#include "compiler/estimate/critical.h"
#include "compiler/estimate/neurons.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *port_name(const struct program *p, int value)
{
    for (int i = 0; i < p->input_count; i++)
        if (p->inputs[i].value == value) return p->inputs[i].name;
    return "?";
}

const char *explain_value_name(struct explain *e, int value)
{
    const struct program *p = e->program;
    if (p->ops[value].code == OP_INPUT)
        return arena_printf(&e->arena, "input %s", port_name(p, value));
    int block = program_block_of(p, value);
    const char *name = block < 0 ? "" : p->blocks[block].name;
    if (e->elements[value] >= 0) return arena_printf(&e->arena, "%s[%d]", name, e->elements[value]);
    return arena_printf(&e->arena, "%s %%%d", name, value);
}

const char *explain_neuron_name(struct explain *e, int value)
{
    int neuron = e->costs->neuron_of[value], others = e->costs->sharers[value] - 1;
    if (neuron < 0) return "-";
    const char *name = explain_value_name(e, e->costs->neurons[neuron].value);
    return others > 0 ? arena_printf(&e->arena, "%s +%d", name, others) : name;
}

static void add_cost(cJSON *row, const struct cost *cost)
{
    json_add_number(row, "adder_bits", cost_value(cost, COST_ADDER_BITS));
    json_add_number(row, "register_bits", cost_value(cost, COST_REGISTER_BITS));
    json_add_number(row, "lut4", cost_value(cost, COST_LUT4));
    json_add_number(row, "cells", cost_value(cost, COST_CELLS));
}

/* ---- layers and neurons ---- */

static void add_cycles(cJSON *row, const struct program *p, const struct block *block)
{
    int first = p->latency_cycles, last = -1;
    for (int v = block->first; v < block->end; v++) {
        const struct op *op = &p->ops[v];
        if (op->code == OP_CONST || op->code == OP_INPUT) continue;
        if (op->stage < first) first = op->stage;
        if (op->stage > last) last = op->stage;
    }
    if (last < 0) first = last = 0; /* nothing but wires from the inputs */
    json_add_number(row, "start_cycle", first);
    json_add_number(row, "end_cycle", last + 1);
    json_add_number(row, "cycles", last + 1 - first);
}

static cJSON *layers_json(struct explain *e, const double *by_block)
{
    cJSON *rows = cJSON_CreateArray();
    for (int b = 0; b < e->program->block_count; b++) {
        const struct block *block = &e->program->blocks[b];
        cJSON *row = cJSON_CreateObject();
        int neurons = 0;
        for (int i = 0; i < e->costs->neuron_count; i++)
            neurons += e->costs->neurons[i].block == b;
        cJSON_AddStringToObject(row, "name", block->name);
        cJSON_AddStringToObject(row, "kind", block->kind);
        json_add_number(row, "neurons", neurons);
        add_cost(row, &e->costs->blocks[b]);
        add_cycles(row, e->program, block);
        json_add_number(row, "logic_ns", by_block[b]);
        cJSON_AddItemToArray(rows, row);
    }
    return rows;
}

static int by_cells(const void *x, const void *y)
{
    const struct neuron_cost *a = *(const struct neuron_cost *const *)x,
                             *b = *(const struct neuron_cost *const *)y;
    int64_t left = a->cost.units[COST_CELLS], right = b->cost.units[COST_CELLS];
    return left != right ? left < right ? 1 : -1 : (a->value > b->value) - (a->value < b->value);
}

static cJSON *neurons_json(struct explain *e)
{
    cJSON *rows = cJSON_CreateArray();
    size_t count = (size_t)e->costs->neuron_count;
    const struct neuron_cost **order = arena_alloc(&e->arena, count + 1, sizeof *order);
    for (size_t i = 0; i < count; i++)
        order[i] = &e->costs->neurons[i];
    qsort(order, count, sizeof *order, by_cells);
    for (size_t i = 0; i < count; i++) {
        const struct neuron_cost *neuron = order[i];
        int element = e->elements[neuron->value];
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "name", explain_value_name(e, neuron->value));
        cJSON_AddStringToObject(row, "layer", e->program->blocks[neuron->block].name);
        json_add_number(row, "element", element < 0 ? NAN : (double)element);
        json_add_number(row, "value", neuron->value);
        add_cost(row, &neuron->cost);
        json_add_number(row, "own_adder_bits", (double)neuron->own_adder_bits / ATTRIBUTE_UNITS);
        cJSON_AddItemToArray(rows, row);
    }
    return rows;
}

/* ---- weights ---- */

/* The weight of the network, quantized; the bias for argument -1. NAN if it is not known. */
static double find_weight(struct explain *e, const struct weight_cost *weight)
{
    const struct neuron_cost *to = &e->costs->neurons[weight->neuron];
    int l = e->network ? neurons_block_layer(e->program, e->network, to->block) : -1;
    if (l < 0 || e->network->layers[l].kind != LAYER_DENSE) return NAN;
    const struct layer *layer = &e->network->layers[l];
    int column = e->elements[to->value], row = -1;
    if (column < 0) return NAN;
    if (weight->argument < 0) {
        if (!layer->bias) return NAN;
        return quantizer_apply(&layer->bias_quant, column, layer->bias[column]);
    }
    row = e->elements[weight->argument];
    if (row < 0 || row >= e->network->layers[layer->input].size) return NAN;
    int at = row * layer->size + column;
    return quantizer_apply(&layer->weight_quant, at, layer->weights[at]);
}

static int by_share(const void *x, const void *y)
{
    const struct weight_cost *a = *(const struct weight_cost *const *)x,
                             *b = *(const struct weight_cost *const *)y;
    if (a->share != b->share) return a->share < b->share ? 1 : -1;
    if (a->neuron != b->neuron) return a->neuron < b->neuron ? -1 : 1;
    return (a->argument > b->argument) - (a->argument < b->argument);
}

/* Of the dense layers. */
static cJSON *weights_json(struct explain *e)
{
    cJSON *rows = cJSON_CreateArray();
    size_t count = 0;
    const struct weight_cost **order =
        arena_alloc(&e->arena, (size_t)e->costs->weight_count + 1, sizeof *order);
    for (int i = 0; i < e->costs->weight_count; i++) {
        const struct weight_cost *weight = &e->costs->weights[i];
        int block = e->costs->neurons[weight->neuron].block;
        if (strcmp(e->program->blocks[block].kind, layer_kind_names[LAYER_DENSE]) == 0)
            order[count++] = weight;
    }
    qsort(order, count, sizeof *order, by_share);
    for (size_t i = 0; i < count; i++) {
        const struct weight_cost *weight = order[i];
        const struct neuron_cost *to = &e->costs->neurons[weight->neuron];
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "layer", e->program->blocks[to->block].name);
        cJSON_AddStringToObject(row, "from",
                                weight->argument < 0 ? "constants"
                                                     : explain_value_name(e, weight->argument));
        cJSON_AddStringToObject(row, "to", explain_value_name(e, to->value));
        json_add_number(row, "weight", find_weight(e, weight));
        json_add_number(row, "adder_bits", (double)weight->share / ATTRIBUTE_UNITS);
        json_add_number(row, "saved_adder_bits", weight->saved);
        cJSON_AddItemToArray(rows, row);
    }
    return rows;
}

/* ---- time ---- */

static cJSON *ops_json(struct explain *e, const struct logic_path *path)
{
    cJSON *rows = cJSON_CreateArray();
    for (int i = 0; i < path->count; i++) {
        int value = path->values[i], block = program_block_of(e->program, value);
        const struct op *op = &e->program->ops[value];
        cJSON *row = cJSON_CreateObject();
        json_add_number(row, "value", value);
        cJSON_AddStringToObject(row, "op", op_rows[op->code].name);
        json_add_number(row, "width_bits", op->format.width_bits);
        json_add_number(row, "stage", op->stage);
        json_add_number(row, "ns", path->ns[i]);
        cJSON_AddStringToObject(row, "layer", e->program->blocks[block].name);
        cJSON_AddStringToObject(row, "neuron", explain_neuron_name(e, value));
        cJSON_AddItemToArray(rows, row);
    }
    return rows;
}

/* Every stage's longest path, and the operations of the longest of all. */
static void add_clock(struct explain *e, cJSON *json)
{
    const struct program *p = e->program;
    const struct target *t = e->target;
    const struct arrival *arrivals = arrivals_find(&e->arena, p, t, false);
    double period = 1000 / p->clock_mhz, own = t->clk_to_q_ns + t->setup_ns;
    cJSON *stages = cJSON_AddArrayToObject(json, "stages");
    for (int s = 0; s < p->latency_cycles; s++) {
        int last = critical_last(p, arrivals, s);
        double ns = last < 0 ? 0 : fmax(0, arrival_latest(p, last, &arrivals[last]));
        cJSON *row = cJSON_CreateObject();
        json_add_number(row, "stage", s);
        json_add_number(row, "logic_ns", ns);
        json_add_number(row, "slack_ns", period - own - ns);
        cJSON_AddStringToObject(row, "neuron",
                                last < 0 || !(ns > 0) ? "-" : explain_neuron_name(e, last));
        cJSON_AddItemToArray(stages, row);
    }
    int last = critical_last(p, arrivals, -1);
    struct logic_path path = critical_path(&e->arena, p, t, arrivals, false, last);
    double fmax = 1000 / (path.total_ns + own);
    cJSON *row = cJSON_AddObjectToObject(json, "critical_path");
    json_add_number(row, "stage", last < 0 ? NAN : (double)p->ops[last].stage);
    json_add_number(row, "logic_ns", path.total_ns);
    json_add_number(row, "register_ns", own);
    json_add_number(row, "total_ns", path.total_ns + own);
    json_add_number(row, "period_ns", period);
    json_add_number(row, "fmax_mhz", fmax < t->max_clock_mhz ? fmax : t->max_clock_mhz);
    cJSON_AddItemToObject(row, "ops", ops_json(e, &path));
}

/* The latency as the logic on the longest way through the network, the registers on it, and what is
 * left over because paths are cut at whole operations, or do not go on with their last bit. Gives
 * the logic's ns by block. */
static void add_latency(struct explain *e, cJSON *json, double *by_block)
{
    const struct program *p = e->program;
    const struct target *t = e->target;
    const struct arrival *arrivals = arrivals_find(&e->arena, p, t, true);
    int last = critical_last(p, arrivals, -1);
    struct logic_path path = critical_path(&e->arena, p, t, arrivals, true, last);
    for (int i = 0; i < path.count; i++)
        by_block[program_block_of(p, path.values[i])] += path.ns[i];
    double total = 1000 / p->clock_mhz * p->latency_cycles;
    double registers = (t->clk_to_q_ns + t->setup_ns) * p->latency_cycles;
    cJSON *row = cJSON_AddObjectToObject(json, "latency");
    json_add_number(row, "ns", total);
    json_add_number(row, "cycles", p->latency_cycles);
    json_add_number(row, "logic_ns", path.total_ns);
    json_add_number(row, "register_ns", registers);
    json_add_number(row, "unused_ns", total - registers - path.total_ns);
    cJSON_AddItemToObject(row, "ops", ops_json(e, &path));
}

cJSON *explain_json(struct explain *e)
{
    const struct program *p = e->program;
    cJSON *json = cJSON_CreateObject();
    json_add_number(json, "schema", 1);
    cJSON_AddStringToObject(json, "name", p->name);
    cJSON_AddStringToObject(json, "target", e->target->name);
    json_add_number(json, "clock_mhz", p->clock_mhz);
    double *by_block = arena_alloc(&e->arena, (size_t)p->block_count + 1, sizeof *by_block);
    add_latency(e, json, by_block);
    add_clock(e, json);
    add_cost(cJSON_AddObjectToObject(json, "total"), &e->costs->total);
    add_cost(cJSON_AddObjectToObject(json, "control"), &e->costs->control);
    add_cost(cJSON_AddObjectToObject(json, "unused"), &e->costs->unused);
    cJSON_AddItemToObject(json, "layers", layers_json(e, by_block));
    cJSON_AddItemToObject(json, "neurons", neurons_json(e));
    cJSON_AddItemToObject(json, "weights", weights_json(e));
    return json;
}
