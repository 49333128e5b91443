/* The command line: verbs and flags, each in one table, from which --help, the man page and the
 * parser come. */
#ifndef SLUICE_CLI_CLI_H
#define SLUICE_CLI_CLI_H

#include "base/arena.h"
#include "base/json.h"
#include "cli/job.h"

#include <stdbool.h>

#define SLUICE_VERSION "0.1.0"

/* X(ID, name, arguments, least, most, "what it does") */
#define VERB_TABLE(X)                                                                              \
    X(TRAIN, train, "JOB", 1, 1,                                                                   \
      "train the job's network: a float one, then the quantized, pruned one")                      \
    X(COMPILE, compile, "JOB | MODEL.onnx", 1, 1,                                                  \
      "lower a network to the integer program, Verilog and C")                                     \
    X(EMULATE, emulate, "JOB | DIR", 1, 1,                                                         \
      "run events through the integer program, bit for bit as the hardware")                       \
    X(VERIFY, verify, "JOB | DIR", 1, 1,                                                           \
      "simulate the Verilog cycle by cycle against the program and the float reference")           \
    X(IMAGE, image, "JOB | DIR | MODEL.onnx", 1, 1,                                                \
      "write the weights of another training for a network compiled with --weights loadable")      \
    X(BUILD, build, "JOB | DIR", 1, 1, "synthesise, place and route; write the bitstream")         \
    X(RUN, run, "JOB | DIR", 1, 1,                                                                 \
      "play events through a board, real or simulated, and compare; thresholds, rates, spy")       \
    X(SOFTCORE, softcore, "JOB | DIR", 1, 1,                                                       \
      "the program as C for a RISC-V soft core, run in qemu: bytes, instructions an event")        \
    X(HLS, hls, "JOB | DIR", 1, 1,                                                                 \
      "the program as C or C++ for an HLS tool, with test bench, script and README")               \
    X(REPORT, report, "JOB | DIR", 1, 1,                                                           \
      "write report.txt, report.json and report.html; judge the budget")                           \
    X(EXPLAIN, explain, "JOB | DIR", 1, 1,                                                         \
      "say where the cells and the nanoseconds go: layers, neurons, weights, paths")               \
    X(ALL, all, "JOB", 1, 1, "train, compile, verify, build and report")                           \
    X(EXPLORE, explore, "JOB", 1, 1,                                                               \
      "latency against look-up tables for a list of reuse factors and widths, each verified")      \
    X(INIT, init, "DATA", 1, 1, "write a commented job file for a data set")                       \
    X(ADDERS, adders, "W.npy", 1, 1,                                                               \
      "share the additions of a constant integer matrix (rows = inputs) and say what they cost")   \
    X(DIFF, diff, "A/report.json B/report.json", 2, 2, "say what changed between two reports")     \
    X(DOCTOR, doctor, "", 0, 0,                                                                    \
      "which tools are there, in which version, and what package brings what is missing")          \
    X(LIST, list, "[WHAT]", 0, 1,                                                                  \
      "boards, targets, layers, operations, losses, optimizers, schedules, pruning, prices, "      \
      "weights, formats, passes or keys")

#define X(id, name, arguments, least, most, text) VERB_##id,
enum verb { VERB_TABLE(X) VERB_COUNT };
#undef X

#define ON(verb) (1u << VERB_##verb)
#define ON_FOLDER                                                                                  \
    (ON(COMPILE) | ON(EMULATE) | ON(VERIFY) | ON(BUILD) | ON(REPORT) | ON(EXPLAIN) | ON(ALL) |     \
     ON(TRAIN) | ON(EXPLORE) | ON(SOFTCORE) | ON(HLS) | ON(RUN))
#define ON_COMPILE (ON(COMPILE) | ON(ALL) | ON(EXPLORE))
#define ON_CHOICE (ON(COMPILE) | ON(ALL)) /* of factors, within a budget */
#define ON_BUILD (ON(BUILD) | ON(ALL) | ON(EXPLORE))
#define ON_ANY (~0u)

