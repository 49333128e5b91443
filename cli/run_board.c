/* sluice run: the board, real or simulated. */
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/board_request.h"
#include "cli/run.h"

#include <math.h>
#include <time.h>
#include <unistd.h>

/* The line's rate: what was asked, else what was built. */
static double choose_baud(struct cli *cli)
{
    if (!isnan(cli->flags.baud)) return cli->flags.baud;
    const char *path = cli_path(cli, "build.json");
    if (!file_exists(path))
        fail("%s is not there, which knows the rate of the board's serial line; run `sluice build "
             "--control core`, or give --baud",
             path);
    cJSON *json = json_read(path);
    double baud = json_number(json, "core.uart_baud", NAN);
    cJSON_Delete(json);
    if (!(baud > 0))
        fail("%s was built without a soft core; build with --control core, or give --baud", path);
    return baud;
}

static void start_simulation(struct run *run)
{
    struct cli *cli = run->cli;
    struct build_request request;
    struct build_system system;
    board_request(cli, run->program, board_events(cli, run->program, BOARD_EVENTS), &request);
    request.control_core = true;
    request.pins_free = false;
    const char *folder = cli_path(cli, "run/board");
    file_make_folder(cli_path(cli, "run"));
    build_prepare(&request, folder, &system);
    info("building the simulated board %s", system.board.name);
    struct sim_board_request sim = {.folder = folder,
                                    .top = system.top,
                                    .bench = cli_path(cli, "run/simulation"),
                                    .bit_cycles = system.uart_divider * system.core_divide,
                                    .tcp_port = cli->flags.tcp > 0 ? cli->flags.tcp : 0,
                                    .noise = cli->flags.noise > 0 ? cli->flags.noise : 0};
    sim_board_start(&sim, &run->sim);
    info("simulated %s: serial line on %s%s", system.board.title, run->sim.terminal,
         sim.tcp_port ? arena_printf(&cli->arena, " and 127.0.0.1:%d", sim.tcp_port) : "");
}

static void check_identity(struct run *run)
{
    uint32_t here = build_identity(run->cli->folder);
    if (run->board.network == here) return;
    fail("%s: the board holds %s (%08x), not the network of %s (%08x); build it and load its "
         "bitstream",
         run->board.port.name, run->board.name[0] ? run->board.name : "another network",
         run->board.network, run->cli->folder, here);
}

void run_open_board(struct run *run)
{
    struct cli *cli = run->cli;
    const char *port = cli->flags.board_port;
    run->simulated = !port;
    if (!port) start_simulation(run);
    if (cli->flags.serve) return;
    host_open(&run->board, port ? port : run->sim.terminal, port ? choose_baud(cli) : 115200,
              run->simulated);
    check_identity(run);
    run_start_fallback(run);
    host_monitor_counts(&run->board, run->monitor);
    run->mark = ((uint32_t)getpid() * UINT32_C(2654435761) ^ (uint32_t)time(NULL)) | 1;
    host_write_word(&run->board, ADDRESS_MARK, run->mark);
}

void run_close_board(struct run *run)
{
    if (!run->cli->flags.serve) host_close(&run->board);
    if (run->simulated) sim_board_stop(&run->sim);
}
