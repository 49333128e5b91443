/* A netlist of iCE40 cells in the JSON of Yosys, as what shares logic cells sees it
 * (carry_cells.c): LUTs, carries and registers with their nets, who drives and who reads each net.
 */
#ifndef SLUICE_BOARDS_FLOW_ICE40_NETLIST_H
#define SLUICE_BOARDS_FLOW_ICE40_NETLIST_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    NONE = -1,
    PORT = -2, /* the reader is a port of the module */
    ZERO = 0,  /* nets: constants (a net that is not connected is ZERO), from 2 on wires */
    ONE = 1
};

enum kind { LUT, CARRY, FF, OTHER }; /* OTHER: the network's too */
enum pin { I0, I1, I2, I3, OUT, PINS };
/* Of a carry, as a LUT in the same cell would have them; of a register, its data. */
enum { FIRST = I1, SECOND = I2, CARRY_IN = I3, DATA = I0 };

struct node {
    cJSON *connections, *cell;
    enum kind kind;
    int net[PINS];
    int control[3]; /* of a register: clock (its negative, if it is inverted), enable, reset */
    bool is_taken;  /* a LUT that is in the cell of a carry */
    int lut;        /* of a carry: the LUT in its cell, NONE: none */
};

struct reader {
    int node, pin;
};

struct netlist {
    cJSON *cells;
    struct node *nodes;
    size_t node_capacity;
    int count, nets;
    int *driver;            /* of each net, NONE: none */
    struct reader *readers; /* those of net n from first[n] to first[n + 1] - 1 */
    int *first;
};

extern const char *const lut_ports[PINS], *const carry_ports[PINS]; /* by pin; NULL: it has none */

/* Reads a cell behind the others; the node moves when another is added. */
struct node *netlist_add_node(struct netlist *list, cJSON *cell);
/* Fills driver, readers and first, when all cells have been added; again after
 * netlist_drop_links(). */
void netlist_link(struct netlist *list, const cJSON *module);
void netlist_drop_links(struct netlist *list);

/* How many read a net. */
int netlist_readers_of(const struct netlist *list, int net);
bool netlist_is_carry_out(const struct netlist *list, int net);
/* The register that nextpnr puts behind a LUT; NONE: none. */
int netlist_register_of(const struct netlist *list, int lut);

/* In the JSON alone: a port of a cell on another net. */
void netlist_connect(struct node *node, const char *port, int net);
/* A LUT with other nets on its pins, each that it read among them: its function is rewritten. */
void netlist_rewire(struct node *lut, const int net[4]);
/* A cell without connections, named after another. */
cJSON *netlist_new_cell(struct netlist *list, const struct node *beside, const char *suffix,
                        const char *type, const char *const ports[PINS]);

#endif
