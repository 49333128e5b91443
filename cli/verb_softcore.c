/* sluice softcore: the program as C for a RISC-V soft core, its size and instructions. */
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "boards/board.h"
#include "cli/cli.h"
#include "cli/generated.h"
#include "sim/softcore.h"

#include <math.h>
#include <string.h>

static int choose(struct cli *cli, const char *flag, const char *key, const char *value,
                  const char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(value, names[i])) return i;
    const char *list = names[0];
    for (int i = 1; i < count; i++)
        list = arena_printf(&cli->arena, "%s, %s", list, names[i]);
    if (flag) fail("--%s %s: must be one of %s", key, value, list);
    job_fail(cli->job, "soft_core", 0, key, "soft_core: %s '%s' must be one of %s", key, value,
             list);
}

static void add_form(cJSON *forms, const char *name, const struct softcore_form *form, bool picked)
{
    if (!form->present) return;
    cJSON *row = cJSON_CreateObject();
    cJSON_AddStringToObject(row, "form", name);
    cJSON_AddBoolToObject(row, "picked", picked);
    bool measured = form->text >= 0;
    json_add_number(row, "instructions", measured ? form->instructions : NAN);
    json_add_number(row, "text", measured ? (double)form->text : NAN);
    json_add_number(row, "rodata", measured ? (double)form->rodata : NAN);
    json_add_number(row, "bss", measured ? (double)form->bss : NAN);
    json_add_number(row, "stack", measured ? (double)form->stack : NAN);
    json_add_number(row, "estimated_instructions", floor(form->estimated_instructions + 0.5));
    json_add_number(row, "estimated_bytes", floor(form->estimated_bytes + 0.5));
    if (measured) cJSON_AddBoolToObject(row, "equal", !form->differs);
    cJSON_AddItemToArray(forms, row);
}

static void write_json(struct cli *cli, const struct softcore_request *q,
                       const struct softcore_result *s, double seconds)
{
    cJSON *json = cJSON_CreateObject();
    json_add_number(json, "schema", 1);
    cJSON_AddStringToObject(json, "isa", softcore_isa_names[q->isa]);
    json_add_number(json, "memory_bytes", q->memory_bytes);
    cJSON_AddStringToObject(json, "form", softcore_choice_names[s->picked]);
    json_add_number(json, "events", (double)s->events);
    if (s->missing_tool) cJSON_AddStringToObject(json, "missing_tool", s->missing_tool);
    cJSON *forms = cJSON_AddArrayToObject(json, "forms");
    add_form(forms, "straight", &s->straight, s->picked == SOFTCORE_STRAIGHT);
    add_form(forms, "loops", &s->loops, s->picked == SOFTCORE_LOOPS);
    json_add_number(json, "seconds", seconds);
    json_write(cli_path(cli, "soft_core.json"), json);
    cJSON_Delete(json);
}

static void tell(struct cli *cli, const struct softcore_result *s)
{
    const struct softcore_form *form = s->picked == SOFTCORE_LOOPS ? &s->loops : &s->straight;
    const char *name = softcore_choice_names[s->picked];
    if (s->measured)
        info("soft core, %s: %.0f instructions an event, %ld + %ld bytes of code and constants, "
             "%ld of "
             "stack; %ld golden events equal; %s",
             name, form->instructions, form->text, form->rodata, form->stack, s->events,
             cli_path(cli, "soft_core"));
    else
        info("soft core, %s: about %.0f instructions an event (estimate); not compiled or run: no "
             "%s; "
             "%s",
             name, form->estimated_instructions, s->missing_tool, cli_path(cli, "soft_core"));
}

int verb_softcore(struct cli *cli)
{
    const struct job_soft_core *job = cli->job ? cli->job->soft_core : NULL;
    const struct flags *flags = &cli->flags;
    double start = clock_seconds();
    if (flags->memory_bytes == 0) fail("--memory 0: must be at least 1");
    struct generated_input input;
    generated_read(cli, &input);
    const char *isa = flags->isa ? flags->isa : job && job->isa ? job->isa : "rv32i";
    const char *form = flags->form ? flags->form : job ? job->form : "auto";
    struct softcore_request request = {
        .program = input.program,
        .lowered = input.lowered,
        .header = &input.header,
        .folder = cli->folder,
        .home = board_home(),
        .x = input.x,
        .events = input.events,
        .isa = (enum softcore_isa)choose(cli, flags->isa, "isa", isa, softcore_isa_names,
                                         SOFTCORE_ISAS),
        .choice = (enum softcore_choice)choose(cli, flags->form, "form", form,
                                               softcore_choice_names, SOFTCORE_CHOICES),
        .memory_bytes = flags->memory_bytes > 0 ? flags->memory_bytes
                        : job                   ? *job->memory_bytes
                                                : 65536};
    struct softcore_result result;
    softcore_run(&request, &result);
    write_json(cli, &request, &result, clock_seconds() - start);
    bool differs = result.straight.differs || result.loops.differs;
    cli_print_json(cli, cli_path(cli, "soft_core.json"));
    generated_free(&input);
    if (differs)
        return cli_verdict("%s: the compiled C differs from the interpreter in qemu-riscv32",
                           cli_path(cli, "soft_core"));
    tell(cli, &result);
    return 0;
}