/* X(TYPE, member, "long name", "ARGUMENT", verbs, "meaning") */
#define FLAG_TABLE(X)                                                                              \
    X(STRING, board, "board", "B", ON_COMPILE | ON(INIT),                                          \
      "board to compile for; see `sluice list boards`")                                            \
    X(NUMBER, clock_mhz, "clock-mhz", "F", ON_COMPILE | ON(HLS),                                   \
      "clock of the network; default: the board's")                                                \
    X(STRING, strategy, "strategy", "latency|resource", ON_COMPILE,                                \
      "latency: each layer in the form that costs least; resource: layers of a reuse factor on "   \
      "multipliers, their weights in memory")                                                      \
    X(STRING, weights, "weights", "rom|loadable[:LAYER,...]", ON_COMPILE,                          \
      "loadable: weights and biases of dense layers are written at run time; see --reuse")         \
    X(STRING, protect, "protect", "none|tmr|ecc|tmr+ecc", ON_COMPILE,                              \
      "against upsets: tmr: control registers in three copies that vote; ecc: words of loadable "  \
      "memories corrected")                                                                        \
    X(STRING, reuse, "reuse", "N", ON_COMPILE | ON(HLS),                                           \
      "reuse factor: cycles that an event may take in each dense layer or ensemble of trees, or "  \
      "auto: within the budget; explore: a list, 1,2,4")                                           \
    X(STRING, bits, "bits", "W,...", ON(EXPLORE),                                                  \
      "widths of weights and activations to try, each trained, or chosen after training")          \
    X(FLAG, build, "build", NULL, ON(EXPLORE), "place and route every point as well")              \
    X(STRING, layer_reuse, "layer-reuse", "LAYER=N,...", ON_COMPILE | ON(HLS),                     \
      "reuse factors of single layers, over --reuse")                                              \
    X(STRING, input_format, "input-format", "FMT", ON_COMPILE | ON(ADDERS),                        \
      "format of the inputs for a model without an input quantizer, such as 'fixed<8,4>'; for "    \
      "trees also 'thresholds': no rounding, the host says between which thresholds")              \
    X(STRING, pick, "pick", "BOUNDS", ON(TRAIN) | ON(ALL),                                         \
      "point of the frontier to take, such as 'lut4<5000' or 'accuracy>0.66'; of one that is "     \
      "there already, without training")                                                           \
    X(COUNT, input_bits, "input-bits", "W", ON_COMPILE,                                            \
      "width of the inputs, their range taken from --calibrate")                                   \
    X(COUNT, leaf_bits, "leaf-bits", "W", ON_COMPILE,                                              \
      "width of the values of trees that were made elsewhere; default: 8")                         \
    X(STRING, calibrate, "calibrate", "X.npy", ON_COMPILE,                                         \
      "raw events that show the range of the inputs; of a float model, all its formats are "       \
      "chosen on them")                                                                            \
    X(COUNT, weight_bits, "weight-bits", "W", ON(COMPILE) | ON(ALL) | ON(TRAIN),                   \
      "width of the weights: of a float model, formats chosen with --calibrate, default 8; of a "  \
      "training, in place of the job's")                                                           \
    X(COUNT, activation_bits, "activation-bits", "W", ON(COMPILE) | ON(ALL) | ON(TRAIN),           \
      "the same of what activations put out")                                                      \
    X(STRING, init, "init", "MODEL.onnx", ON(TRAIN) | ON(ALL),                                     \
      "float model whose weights training starts from, in place of a float phase")                 \
    X(STRING, output, "output", "logits|softmax|argmax|threshold", ON_COMPILE,                     \
      "what leaves the hardware")                                                                  \
    X(NUMBER, threshold, "threshold", "T", ON_COMPILE,                                             \
      "for --output threshold: 1 when the score is at least T")                                    \
    X(STRING, standardise, "standardise", "host|fabric", ON_COMPILE,                               \
      "where the model's input scaling is computed")                                               \
    X(STRING, optimize, "optimize", "latency|area|balanced", ON_COMPILE,                           \
      "what the schedule is for: most work per cycle, or the smallest")                            \
    X(STRING, wrapper, "wrapper", "none|axi-stream", ON_COMPILE,                                   \
      "what to put around the network for use in your own chip")                                   \
    X(COUNT, stall_cycles, "stall-cycles", "N", ON_COMPILE,                                        \
      "--wrapper axi-stream: cycles that the sink may stall before the source has to wait")        \
    X(STRING, dump_after, "dump-after", "PASS", ON_COMPILE,                                        \
      "write the program after that pass as well; see `sluice list passes`")                       \
    X(STRING, stop_after, "stop-after", "PASS", ON(COMPILE),                                       \
      "end after that pass; see `sluice list passes`")                                             \
    X(STRING, name, "name", "NAME", ON(COMPILE),                                                   \
      "name of the top module; default: the model file's")                                         \
    X(STRING, out, "out", "PATH", ON_FOLDER | ON(INIT) | ON(IMAGE),                                \
      "build folder; emulate: the NPY file to write; init: the job file; image: the image")        \
    X(STRING, for_folder, "for", "DIR", ON(IMAGE),                                                 \
      "build folder of the compiled network that the image is for")                                \
    X(STRING, image, "image", "FILE", ON(EMULATE) | ON(VERIFY) | ON(RUN),                          \
      "contents for loadable memories, made by `sluice image`: what emulate runs with, what "      \
      "verify loads in place of random ones, what run loads into the board")                       \
    X(STRING, events, "events", "X.npy",                                                           \
      ON(EMULATE) | ON(VERIFY) | ON(SOFTCORE) | ON(HLS) | ON(EXPLORE) | ON(RUN),                   \
      "raw events, one row each; run: also a number of events to play, default: 10000")            \
    X(STRING, board_port, "board-port", "PORT", ON(RUN),                                           \
      "the board's serial port, such as /dev/ttyUSB1, or tcp:PORT of this machine; default: a "    \
      "simulated board")                                                                           \
    X(NUMBER, baud, "baud", "B", ON(RUN), "rate of the serial port; default: what was built")      \
    X(COUNT, tcp, "tcp", "PORT", ON(RUN),                                                          \
      "simulated board: its serial line also on this TCP port, of this machine alone")             \
    X(NUMBER, noise, "noise", "PART", ON(RUN),                                                     \
      "simulated board: part of the bytes on its line that is changed, lost or doubled")           \
    X(FLAG, serve, "serve", NULL, ON(RUN),                                                         \
      "simulated board: leave it to other programs until Ctrl-C")                                  \
    X(COUNT, distinct, "distinct", "N", ON(RUN),                                                   \
      "different events that are loaded and played again and again; default: all, at most a "      \
      "million, simulated 1024")                                                                   \
    X(COUNT, stream, "stream", "N", ON(RUN),                                                       \
      "events whose scores are read back and compared on the host; default: 200")                  \
    X(COUNT, gap, "gap", "N", ON(RUN),                                                             \
      "cycles from one event to the next; default: a bunch crossing, or what the network needs")   \
    X(COUNT, burst, "burst", "N", ON(RUN), "events in a burst; default: all")                      \
    X(COUNT, pause, "pause", "N", ON(RUN), "cycles more before the next burst")                    \
    X(STRING, class_thresholds, "threshold", "CLASS=VALUE,...", ON(RUN),                           \
      "least score with which an event passes in a class, which then may accept; default: 0 in "   \
      "each")                                                                                      \
    X(STRING, prescale, "prescale", "CLASS=N,...", ON(RUN),                                        \
      "keep every N-th event that passes in a class, 0: none")                                     \
    X(STRING, spy, "spy", "accept|mismatch|late|now", ON(RUN),                                     \
      "what freezes the spy, whose records are printed")                                           \
    X(COUNT, captures, "captures", "N", ON(RUN), "--watch --spy: end after so many captures")      \
    X(STRING, swap, "swap", "FILE", ON(RUN),                                                       \
      "--watch: an image that is loaded while events go on, and swapped in between two of them")   \
    X(NUMBER, swap_after, "swap-after", "S", ON(RUN),                                              \
      "--swap: seconds to watch before; default: 1")                                               \
    X(COUNT, swaps, "swaps", "N", ON(RUN),                                                         \
      "--swap: so many: to the image, back, and so on; default: 1")                                \
    X(COUNT, recheck, "recheck", "N", ON(RUN),                                                     \
      "records of the spy that the core recomputes, of a board with the fall-back; default: 16")   \
    X(FLAG, watch, "watch", NULL, ON(RUN),                                                         \
      "play without end and show rates and scores, until Ctrl-C or --seconds")                     \
    X(NUMBER, seconds, "seconds", "S", ON(RUN), "how long to watch")                               \
    X(STRING, reference, "reference", "quantized|float", ON(EMULATE),                              \
      "run the floating-point reference instead of the program")                                   \
    X(STRING, histogram, "histogram", "H.csv", ON(EMULATE),                                        \
      "histograms of the scores, CSV or (H.json) JSON")                                            \
    X(FLAG, interpreter, "interpreter", NULL, ON(EMULATE),                                         \
      "do not compile the program to machine code: interpret it")                                  \
    X(COUNT, random_events, "random-events", "N", ON(VERIFY) | ON(ALL) | ON(EXPLORE),              \
      "random events beside the given ones")                                                       \
    X(COUNT, faults, "faults", "N", ON(VERIFY) | ON(ALL),                                          \
      "then flip N single bits of the network's state in simulation, and say what comes of it")    \
    X(FLAG, gates, "gates", NULL, ON(VERIFY),                                                      \
      "--faults: flip those of the netlist that `sluice build` left, not the Verilog's")           \
    X(NUMBER, tolerance, "tolerance", "D", ON(VERIFY) | ON(ALL),                                   \
      "largest deviation of the scores from the unquantized network")                              \
    X(FLAG, pins_free, "pins-free", NULL, ON_BUILD,                                                \
      "size the network alone: no board top, no bitstream")                                        \
    X(STRING, control, "control", "player|core", ON_BUILD,                                         \
      "what stands around the network on the board: stored events that are played and compared, "  \
      "or a soft core with the trigger system and a UART; default: player")                        \
    X(STRING, fallback, "fallback", "auto|on|off", ON_BUILD | ON(RUN),                             \
      "control core: the network's own C in the core's firmware, which recomputes answers; "       \
      "default: auto, where it fits; run: of the simulated board")                                 \
    X(COUNT, seeds, "seeds", "N", ON_BUILD, "placement seeds to try")                              \
    X(NUMBER, delay_scale, "delay-scale", "S", ON_COMPILE,                                         \
      "factor on the delay model's delays; below 1: fewer, longer stages")                         \
    X(COUNT, retries, "retries", "N", ON_BUILD,                                                    \
      "how often to schedule again, with slower delays, when the clock is missed; default: 2")     \
    X(NUMBER, time_limit, "time-limit", "S", ON_BUILD | ON(ADDERS),                                \
      "limit of one run of a tool, or of the search for adders (0: none), in seconds")             \
    X(NUMBER, max_lut4, "max-lut4", "N", ON_CHOICE, "--reuse auto: most look-up tables")           \
    X(NUMBER, max_dsp, "max-dsp", "N", ON_CHOICE, "--reuse auto: most DSP blocks")                 \
    X(NUMBER, max_bram, "max-bram", "N", ON_CHOICE, "--reuse auto: most block memories")           \
    X(NUMBER, latency_ns, "latency-ns", "T", ON(REPORT) | ON_CHOICE,                               \
      "longest time from input to answer")                                                         \
    X(NUMBER, events_per_crossing, "events-per-crossing", "N", ON(VERIFY) | ON_CHOICE,             \
      "events to take in each crossing, 1 if not given")                                           \
    X(NUMBER, bunch_crossing_mhz, "bunch-crossing-mhz", "F", ON(REPORT) | ON(VERIFY) | ON_CHOICE,  \
      "rate of crossings, 40 if not given")                                                        \
    X(STRING, depth, "depth", "minimum|+N|any", ON(ADDERS), "most adders on a path; default: +1")  \
    X(STRING, isa, "isa", "rv32i|rv32im", ON(SOFTCORE), "instructions of the soft core")           \
    X(STRING, form, "form", "auto|straight|loops", ON(SOFTCORE) | ON(HLS),                         \
      "C with a statement for each operation, or with loops over tables of weights; auto: for a "  \
      "soft core the fastest by estimate that fits --memory, for HLS loops where factors are "     \
      "above 1")                                                                                   \
    X(STRING, tool, "tool", "vitis|oneapi|catapult|bambu", ON(HLS), "HLS tool to write for")       \
    X(STRING, language, "language", "c|c++", ON(HLS),                                              \
      "language of the source; default: c where the tool takes it")                                \
    X(FLAG, ap_fixed, "ap-fixed", NULL, ON(HLS),                                                   \
      "with c++: also ports of ap_fixed, each in its format")                                      \
    X(STRING, part, "part", "PART", ON(HLS), "part for the script of vitis")                       \
    X(COUNT, memory_bytes, "memory", "BYTES", ON(SOFTCORE),                                        \
      "memory of the soft core for code and constants; default: 65536")                            \
    X(STRING, target, "target", "ice40|ecp5|lut6", ON(ADDERS),                                     \
      "fabric whose costs count; default: adder bits alone")                                       \
    X(COUNT, effort, "effort", "N", ON(ADDERS),                                                    \
      "search of N / 4 steps a shared node; 0: greedy alone; default: as suits the matrix")        \
    X(STRING, program, "program", "FILE", ON(ADDERS), "write the sums as a program")               \
    X(FLAG, quiet, "quiet", NULL, ON_ANY, "no progress and no information lines")                  \
    X(FLAG, json, "json", NULL, ON_ANY, "print the result as JSON on stdout")

