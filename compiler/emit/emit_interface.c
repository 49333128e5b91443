/* The side-car interface.json, and packing of events into the ports it describes. */
#include "base/file.h"
#include "base/json.h"
#include "compiler/emit/verilog.h"

#include <math.h>

#include <assert.h>
#include <string.h>

static int bits_of(const struct program *p, bool outputs)
{
    const struct port *ports = outputs ? p->outputs : p->inputs;
    int count = outputs ? p->output_count : p->input_count, bits = 0;
    for (int i = 0; i < count; i++)
        bits += p->ops[ports[i].value].format.width_bits;
    return bits;
}

int emit_input_bits(const struct program *program)
{
    return bits_of(program, false);
}

int emit_output_bits(const struct program *program)
{
    return bits_of(program, true);
}

void emit_pack(const struct program *program, bool outputs, const int64_t *integers,
               unsigned char *bytes)
{
    const struct port *ports = outputs ? program->outputs : program->inputs;
    int count = outputs ? program->output_count : program->input_count, at = 0;
    memset(bytes, 0, (size_t)(bits_of(program, outputs) + 7) / 8);
    for (int i = 0; i < count; i++) {
        int width = program->ops[ports[i].value].format.width_bits;
        for (int bit = 0; bit < width; bit++, at++)
            if (integers[i] >> bit & 1) bytes[at / 8] |= (unsigned char)(1 << at % 8);
    }
}

bool emit_has_load_port(const struct program *program)
{
    if (!program_has_loadables(program)) return false;
    struct verilog_plan *plan = verilog_plan_new(program);
    bool has_port = plan->has_banks;
    verilog_plan_free(plan);
    return has_port;
}

/* What the host does with the raw value; a first edge of -infinity is the key `missing`. */
static void add_host(cJSON *field, const struct port *port)
{
    if (!port->edge_count) {
        cJSON_AddNumberToObject(field, "host_scale", port->host_scale);
        cJSON_AddNumberToObject(field, "host_offset", port->host_offset);
        return;
    }
    bool missing = !isfinite(port->edges[0]);
    cJSON_AddItemToObject(
        field, "host_edges",
        cJSON_CreateDoubleArray(port->edges + missing, port->edge_count - missing));
    cJSON_AddBoolToObject(field, "missing", missing);
}

static cJSON *port_object(const struct program *p, bool outputs)
{
    const struct port *ports = outputs ? p->outputs : p->inputs;
    int count = outputs ? p->output_count : p->input_count, lsb = 0;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "bits", bits_of(p, outputs));
    cJSON *fields = cJSON_AddArrayToObject(object, "fields");
    for (int i = 0; i < count; i++) {
        struct format format = p->ops[ports[i].value].format;
        char text[FORMAT_TEXT_BYTES];
        format_print(format, text);
        cJSON *field = cJSON_CreateObject();
        cJSON_AddStringToObject(field, "name", ports[i].name);
        cJSON_AddNumberToObject(field, "lsb", lsb);
        cJSON_AddNumberToObject(field, "width", format.width_bits);
        cJSON_AddStringToObject(field, "format", text);
        if (!outputs) add_host(field, &ports[i]);
        cJSON_AddItemToArray(fields, field);
        lsb += format.width_bits;
    }
    return object;
}

/* The files of rtl/, in the order of files.f. */
static cJSON *file_list(const struct verilog_plan *plan)
{
    cJSON *list = cJSON_CreateArray();
    struct arena arena = {0};
    char name[160];
    cJSON_AddItemToArray(list, cJSON_CreateString(arena_printf(&arena, "%s.v", plan->top)));
    for (int b = 0; b < plan->program->block_count; b++)
        if (verilog_has_module(plan, b))
            cJSON_AddItemToArray(list, cJSON_CreateString(arena_printf(
                                           &arena, "%s.v", verilog_module(plan, b, name))));
    for (int t = 0; t < plan->program->table_count; t++)
        if (plan->tables[t])
            cJSON_AddItemToArray(list,
                                 cJSON_CreateString(arena_printf(&arena, "%s.v", plan->tables[t])));
    for (const struct verilog_library *l = verilog_libraries(plan, &arena); l->name; l++)
        cJSON_AddItemToArray(list, cJSON_CreateString(arena_printf(&arena, "%s.v", l->name)));
    arena_free(&arena);
    return list;
}

/* Whether its loops multiply: what the fabric's multipliers are for. */
static bool uses_multipliers(const struct program *p)
{
    for (int v = 0; v < p->op_count; v++)
        if (p->ops[v].code == OP_MUL && program_has_loops(p)) return true;
    return false;
}

void emit_interface(const struct program *program, const struct emit_header *header,
                    const char *folder)
{
    struct verilog_plan *plan = verilog_plan_new(program);
    struct arena arena = {0};
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "schema", 1);
    cJSON_AddStringToObject(json, "name", program->name);
    cJSON_AddStringToObject(json, "top", plan->top);
    json_add_number(json, "clock_mhz", program->clock_mhz);
    cJSON_AddNumberToObject(json, "latency_cycles", program->latency_cycles);
    cJSON_AddNumberToObject(json, "interval_cycles", program->interval_cycles);
    cJSON_AddBoolToObject(json, "uses_multipliers", uses_multipliers(program));
    cJSON_AddStringToObject(json, "board", header->board ? header->board : "");
    cJSON_AddStringToObject(json, "output_kind", program->output_kind);
    cJSON_AddItemToObject(json, "input", port_object(program, false));
    cJSON_AddItemToObject(json, "output", port_object(program, true));
    if (plan->has_banks) {
        struct load_map map = program_load_map(program, &arena);
        cJSON *load = cJSON_AddObjectToObject(json, "load");
        cJSON_AddNumberToObject(load, "address_bits", map.address_bits);
        cJSON_AddNumberToObject(load, "data_bits", map.data_bits);
    }
    if (program->protect) {
        cJSON *protect = cJSON_AddObjectToObject(json, "protect");
        cJSON_AddBoolToObject(protect, "tmr", program->protect & PROTECT_TMR);
        cJSON_AddBoolToObject(protect, "ecc", program->protect & PROTECT_ECC);
        cJSON_AddNumberToObject(protect, "counter_bits", EMIT_COUNTER_BITS);
        cJSON *counters = cJSON_AddArrayToObject(protect, "counters");
        for (int w = 0; w < WATCH_COUNT; w++)
            if (verilog_counter_port(plan, w))
                cJSON_AddItemToArray(counters, cJSON_CreateString(verilog_counter_port(plan, w)));
    }
    cJSON_AddItemToObject(json, "rtl", file_list(plan));
    file_make_folder(folder);
    json_write(file_join(&arena, folder, "interface.json"), json);
    cJSON_Delete(json);
    arena_free(&arena);
    verilog_plan_free(plan);
}
