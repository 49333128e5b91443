/* Logic cells of iCE40 that hold a carry and nothing else get a LUT that would have a cell of its
 * own, in the netlist before nextpnr sees it.
 *
 * A cell's carry and its LUT share inputs I1, I2 and the carry that comes in (I3). nextpnr 0.4 puts
 * both into one cell only if the LUT has exactly the carry's operands there, so the bits of a
 * comparison, whose sums nobody reads, cost a cell each. Here a LUT nearby that needs at most one
 * input more (of a first bit: two) is given the carry's operands on I1 to I3, whether its function
 * looks at them or not; its register comes along, and a register without a LUT gets one that hands
 * its input on. So the register that holds a threshold lies in the cell that compares it.
 *
 * The network is left alone in that: its registers would be drawn away from where they are read,
 * and it has the clock to meet.
 *
 * A register that takes what comes out of a chain, and is all that does, gets a LUT that hands it
 * on, here and in the network: nextpnr makes that the chain's next cell. Without it it adds a cell
 * that brings the carry out of the chain, and the register has another one, some wire away.
 *
 * Also, where a counter's bit 0 is the carry into bit 1, nextpnr adds a cell that brings it into
 * the chain: a carry of our own in its place shares the cell of bit 0. */
#include "base/json.h"
#include "boards/flow/ice40_netlist.h"
#include "boards/flow/job.h"

#include <stdlib.h>
#include <string.h>

enum {
    TILE_CELLS = 8,   /* of a tile, which share clock, enable and reset */
    TILE_INPUTS = 32, /* that reach them, an enable or reset of its own included */
    FAN_MAX = 12,     /* readers of a net that are looked at for a LUT to take */
    CANDIDATES_MAX = 2 * FAN_MAX + 4
};

/* ---- what nextpnr does by itself ---- */

static bool matches(const struct node *carry, const struct node *lut)
{
    return lut->kind == LUT && !lut->is_taken && lut->net[I1] == carry->net[FIRST] &&
           lut->net[I2] == carry->net[SECOND];
}

/* The LUT with the carry's operands: behind a carry the first one that reads it, of a first bit the
 * only one there is. */
static int find_own(const struct netlist *list, const struct node *carry)
{
    bool starts = carry->net[CARRY_IN] <= ONE;
    int net = starts ? carry->net[FIRST] > ONE ? carry->net[FIRST] : carry->net[SECOND]
                     : carry->net[CARRY_IN];
    int pin = !starts ? I3 : carry->net[FIRST] > ONE ? I1 : I2, own = NONE;
    if (net <= ONE) return NONE;
    for (int r = list->first[net]; r < list->first[net + 1]; r++) {
        struct reader reader = list->readers[r];
        if (reader.node < 0 || reader.pin != pin || list->nodes[reader.node].kind != LUT) continue;
        if (!starts) return matches(carry, &list->nodes[reader.node]) ? reader.node : NONE;
        if (!matches(carry, &list->nodes[reader.node])) continue;
        if (own != NONE) return NONE;
        own = reader.node;
    }
    return own;
}

static void find_owns(struct netlist *list)
{
    for (int n = 0; n < list->count; n++) {
        struct node *carry = &list->nodes[n];
        if (carry->kind != CARRY || carry->lut != NONE) continue;
        carry->lut = find_own(list, carry);
        if (carry->lut != NONE) list->nodes[carry->lut].is_taken = true;
    }
}

/* ---- a LUT with other pins ---- */

/* Gives a LUT the carry's operands on I1 to I3 (a carry that comes in as a constant leaves I3 free)
 * and what else it reads on I0; false, and nothing changes, if it reads more. */
static bool arrange(const struct node *lut, const struct node *carry, int net[4])
{
    bool starts = carry->net[CARRY_IN] <= ONE;
    net[I0] = ZERO, net[I1] = carry->net[FIRST], net[I2] = carry->net[SECOND];
    net[I3] = starts ? ZERO : carry->net[CARRY_IN];
    for (int pin = I0; pin <= I3; pin++) {
        int in = lut->net[pin];
        if (in <= ONE || in == net[I0] || in == net[I1] || in == net[I2] || in == net[I3]) continue;
        if (net[I0] == ZERO)
            net[I0] = in;
        else if (starts && net[I3] == ZERO)
            net[I3] = in;
        else
            return false;
    }
    return true;
}

