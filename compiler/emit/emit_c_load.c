/* Loadable memories in C: a struct of their contents, what they hold at first, and a function that
 * takes the words of the hardware's load port. */
#include "compiler/emit/emit_c.h"

static const char *type_of(const struct memory *m)
{
    return c_element_type(m->lo, m->hi);
}

void c_print_load_interface(struct text *text, const struct program *p, const char *name)
{
    if (!program_has_loadables(p)) return;
    text_add(text, "/* What the memories that can be loaded hold. */\nstruct %s_memories {\n",
             name);
    for (int m = 0; m < p->memory_count; m++) {
        const struct memory *memory = &p->memories[m];
        if (!memory->contents) continue;
        text_add(text, "    %s memory_%d[%d]; /* ", type_of(memory), m, memory->entries);
        c_add_comment(text, memory->name);
        text_add(text, " */\n");
    }
    text_add(
        text,
        "};\n/* What they were compiled with. */\nextern const struct %s_memories %s_initial;\n"
        "/* Writes one word of the load port (load.json has the addresses). 0, or -1: there is "
        "no such\n * address. */\n"
        "int %s_load(struct %s_memories *memories, uint32_t address, uint64_t word);\n"
        "/* %s_eval() with these contents. */\n"
        "void %s_eval_with(const struct %s_memories *memories, const %s_in in[%d], %s_out "
        "out[%d]);\n\n",
        name, name, name, name, name, name, name, name, p->input_count, name, p->output_count);
}

static void print_initial(struct text *text, const struct program *p, const char *name)
{
    text_add(text, "const struct %s_memories %s_initial = {\n", name, name);
    for (int m = 0; m < p->memory_count; m++) {
        const struct memory *memory = &p->memories[m];
        if (!memory->contents) continue;
        text_add(text, "    .memory_%d = {", m);
        for (int i = 0; i < memory->entries; i++) {
            text_add(text, i % 12 ? " " : "\n        ");
            c_add_integer(text, memory->contents[i]);
            text_add(text, ",");
        }
        text_add(text, "\n    },\n");
    }
    text_add(text, "};\n\n");
}

static void print_load(struct text *text, const struct program *p, const char *name)
{
    struct arena arena = {0};
    struct load_map map = program_load_map(p, &arena);
    text_add(text,
             "/* The low `width` bits of a word as an integer. */\n"
             "static int64_t load_integer(uint64_t word, int width, int is_signed)\n{\n"
             "    uint64_t top = (uint64_t)1 << (width - 1);\n"
             "    int64_t low = (int64_t)(word & (top - 1));\n"
             "    if (!(word & top)) return low;\n"
             "    return is_signed ? low - (int64_t)top : low + (int64_t)top;\n}\n\n"
             "int %s_load(struct %s_memories *memories, uint32_t address, uint64_t word)\n{\n",
             name, name);
    for (int i = 0; i < map.count; i++) {
        int number = map.ranges[i].memory;
        const struct memory *m = &p->memories[number];
        text_add(text,
                 "    if (address - %uu < %du) {\n"
                 "        memories->memory_%d[address - %uu] = (%s)load_integer(word, %d, %d);\n"
                 "        return 0;\n    }\n",
                 (unsigned)map.ranges[i].base, m->entries, number, (unsigned)map.ranges[i].base,
                 type_of(m), m->format.width_bits, m->format.is_signed);
    }
    text_add(text, "    return -1;\n}\n\n");
    arena_free(&arena);
}

void c_print_load_functions(struct text *text, const struct program *p, const char *name)
{
    if (!program_has_loadables(p)) return;
    print_initial(text, p, name);
    print_load(text, p, name);
    text_add(text,
             "void %s_eval(const %s_in in[%d], %s_out out[%d])\n{\n"
             "    %s_eval_with(&%s_initial, in, out);\n}\n\n",
             name, name, p->input_count, name, p->output_count, name, name);
}

const char *c_memory_prefix(const struct program *p, int memory)
{
    return p->memories[memory].contents ? "memories->" : "";
}