/* An absent flag: NULL, NAN, -1, false. */
struct flags {
#define FLAG_TYPE_STRING char *
#define FLAG_TYPE_NUMBER double
#define FLAG_TYPE_COUNT int
#define FLAG_TYPE_FLAG bool
#define FLAG_MEMBER(type, member, name, argument, verbs, text) FLAG_TYPE_##type member;
    FLAG_TABLE(FLAG_MEMBER)
#undef FLAG_MEMBER
};

struct cli {
    struct arena arena;
    enum verb verb;
    struct flags flags;
    const char *arguments[2];
    struct job *job;    /* when the first argument is a job file */
    bool verdict_given; /* all: an earlier verb has said what is wrong */
    const char *folder; /* the build folder, for verbs that have one */
};

int cli_main(int argc, char **argv);
void cli_print_manual(void); /* the man page, on stdout */

/* One per verb; returns the exit status. */
#define X(id, name, arguments, least, most, text) int verb_##name(struct cli *cli);
VERB_TABLE(X)
#undef X

/* verb_train() for a job of trees, and what both share: names of the data's features and classes.
 */
int train_trees(struct cli *cli);
struct network;
struct events;
void train_name_ports(struct network *network, const struct events *events);
/* Shows the events, and makes the folders that training writes to. */
void train_open_folder(struct cli *cli, const struct events *events);