/* ---- new cells ---- */

/* A register's input through a LUT that hands it on from a pin, I0 or I3. */
static int add_pass(struct netlist *list, int flip_flop, enum pin in)
{
    int from = list->nodes[flip_flop].net[DATA], to = list->nets++;
    cJSON *cell = netlist_new_cell(list, &list->nodes[flip_flop], "_pass", "SB_LUT4", lut_ports);
    cJSON_AddStringToObject(cJSON_GetObjectItemCaseSensitive(cell, "parameters"), "LUT_INIT",
                            in == I3 ? "1111111100000000" : "1010101010101010");
    struct node *lut = netlist_add_node(list, cell);
    for (int pin = I0; pin < PINS; pin++) {
        lut->net[pin] = pin == (int)in ? from : pin == OUT ? to : ZERO;
        netlist_connect(lut, lut_ports[pin], lut->net[pin]);
    }
    netlist_connect(&list->nodes[flip_flop], "D", to);
    list->nodes[flip_flop].net[DATA] = to;
    return list->count - 1;
}

static bool hand_on_carries(struct netlist *list)
{
    bool has_changed = false;
    for (int n = 0, count = list->count; n < count; n++) {
        int data = list->nodes[n].net[DATA];
        if (list->nodes[n].kind != FF || !netlist_is_carry_out(list, data)) continue;
        if (netlist_readers_of(list, data) != 1) continue;
        add_pass(list, n, I3);
        has_changed = true;
    }
    return has_changed;
}

/* Chains whose carry in is a net of logic: where bit 0's LUT can have that net, and nothing, beside
 * it, a first carry that is this net. */
static bool start_chains(struct netlist *list)
{
    bool has_changed = false;
    for (int n = 0, count = list->count; n < count; n++) {
        int in = list->nodes[n].net[CARRY_IN], chosen = NONE, net[4], found[4];
        if (list->nodes[n].kind != CARRY || in <= ONE || netlist_is_carry_out(list, in)) continue;
        struct node first = {.kind = CARRY, .net = {[FIRST] = in, [CARRY_IN] = ONE}, .lut = NONE};
        for (int r = list->first[in]; r < list->first[in + 1]; r++) {
            int lut = list->readers[r].node;
            if (lut < 0 || list->nodes[lut].kind != LUT || list->nodes[lut].is_taken) continue;
            bool reads_carry = false;
            for (int pin = I0; pin <= I3; pin++)
                reads_carry |= netlist_is_carry_out(list, list->nodes[lut].net[pin]);
            if (reads_carry || !arrange(&list->nodes[lut], &first, found)) continue;
            if (chosen == NONE || matches(&first, &list->nodes[lut])) {
                /* Two that nextpnr would choose among are none to it. */
                if (chosen != NONE && matches(&first, &list->nodes[chosen])) chosen = PORT;
                if (chosen != PORT) chosen = lut, memcpy(net, found, sizeof net);
            }
        }
        if (chosen < 0) continue;
        cJSON *cell = netlist_new_cell(list, &list->nodes[n], "_first", "SB_CARRY", carry_ports);
        struct node *carry = netlist_add_node(list, cell);
        memcpy(carry->net, first.net, sizeof carry->net);
        carry->net[OUT] = list->nets++;
        for (int pin = I1; pin < PINS; pin++)
            netlist_connect(carry, carry_ports[pin], carry->net[pin]);
        netlist_connect(&list->nodes[n], "CI", carry->net[OUT]);
        netlist_rewire(&list->nodes[chosen], net);
        list->nodes[chosen].is_taken = true;
        has_changed = true;
    }
    return has_changed;
}

/* ---- lending ---- */

struct chain {
    int control[3];
    bool has_control, is_mixed; /* more than one set of clock, enable, reset: left alone */
};

static bool is_same(const int a[3], const int b[3])
{
    return a[0] == b[0] && a[1] == b[1] && a[2] == b[2];
}

/* The carry behind this one; NONE: the chain ends. */
static int next_of(const struct netlist *list, int carry)
{
    int out = list->nodes[carry].net[OUT], next = NONE;
    for (int r = out > ONE ? list->first[out] : 0; out > ONE && r < list->first[out + 1]; r++) {
        struct reader reader = list->readers[r];
        if (reader.node < 0 || list->nodes[reader.node].kind != CARRY || reader.pin != CARRY_IN)
            continue;
        if (next != NONE) return NONE;
        next = reader.node;
    }
    return next;
}

