/* The families of parts that the flow builds for, one struct each (boards/flow/family_NAME.c): all
 * that differs between them is here. A board's is found once, by the "family" of its fabric. */
#ifndef SLUICE_BOARDS_FAMILY_H
#define SLUICE_BOARDS_FAMILY_H

#include <stdbool.h>

struct arguments;
struct board;
struct build_job;
struct pll_recipe;
struct text;

/* One stretch of Yosys's own script, and the maps of ours that come after it, NULL: none.
 * `multipliers` is read only for a network that takes them. The last stretch has no map. */
struct family_step {
    const char *steps, *map, *multipliers;
};

/* What counts as a LUT, flip-flop and so on: a type of Yosys's (ending in '*': all that begin so),
 * and how often. */
enum family_kind {
    FAMILY_LUTS,
    FAMILY_FFS,
    FAMILY_CARRIES,
    FAMILY_RAMS,
    FAMILY_DSPS,
    FAMILY_KINDS
};
struct family_count {
    const char *type;
    double weight;
};

/* The programs under their native names. With a script they come from PyPI where they are missing,
 * else from Debian packages. */
struct family_tools {
    const char *nextpnr, *pack;
    const char *nextpnr_package, *pack_package; /* Debian's */
    const char *script;                         /* of boards/flow, installs them and Yosys */
    const char *names;                          /* for the reader */
    const char *venv_nextpnr, *venv_pack;
    bool takes_any_yosys; /* Debian's too, which maps for ECP5, not for all families of Gowin */
    /* A later nextpnr of PyPI, and the script that installs it, for designs that nearly fill the
     * part; NULL: the one above places them too. */
    const char *full_nextpnr, *full_script;
};

struct family {
    const char *name;

    /* What a board's file has to say. */
    const char *plls[3]; /* primitives, NULL-terminated */
    bool needs_speed, needs_io_type, needs_die;

    /* A recipe for mhz * divide, of which the divide-th part is taken (pll.h); false: there is none
     * or it does not divide by so much. */
    bool (*search_pll)(const struct board *board, double mhz, int divide,
                       struct pll_recipe *recipe);
    int divide_max;

    struct family_tools tools;

    /* Yosys */
    const char *synthesis;           /* its command */
    const char *without_multipliers; /* flag that leaves them out, "" where they are by default */
    const char *(*synth_flags)(struct build_job *job, bool is_network);
    const char *core_script; /* ABC's for -abc9 around the core, NULL: Yosys' own */
    const struct family_step *steps;
    const char
        *pads; /* command that gives the flat top its pads, where nextpnr does not; or NULL */
    struct family_count counts[FAMILY_KINDS][6];
    /* What has to be done to a netlist in JSON before nextpnr reads it; gives how many of its LUTs
     * nextpnr would have added by itself. NULL: nothing. */
    int (*trim)(struct build_job *job, const char *name);
    /* The same for the netlist of the whole design alone. */
    void (*divide_nets)(struct build_job *job, const char *name);

    /* The top */
    const char *pll_module; /* of rtl/ */
    void (*add_pll)(struct text *text, const struct build_job *job);
    bool (*pll_makes_core)(const struct build_job *job); /* the core's clock; NULL: never */
    const char *clock_buffer; /* primitive that a divided clock has to be given; NULL: none */
    int register_rams;        /* block memories of the core's registers */
    void (*write_constraints)(struct build_job *job);

    /* nextpnr */
    void (*add_part)(struct build_job *job, struct arguments *arguments);
    void (*add_constraints)(struct arguments *arguments); /* of a board */
    const char *pins_free; /* flag in their place; NULL: nothing goes without */
    bool out_of_context;   /* pins free, nothing has a pin: a shell of registers and no bitstream */
    const char *router;    /* NULL: its own choice */
    const char *more_cells; /* what is counted with the target's cells in its report; NULL: none */

    /* What nextpnr gives the packer, and what the packer makes of it. */
    const char *config_flag, *config_type, *bitstream_type;
    void (*add_files)(const struct build_job *job, struct arguments *arguments, const char *config,
                      const char *bitstream);
};

extern const struct family family_ice40, family_ecp5, family_gowin;

/* By its name (board.c); NULL: there is none. */
const struct family *family_find(const char *name);

#endif
