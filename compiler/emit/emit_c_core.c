/* What the soft core's firmware has to know of a network's C: network.h, which runtime/recheck.c
 * includes. */
#include "base/file.h"
#include "compiler/emit/emit_c.h"

static void add_limits(struct text *text, const struct program *p, bool most)
{
    text_add(text, "static const network_in network_in_%s[NETWORK_INPUTS] = {",
             most ? "most" : "least");
    for (int i = 0; i < p->input_count; i++) {
        const struct op *op = &p->ops[p->inputs[i].value];
        text_add(text, i % 12 ? " " : "\n    ");
        if (most)
            c_add_integer(text, op->hi);
        else
            c_add_integer(text, op->lo);
        text_add(text, ",");
    }
    text_add(text, "\n};\n");
}

/* Widths of the packed fields, element 0 lowest, as emit_pack() has them of the fabric's program.
 */
static void add_fields(struct text *text, const struct program *p, const struct program *fabric)
{
    text_add(text, "struct network_field {\n    unsigned char width, is_signed;\n};\n"
                   "static const struct network_field network_in_fields[NETWORK_INPUTS] = {");
    for (int i = 0; i < p->input_count; i++) {
        struct format format = fabric->ops[fabric->inputs[i].value].format;
        text_add(text, "%s{%d, %d},", i % 8 ? " " : "\n    ", format.width_bits, format.is_signed);
    }
    text_add(text, "\n};\nstatic const unsigned char network_out_widths[NETWORK_OUTPUTS] = {");
    for (int i = 0; i < p->output_count; i++)
        text_add(text, "%s%d,", i % 12 ? " " : "\n    ",
                 fabric->ops[fabric->outputs[i].value].format.width_bits);
    text_add(text, "\n};\n");
    add_limits(text, p, false);
    add_limits(text, p, true);
}

/* Whether a field does not fit 32 bits, whatever its numbers do. */
static bool has_wide(const struct program *fabric, const struct port *ports, int count)
{
    for (int i = 0; i < count; i++)
        if (fabric->ops[ports[i].value].format.width_bits > 32) return true;
    return false;
}

static void add_loading(struct text *text, const struct program *p, const char *name)
{
    struct arena arena = {0};
    if (!program_has_loadables(p)) {
        text_add(text, "#define NETWORK_EVAL %s_eval\n", name);
        return;
    }
    struct load_map map = program_load_map(p, &arena);
    const struct load_range *last = &map.ranges[map.count - 1];
    text_add(text,
             "#define NETWORK_EVAL %s_eval_with\n#define NETWORK_LOAD %s_load\n"
             "#define NETWORK_INITIAL %s_initial\n#define network_memories %s_memories\n"
             "enum { NETWORK_LOAD_WORDS = %ld, NETWORK_LOAD_PARTS = %d };\n",
             name, name, name, name, (long)last->base + p->memories[last->memory].entries,
             (map.data_bits + 31) / 32);
    arena_free(&arena);
}

void emit_c_core(const struct program *p, const struct program *fabric, const char *to)
{
    struct arena arena = {0};
    struct text text = {0};
    const char *name = emit_c_name(p, &arena);
    text_add(&text,
             "/* The network as runtime/recheck.c calls it, made by sluice. */\n"
             "#ifndef SLUICE_NETWORK_H\n#define SLUICE_NETWORK_H\n\n#include \"../%s.h\"\n\n",
             name);
    add_loading(&text, p, name);
    text_add(&text,
             "typedef %s_in network_in;\ntypedef %s_out network_out;\n"
             "enum {\n    NETWORK_INPUTS = %d,\n    NETWORK_OUTPUTS = %d,\n"
             "    NETWORK_IN_BITS = %d,\n    NETWORK_OUT_BITS = %d,\n"
             "    NETWORK_IN_WIDE = %d,\n    NETWORK_OUT_WIDE = %d\n};\n",
             name, name, p->input_count, p->output_count, emit_input_bits(fabric),
             emit_output_bits(fabric), has_wide(fabric, fabric->inputs, fabric->input_count),
             has_wide(fabric, fabric->outputs, fabric->output_count));
    add_fields(&text, p, fabric);
    text_add(&text, "\n#endif\n");
    const char *folder = file_join(&arena, to, "core");
    file_make_folder(folder);
    file_write(file_join(&arena, folder, "network.h"), text_string(&text), text.length);
    text_free(&text);
    arena_free(&arena);
}