static int count_inputs(const int net[4])
{
    int count = 0;
    for (int pin = I0; pin <= I3; pin++)
        count += net[pin] > ZERO;
    return count;
}

/* LUTs and registers beside a carry, which are in no carry's cell: what makes its operands, what
 * reads them. Registers behind a LUT count as that LUT. */
static int find_candidates(const struct netlist *list, const struct node *carry,
                           int candidates[CANDIDATES_MAX])
{
    int count = 0;
    for (int pin = FIRST; pin <= SECOND; pin++) {
        int net = carry->net[pin];
        if (net <= ONE) continue;
        int last =
            netlist_readers_of(list, net) <= FAN_MAX ? list->first[net + 1] : list->first[net];
        for (int r = list->first[net] - 1; r < last; r++) {
            int n = r < list->first[net] ? list->driver[net] : list->readers[r].node;
            if (n < 0) continue;
            if (list->nodes[n].kind == FF) {
                int data = list->nodes[n].net[DATA], lut = data > ONE ? list->driver[data] : NONE;
                if (lut >= 0 && list->nodes[lut].kind == LUT && netlist_register_of(list, lut) == n)
                    n = lut;
                else if (data <= ONE || netlist_is_carry_out(list, data))
                    continue;
            } else if (list->nodes[n].kind != LUT) {
                continue;
            }
            if (count < CANDIDATES_MAX && !list->nodes[n].is_taken) candidates[count++] = n;
        }
    }
    return count;
}

static int register_at(const struct netlist *list, int candidate)
{
    return list->nodes[candidate].kind == FF ? candidate : netlist_register_of(list, candidate);
}

/* Whether a candidate can come into the carry's cell, and its pins there. */
static bool can_take(const struct netlist *list, int candidate, const struct node *carry,
                     const struct chain *chain, int net[4])
{
    const struct node *node = &list->nodes[candidate];
    int flip_flop = register_at(list, candidate);
    if (flip_flop != NONE &&
        !(chain->has_control && is_same(chain->control, list->nodes[flip_flop].control)))
        return false;
    for (int pin = I0; pin <= I3; pin++)
        if (netlist_is_carry_out(list, node->net[pin])) return false;
    return arrange(node, carry, net);
}

/* The clock, enable and reset of a chain's registers; where it has none, of most that it could
 * take. */
static struct chain control_of(const struct netlist *list, int start)
{
    struct chain chain = {0};
    int most = 0, candidates[CANDIDATES_MAX];
    for (int n = start; n != NONE; n = next_of(list, n)) {
        int flip_flop =
            list->nodes[n].lut != NONE ? netlist_register_of(list, list->nodes[n].lut) : NONE;
        if (flip_flop == NONE) continue;
        const int *control = list->nodes[flip_flop].control;
        chain.is_mixed |= chain.has_control && !is_same(chain.control, control);
        chain.has_control = true;
        memcpy(chain.control, control, sizeof chain.control);
    }
    if (chain.has_control) return chain;
    for (int n = start; n != NONE; n = next_of(list, n)) {
        int count = find_candidates(list, &list->nodes[n], candidates);
        for (int c = 0; c < count; c++) {
            int flip_flop = register_at(list, candidates[c]), same = 0;
            if (flip_flop == NONE) continue;
            const int *control = list->nodes[flip_flop].control;
            for (int m = start; m != NONE; m = next_of(list, m)) {
                int others[CANDIDATES_MAX], found = find_candidates(list, &list->nodes[m], others);
                for (int o = 0; o < found; o++) {
                    int other = register_at(list, others[o]);
                    same += other != NONE && is_same(list->nodes[other].control, control);
                }
            }
            if (same <= most) continue;
            most = same;
            chain.has_control = true;
            memcpy(chain.control, control, sizeof chain.control);
        }
        if (chain.has_control) break; /* the first bits are like the others */
    }
    return chain;
}

