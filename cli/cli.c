/* Parsing of the command line (libpopt), --help, the man page, and what the verbs share. */
#include "cli/cli.h"

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"

#include <math.h>
#include <popt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct verb_row {
    const char *name, *arguments;
    int least, most;
    const char *text;
    int (*run)(struct cli *cli);
} verb_rows[] = {
#define X(id, name, arguments, least, most, text)                                                  \
    {#name, arguments, least, most, text, verb_##name},
    VERB_TABLE(X)
#undef X
};

static const struct flag_row {
    const char *name, *argument;
    unsigned verbs;
    const char *text;
} flag_rows[] = {
#define X(type, member, name, argument, verbs, text) {name, argument, verbs, text},
    FLAG_TABLE(X)
#undef X
};

enum { FLAG_COUNT = sizeof flag_rows / sizeof flag_rows[0], HELP_COLUMN = 30 };

static void print_flags(unsigned verbs, FILE *stream)
{
    for (int i = 0; i < FLAG_COUNT; i++) {
        if (!(flag_rows[i].verbs & verbs)) continue;
        const char *argument = flag_rows[i].argument;
        int used = fprintf(stream, "  --%s%s%s", flag_rows[i].name, argument ? " " : "",
                           argument ? argument : "");
        if (used > HELP_COLUMN - 2) used = fprintf(stream, "\n") * 0;
        fprintf(stream, "%*s%s\n", HELP_COLUMN - used, "", flag_rows[i].text);
    }
}

static void print_help(void)
{
    puts("usage: sluice VERB [ARGUMENT] [FLAGS]\n\n"
         "Trains a network, lowers it to Verilog, verifies it cycle by cycle and builds a "
         "bitstream.\n");
    for (int v = 0; v < VERB_COUNT; v++)
        printf("  %-9s%-32s%s\n", verb_rows[v].name, verb_rows[v].arguments, verb_rows[v].text);
    puts("\nA JOB is a YAML file (`sluice init DATA` writes one, `sluice list keys` explains it); "
         "its results\n"
         "go to build/NAME/. `sluice VERB --help` lists the flags of a verb.");
}

static void print_verb_help(enum verb verb)
{
    const struct verb_row *row = &verb_rows[verb];
    printf("usage: sluice %s %s [FLAGS]\n\n%s.\n\n", row->name, row->arguments, row->text);
    print_flags(1u << verb, stdout);
}

void cli_print_manual(void)
{
    puts(".TH SLUICE 1 \"\" \"sluice " SLUICE_VERSION "\" \"User Commands\"\n.SH NAME\n"
         "sluice \\- real-time inference firmware: from events to an FPGA bitstream\n.SH SYNOPSIS\n"
         ".B sluice\n\\fIVERB\\fR [\\fIARGUMENT\\fR] [\\fIFLAGS\\fR]\n.SH VERBS");
    for (int v = 0; v < VERB_COUNT; v++) {
        const struct verb_row *row = &verb_rows[v];
        printf(".TP\n\\fB%s\\fR %s\n%s. Flags:", row->name, row->arguments, row->text);
        for (int i = 0; i < FLAG_COUNT; i++)
            if (flag_rows[i].verbs != ON_ANY && flag_rows[i].verbs & (1u << v))
                printf(" \\-\\-%s", flag_rows[i].name);
        puts("");
    }
    puts(".SH FLAGS");
    for (int i = 0; i < FLAG_COUNT; i++)
        printf(".TP\n\\fB\\-\\-%s\\fR%s%s\n%s\n", flag_rows[i].name,
               flag_rows[i].argument ? " " : "", flag_rows[i].argument ? flag_rows[i].argument : "",
               flag_rows[i].text);
    puts(".SH EXIT STATUS\n0: done, and every verdict was good. 1: a mistake in the input, a "
         "mismatch, a missed\n"
         "budget; one line on stderr says which. 130: interrupted; a training resumes when run "
         "again.\n"
         ".SH FILES\nbuild/NAME/: results of a job; docs/reference/build\\-folder.md lists them.");
}

/* ---- parsing ---- */

static struct poptOption make_option(struct flags *flags, int index)
{
    static const int kinds[] = {
#define KIND_STRING POPT_ARG_STRING
#define KIND_NUMBER POPT_ARG_DOUBLE
#define KIND_COUNT POPT_ARG_INT
#define KIND_FLAG POPT_ARG_NONE
#define X(type, member, name, argument, verbs, text) KIND_##type,
        FLAG_TABLE(X)
#undef X
    };
    void *const members[] = {
#define X(type, member, name, argument, verbs, text) &flags->member,
        FLAG_TABLE(X)
#undef X
    };
    struct poptOption option = {.longName = flag_rows[index].name,
                                .argInfo = (unsigned)kinds[index],
                                .arg = members[index],
                                .val = index + 1};
    if (kinds[index] == POPT_ARG_NONE)
        option.arg = NULL; /* popt would write an int into our bool */
    return option;
}

/* Sets a flag that was given; refuses a value that would pass for one that was not. */
static void set_flag(struct flags *flags, int index)
{
    const char *flag = flag_rows[index].name;
#define SET_STRING(member) (void)0
#define SET_NUMBER(member)                                                                         \
    if (!isfinite(flags->member)) fail("--%s: must be a finite number", flag)
#define SET_COUNT(member)                                                                          \
    if (flags->member < 0) fail("--%s %d: must be 0 or more", flag, flags->member)
#define SET_FLAG(member) flags->member = true
    int i = 0;
#define X(type, member, name, argument, verbs, text)                                               \
    if (i++ == index) SET_##type(member);
    FLAG_TABLE(X)
#undef X
}

static void clear_flags(struct flags *flags)
{
#define CLEAR_STRING NULL
#define CLEAR_NUMBER NAN
#define CLEAR_COUNT (-1)
#define CLEAR_FLAG false
#define X(type, member, name, argument, verbs, text) flags->member = CLEAR_##type;
    FLAG_TABLE(X)
#undef X
}

enum { OPTION_HELP = FLAG_COUNT + 1 };

static void parse_flags(struct cli *cli, int argc, const char **argv)
{
    const struct verb_row *row = &verb_rows[cli->verb];
    struct poptOption options[FLAG_COUNT + 2];
    int count = 0;
    for (int i = 0; i < FLAG_COUNT; i++)
        if (flag_rows[i].verbs & (1u << cli->verb)) options[count++] = make_option(&cli->flags, i);
    options[count++] =
        (struct poptOption){.longName = "help", .shortName = 'h', .val = OPTION_HELP};
    options[count] = (struct poptOption){0};
    poptContext context = poptGetContext("sluice", argc, argv, options, 0);
    int value;
    while ((value = poptGetNextOpt(context)) >= 0) {
        if (value == OPTION_HELP) {
            print_verb_help(cli->verb);
            exit(0);
        }
        if (value > 0) set_flag(&cli->flags, value - 1);
    }
    if (value < -1)
        fail("%s %s: %s; see `sluice %s --help`", row->name,
             poptBadOption(context, POPT_BADOPTION_NOALIAS), poptStrerror(value), row->name);
    int given = 0;
    for (const char *argument; (argument = poptGetArg(context)); given++)
        if (given < row->most) cli->arguments[given] = arena_strdup(&cli->arena, argument);
    if (given < row->least || given > row->most)
        fail("%s takes %s; see `sluice %s --help`", row->name,
             row->arguments[0] ? row->arguments : "no argument", row->name);
    poptFreeContext(context);
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* The build folder: --out, the job's, or the folder given. */
static void find_folder(struct cli *cli)
{
    const char *argument = cli->arguments[0];
    bool is_file = cli->verb == VERB_EMULATE || cli->verb == VERB_IMAGE; /* what --out is */
    if (!((1u << cli->verb) & (ON_FOLDER | ON(IMAGE)))) return;
    if (ends_with(argument, ".yaml") || ends_with(argument, ".yml")) {
        cli->job = job_read(argument);
        cli->folder = cli->flags.out && !is_file
                          ? cli->flags.out
                          : arena_printf(&cli->arena, "build/%s", cli->job->name);
        return;
    }
    if (cli->verb == VERB_IMAGE) return;
    if (cli->verb == VERB_TRAIN || cli->verb == VERB_ALL || cli->verb == VERB_EXPLORE)
        fail("%s: not a job file (.yaml); `sluice init DATA` writes one", argument);
    if (cli->verb == VERB_COMPILE) {
        if (!cli->flags.out) fail("compile %s: --out DIR is missing", argument);
        cli->folder = cli->flags.out;
        return;
    }
    if (cli->flags.out && !is_file)
        fail("%s: --out goes with a job; the folder is %s", verb_rows[cli->verb].name, argument);
    if (access(argument, F_OK) != 0)
        fail("%s: no such build folder; `sluice compile` makes one", argument);
    cli->folder = argument;
}

int cli_main(int argc, char **argv)
{
    interrupt_install();
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help();
        return argc < 2 ? 1 : 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("sluice " SLUICE_VERSION);
        return 0;
    }
    if (strcmp(argv[1], "--manual") == 0) {
        cli_print_manual();
        return 0;
    }
    static struct cli cli = {.verb = VERB_COUNT}; /* static: its strings live as long as we do */
    for (int v = 0; v < VERB_COUNT; v++)
        if (strcmp(argv[1], verb_rows[v].name) == 0) cli.verb = (enum verb)v;
    if (cli.verb == VERB_COUNT) fail("'%s' is not a verb; see `sluice --help`", argv[1]);
    clear_flags(&cli.flags);
    parse_flags(&cli, argc - 1, (const char **)(argv + 1));
    error_set_quiet(cli.flags.quiet);
    find_folder(&cli);
    int status = verb_rows[cli.verb].run(&cli);
    if (cli.job) job_free(cli.job);
    arena_free(&cli.arena);
    if (fflush(stdout) != 0) fail("cannot write to stdout");
    return status;
}

/* ---- shared by the verbs ---- */

const char *cli_path(struct cli *cli, const char *name)
{
    return arena_printf(&cli->arena, "%s/%s", cli->folder, name);
}

const char *cli_need(struct cli *cli, const char *name, const char *verb)
{
    const char *path = cli_path(cli, name);
    if (!file_exists(path)) fail("%s: not there; run `sluice %s` first", path, verb);
    return path;
}

void cli_print(const cJSON *json)
{
    char *text = cJSON_Print(json);
    puts(text);
    cJSON_free(text);
}

void cli_print_json(struct cli *cli, const char *path)
{
    if (!cli->flags.json) return;
    cJSON *json = json_read(path);
    cli_print(json);
    cJSON_Delete(json);
}

int cli_verdict(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("sluice: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return 1;
}

int *cli_numbers(struct cli *cli, const char *flag, const char *text, int least, int most,
                 int *count)
{
    int *numbers = arena_alloc(&cli->arena, strlen(text) / 2 + 1, sizeof *numbers);
    *count = 0;
    for (const char *at = text;; at++) {
        char *end;
        long number = strtol(at, &end, 10);
        if (end == at || number < least || number > most || (*end && *end != ','))
            fail("--%s %s: it is whole numbers from %d to %d with commas between them", flag, text,
                 least, most);
        numbers[(*count)++] = (int)number;
        at = end;
        if (!*at) return numbers;
    }
}

int cli_reuse_factor(struct cli *cli)
{
    const char *flag = cli->flags.reuse;
    int count, *factors = cli_numbers(cli, "reuse", flag, 1, CLI_REUSE_MOST, &count);
    if (count > 1) fail("--reuse %s: one factor; `sluice explore` takes a list", flag);
    return factors[0];
}

static bool is_named(const char *const *names, const char *name)
{
    for (; *names; names++)
        if (strcmp(*names, name) == 0) return true;
    return false;
}

const char **cli_arguments_for(struct cli *cli, enum verb verb, const char *const *except)
{
    struct arena *arena = &cli->arena;
    const struct flags *flags = &cli->flags;
#define GIVEN_STRING(member) flags->member
#define GIVEN_NUMBER(member)                                                                       \
    isnan(flags->member) ? NULL : arena_printf(arena, "%.17g", flags->member)
#define GIVEN_COUNT(member) flags->member < 0 ? NULL : arena_printf(arena, "%d", flags->member)
#define GIVEN_FLAG(member) flags->member ? "" : NULL
    const char *const given[] = {
#define X(type, member, name, argument, verbs, text) GIVEN_##type(member),
        FLAG_TABLE(X)
#undef X
    };
    const char **arguments = arena_alloc(arena, 2 * FLAG_COUNT + 1, sizeof *arguments);
    int count = 0;
    for (int i = 0; i < FLAG_COUNT; i++) {
        const struct flag_row *row = &flag_rows[i];
        if (!given[i] || !(row->verbs & (1u << verb)) || is_named(except, row->name)) continue;
        arguments[count++] = arena_printf(arena, "--%s", row->name);
        if (row->argument) arguments[count++] = given[i];
    }
    return arguments;
}

void cli_remove_stale(struct cli *cli, const char *const *names)
{
    for (; *names; names++)
        unlink(cli_path(cli, *names));
}
