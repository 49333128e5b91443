/* The program as Verilog-2005: files of the rtl folder. */
#include "base/file.h"
#include "compiler/emit/verilog.h"

#include <stdio.h>
#include <string.h>

/* Writes one module's file and notes its name in the file list. */
static void write_module(const char *folder, const char *name, const struct text *text,
                         struct text *list, struct arena *arena)
{
    file_write(file_join(arena, folder, arena_printf(arena, "%s.v", name)), text_string(text),
               text->length);
    text_add(list, "%s.v\n", name);
}

/* FuseSoC's description of the folder as a core (CAPI 2). */
static void write_core(const char *folder, const struct verilog_plan *plan, const struct text *list,
                       struct arena *arena)
{
    struct text core = {0};
    char rate[40];
    text_add(&core,
             "CAPI=2:\nname: sluice:generated:%s:0\ndescription: network %s, latency %d cycles, "
             "a new event %s\n\nfilesets:\n  rtl:\n    files:\n",
             plan->top, plan->top, plan->program->latency_cycles,
             verilog_rate(plan->program, rate));
    for (const char *line = text_string(list), *end; (end = strchr(line, '\n')); line = end + 1)
        text_add(&core, "      - %.*s\n", (int)(end - line), line);
    text_add(
        &core,
        "    file_type: verilogSource\n\ntargets:\n  default: &default\n    filesets: [rtl]\n    "
        "toplevel: %s\n"
        "  lint:\n    <<: *default\n    default_tool: verilator\n    tools:\n      verilator:\n"
        "        mode: lint-only\n        verilator_options: [-Wall]\n",
        plan->top);
    file_write(file_join(arena, folder, arena_printf(arena, "%s.core", plan->top)), core.bytes,
               core.length);
    text_free(&core);
}

/* Modules of an earlier compile that this one has not. */
static void remove_stale(const char *folder, const struct text *list, struct arena *arena)
{
    const char *path = file_join(arena, folder, "files.f");
    size_t length;
    if (!file_exists(path)) return;
    char *old = file_read(arena, path, &length);
    for (char *line = strtok(old, "\n"); line; line = strtok(NULL, "\n")) {
        const char *kept = text_string(list);
        size_t size = strlen(line);
        while (*kept && !(strncmp(kept, line, size) == 0 && kept[size] == '\n'))
            kept = strchr(kept, '\n') + 1;
        if (!*kept && !strchr(line, '/')) remove(file_join(arena, folder, line));
    }
}

void emit_verilog(const struct program *program, const struct emit_header *header,
                  const char *folder)
{
    struct verilog_plan *plan = verilog_plan_new(program);
    struct arena arena = {0};
    struct text list = {0}, text = {0};
    const char *rtl = file_join(&arena, folder, "rtl");
    file_make_folder(rtl);
    text_add(&list, "%s.v\n", plan->top); /* first, though it is printed last */
    for (int b = 0; b < program->block_count; b++) {
        char name[160];
        if (!verilog_has_module(plan, b)) continue;
        text_free(&text);
        verilog_block_text(plan, header, b, &text);
        write_module(rtl, verilog_module(plan, b, name), &text, &list, &arena);
    }
    for (int t = 0; t < program->table_count; t++) {
        if (!plan->tables[t]) continue;
        text_free(&text);
        verilog_table_text(plan, t, &text);
        write_module(rtl, plan->tables[t], &text, &list, &arena);
    }
    for (const struct verilog_library *l = verilog_libraries(plan, &arena); l->name; l++) {
        text_free(&text);
        text_add(&text, "%s", l->text);
        write_module(rtl, l->name, &text, &list, &arena);
    }
    text_free(&text);
    verilog_top_text(plan, header, &text);
    file_write(file_join(&arena, rtl, arena_printf(&arena, "%s.v", plan->top)), text_string(&text),
               text.length);
    remove_stale(rtl, &list, &arena);
    write_core(rtl, plan, &list, &arena);
    file_write(file_join(&arena, rtl, "files.f"), list.bytes, list.length);
    text_free(&text);
    text_free(&list);
    arena_free(&arena);
    verilog_plan_free(plan);
}

struct emit_votes emit_count_votes(const struct program *program, struct arena *arena)
{
    static const struct emit_header nobody = {"", "", "", ""};
    struct verilog_plan *plan = verilog_plan_new(program);
    struct emit_votes votes = {.tables =
                                   arena_alloc(arena, (size_t)program->op_count + 1, sizeof(int))};
    struct text text = {0};
    for (int b = 0; b < program->block_count; b++)
        if (verilog_has_module(plan, b)) verilog_block_text(plan, &nobody, b, &text);
    verilog_top_text(plan, &nobody, &text);
    votes.register_bits = *plan->voted_bits;
    for (int v = 0; v < program->op_count && plan->votes; v++) {
        const struct op *op = &program->ops[v];
        if (op->code != OP_TABLE || !plan->values[v].live || !plan->votes_table[op->immediate])
            continue;
        votes.tables[votes.table_count++] = v;
        votes.table_bits += program->tables[op->immediate].format.width_bits;
    }
    text_free(&text);
    verilog_plan_free(plan);
    return votes;
}