/* Inputs of the tile that has the cell at `place` of the chain, registers' controls too. */
static int tile_inputs(const struct netlist *list, int start, bool is_fed, int place)
{
    int inputs = 0, at = is_fed, tile = place / TILE_CELLS;
    if (is_fed && tile == 0) inputs++;
    for (int n = start; n != NONE && at / TILE_CELLS <= tile; n = next_of(list, n), at++) {
        if (at / TILE_CELLS != tile) continue;
        const struct node *carry = &list->nodes[n];
        inputs += carry->lut != NONE ? count_inputs(list->nodes[carry->lut].net)
                                     : (carry->net[FIRST] > ZERO) + (carry->net[SECOND] > ZERO);
    }
    return inputs;
}

static void lend(struct netlist *list, int start)
{
    struct chain chain = control_of(list, start);
    if (chain.is_mixed) return;
    int controls = chain.has_control ? (chain.control[1] > ONE) + (chain.control[2] > ONE) : 0;
    bool is_fed = list->nodes[start].net[CARRY_IN] > ONE;
    int place = is_fed;
    for (int n = start; n != NONE; n = next_of(list, n), place++) {
        if (list->nodes[n].lut != NONE) continue;
        int in = list->nodes[n].net[CARRY_IN], candidates[CANDIDATES_MAX], net[4];
        bool is_read = false; /* by a LUT that has to be the next cell */
        for (int r = in > ONE ? list->first[in] : 0; in > ONE && r < list->first[in + 1]; r++)
            is_read |= list->readers[r].pin == I3 && list->readers[r].node >= 0 &&
                       list->nodes[list->readers[r].node].kind == LUT;
        if (is_read) continue;
        int count = find_candidates(list, &list->nodes[n], candidates), chosen = NONE;
        for (int c = 0; c < count; c++) {
            bool is_better = chosen == NONE || (register_at(list, chosen) == NONE &&
                                                register_at(list, candidates[c]) != NONE);
            if (is_better && can_take(list, candidates[c], &list->nodes[n], &chain, net))
                chosen = candidates[c];
        }
        if (chosen == NONE || !can_take(list, chosen, &list->nodes[n], &chain, net)) continue;
        int more = count_inputs(net) - (list->nodes[n].net[FIRST] > ZERO) -
                   (list->nodes[n].net[SECOND] > ZERO);
        if (tile_inputs(list, start, is_fed, place) + more + controls > TILE_INPUTS) continue;
        list->nodes[chosen].is_taken = true;
        int lut = list->nodes[chosen].kind == FF ? add_pass(list, chosen, I0) : chosen;
        netlist_rewire(&list->nodes[lut], net);
        list->nodes[lut].is_taken = true;
        list->nodes[n].lut = lut;
    }
}

static void link_again(struct netlist *list, const cJSON *module)
{
    netlist_drop_links(list);
    netlist_link(list, module);
    for (int n = 0; n < list->count; n++)
        list->nodes[n].lut = NONE, list->nodes[n].is_taken = false;
}

static void share_cells(struct netlist *list, const cJSON *module)
{
    find_owns(list);
    if (start_chains(list)) {
        link_again(list, module);
        find_owns(list);
    }
    for (int n = 0, count = list->count; n < count; n++) {
        const struct node *carry = &list->nodes[n];
        if (carry->kind != CARRY) continue;
        int in = carry->net[CARRY_IN];
        if (netlist_is_carry_out(list, in) && next_of(list, list->driver[in]) == n) continue;
        lend(list, n);
    }
}

static void change(cJSON *module, bool is_network)
{
    struct netlist list = {.cells = cJSON_GetObjectItemCaseSensitive(module, "cells")};
    cJSON *cell;
    cJSON_ArrayForEach(cell, list.cells)
    {
        netlist_add_node(&list, cell);
    }
    netlist_link(&list, module);
    if (hand_on_carries(&list)) link_again(&list, module);
    if (!is_network) share_cells(&list, module);
    netlist_drop_links(&list);
    free(list.nodes);
}

int job_share_cells(struct build_job *job, const char *name)
{
    const char *file = flow_path(job, name);
    cJSON *netlist = json_read(file), *module;
    cJSON_ArrayForEach(module, cJSON_GetObjectItemCaseSensitive(netlist, "modules"))
    {
        if (cJSON_GetObjectItemCaseSensitive(module, "cells"))
            change(module, strcmp(name, "network.json") == 0);
    }
    json_write(file, netlist);
    cJSON_Delete(netlist);
    return 0;
}