/* ---- shared by the verbs ---- */

/* folder/name, in the arena; and the same when the file must be there: else one line that says
 * which verb makes it. */
const char *cli_path(struct cli *cli, const char *name);
const char *cli_need(struct cli *cli, const char *name, const char *verb);
/* Prints JSON on stdout. */
void cli_print(const cJSON *json);
/* Under --json, prints the file on stdout. */
void cli_print_json(struct cli *cli, const char *path);
/* A verdict that is not good: prints `sluice: WHAT` and returns 1, with every result kept. */
int cli_verdict(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Removes results that the verb makes stale (files of later verbs); missing ones are fine. */
void cli_remove_stale(struct cli *cli, const char *const *names);
/* A list of whole numbers such as "1,2,4", least to most each, in the arena; ends with a line that
 * names the flag. */
int *cli_numbers(struct cli *cli, const char *flag, const char *text, int least, int most,
                 int *count);
enum { CLI_REUSE_MOST = 1048576 };
/* --reuse where it is one factor. */
int cli_reuse_factor(struct cli *cli);
/* The flags of this command line that another verb takes as well, as arguments for it, ended by
 * NULL, in the arena; without those that `except` (ended by NULL) names. */
const char **cli_arguments_for(struct cli *cli, enum verb verb, const char *const *except);

#endif
