/* See ice40_netlist.h. */
#include "boards/flow/ice40_netlist.h"

#include "base/arena.h"
#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

static int net_of(const cJSON *bit)
{
    if (cJSON_IsNumber(bit)) return bit->valueint;
    return cJSON_IsString(bit) && !strcmp(bit->valuestring, "1") ? ONE : ZERO;
}

static int connected(const cJSON *connections, const char *port)
{
    const cJSON *bits = cJSON_GetObjectItemCaseSensitive(connections, port);
    return bits && bits->child ? net_of(bits->child) : ZERO;
}

void netlist_connect(struct node *node, const char *port, int net)
{
    cJSON *bits = cJSON_CreateArray();
    cJSON_AddItemToArray(bits, net > ONE    ? cJSON_CreateNumber(net)
                               : net == ONE ? cJSON_CreateString("1")
                                            : cJSON_CreateString("0"));
    if (cJSON_GetObjectItemCaseSensitive(node->connections, port))
        cJSON_ReplaceItemInObjectCaseSensitive(node->connections, port, bits);
    else
        cJSON_AddItemToObject(node->connections, port, bits);
}

const char *const lut_ports[PINS] = {"I0", "I1", "I2", "I3", "O"}, *const carry_ports[PINS] = {
                                                                       NULL, "I0", "I1", "CI",
                                                                       "CO"};
static const char *const ff_ports[PINS] = {"D", NULL, NULL, NULL, "Q"};

/* By pin; NULL: it has none, nor has OTHER any. */
static const char *const *ports_of(enum kind kind)
{
    static const char *const none[PINS];
    return kind == LUT ? lut_ports : kind == CARRY ? carry_ports : kind == FF ? ff_ports : none;
}

static void read_node(struct node *node, cJSON *cell)
{
    const char *type = json_string(cell, "type", "");
    *node = (struct node){.cell = cell,
                          .connections = cJSON_GetObjectItemCaseSensitive(cell, "connections"),
                          .lut = NONE};
    node->kind = !strcmp(type, "SB_LUT4")      ? LUT
                 : !strcmp(type, "SB_CARRY")   ? CARRY
                 : !strncmp(type, "SB_DFF", 6) ? FF
                                               : OTHER;
    if (!strncmp(cell->string, "network.", 8)) node->kind = OTHER;
    const char *const *ports = ports_of(node->kind);
    for (int pin = 0; pin < PINS; pin++)
        node->net[pin] = ports[pin] ? connected(node->connections, ports[pin]) : ZERO;
    if (node->kind != FF) return;
    int clock = connected(node->connections, "C");
    node->control[0] = type[6] == 'N' ? -clock : clock;
    node->control[1] = connected(node->connections, "E");
    node->control[2] = connected(node->connections, "R") | connected(node->connections, "S");
}

struct node *netlist_add_node(struct netlist *list, cJSON *cell)
{
    list->nodes =
        array_grow(list->nodes, &list->node_capacity, (size_t)list->count + 1, sizeof *list->nodes);
    read_node(&list->nodes[list->count], cell);
    return &list->nodes[list->count++];
}

/* Calls for each bit of each port: of cells, and of the module, whose outputs are read. */
static void for_each_bit(struct netlist *list, const cJSON *module,
                         void (*call)(struct netlist *list, int net, int node, int pin,
                                      bool drives))
{
    const cJSON *port, *bit;
    for (int n = 0; n < list->count; n++) {
        const struct node *node = &list->nodes[n];
        const cJSON *directions = json_find(node->cell, "port_directions");
        const char *const *ports = ports_of(node->kind);
        cJSON_ArrayForEach(port, node->connections)
        {
            bool drives = !strcmp(json_string(directions, port->string, ""), "output");
            cJSON_ArrayForEach(bit, port)
            {
                int net = net_of(bit), pin = OTHER + PINS;
                for (int p = 0; p < PINS; p++)
                    if (ports[p] && !strcmp(ports[p], port->string)) pin = p;
                if (net > ONE) call(list, net, n, pin, drives);
            }
        }
    }
    cJSON_ArrayForEach(port, json_find(module, "ports"))
    {
        bool drives = !strcmp(json_string(port, "direction", ""), "input");
        cJSON_ArrayForEach(bit, json_find(port, "bits"))
        {
            int net = net_of(bit);
            if (net > ONE) call(list, net, PORT, OUT, drives);
        }
    }
}

static void find_most(struct netlist *list, int net, int node, int pin, bool drives)
{
    (void)node, (void)pin, (void)drives;
    if (net >= list->nets) list->nets = net + 1;
}

static void count_reader(struct netlist *list, int net, int node, int pin, bool drives)
{
    (void)pin;
    if (drives)
        list->driver[net] = node;
    else
        list->first[net]++;
}

/* first[n], then at the end of n's readers, moves down to their begin. */
static void note_reader(struct netlist *list, int net, int node, int pin, bool drives)
{
    if (!drives) list->readers[--list->first[net]] = (struct reader){node, pin};
}

void netlist_drop_links(struct netlist *list)
{
    free(list->driver), free(list->first), free(list->readers);
}

void netlist_link(struct netlist *list, const cJSON *module)
{
    list->nets = ONE + 1;
    for_each_bit(list, module, find_most);
    /* Each cell may add a net, which is then without driver and readers here: nobody asks. */
    int nets = list->nets + list->count + 1, sum = 0;
    size_t capacity = 0;
    list->driver = array_grow(NULL, &capacity, (size_t)nets, sizeof *list->driver);
    capacity = 0;
    list->first = array_grow(NULL, &capacity, (size_t)nets, sizeof *list->first);
    for (int n = 0; n < nets; n++)
        list->driver[n] = NONE, list->first[n] = 0;
    for_each_bit(list, module, count_reader);
    for (int n = 0; n < nets; n++)
        list->first[n] = sum += list->first[n];
    capacity = 0;
    list->readers = array_grow(NULL, &capacity, (size_t)sum + 1, sizeof *list->readers);
    for_each_bit(list, module, note_reader);
}

int netlist_readers_of(const struct netlist *list, int net)
{
    return net > ONE ? list->first[net + 1] - list->first[net] : 0;
}

bool netlist_is_carry_out(const struct netlist *list, int net)
{
    return net > ONE && list->driver[net] >= 0 && list->nodes[list->driver[net]].kind == CARRY;
}

int netlist_register_of(const struct netlist *list, int lut)
{
    int out = list->nodes[lut].net[OUT];
    if (netlist_readers_of(list, out) != 1) return NONE;
    struct reader only = list->readers[list->first[out]];
    return only.node >= 0 && list->nodes[only.node].kind == FF && only.pin == DATA ? only.node
                                                                                   : NONE;
}

/* ---- writing ---- */

void netlist_rewire(struct node *lut, const int net[4])
{
    cJSON *parameters = cJSON_GetObjectItemCaseSensitive(lut->cell, "parameters");
    const char *text = json_string(parameters, "LUT_INIT", "");
    char old[17] = "0000000000000000", init[17] = "0000000000000000";
    size_t length = strlen(text);
    for (size_t i = 0; i < length && i < 16; i++)
        old[15 - i] = text[length - 1 - i];
    for (int row = 0; row < 16; row++) {
        int from = 0;
        for (int pin = I0; pin <= I3; pin++) {
            int value = lut->net[pin] == ONE;
            for (int p = I0; p <= I3; p++)
                if (lut->net[pin] > ONE && net[p] == lut->net[pin]) value = row >> p & 1;
            from |= value << pin;
        }
        init[15 - row] = old[15 - from];
    }
    cJSON_ReplaceItemInObjectCaseSensitive(parameters, "LUT_INIT", cJSON_CreateString(init));
    for (int pin = I0; pin <= I3; pin++) {
        lut->net[pin] = net[pin];
        netlist_connect(lut, lut_ports[pin], net[pin]);
    }
}

cJSON *netlist_new_cell(struct netlist *list, const struct node *beside, const char *suffix,
                        const char *type, const char *const ports[PINS])
{
    char name[1000];
    snprintf(name, sizeof name, "%.900s%s", beside->cell->string, suffix);
    cJSON *cell = cJSON_AddObjectToObject(list->cells, name);
    cJSON_AddNumberToObject(cell, "hide_name", 0);
    cJSON_AddStringToObject(cell, "type", type);
    cJSON_AddObjectToObject(cell, "parameters");
    cJSON_AddObjectToObject(cell, "attributes");
    cJSON *directions = cJSON_AddObjectToObject(cell, "port_directions");
    cJSON_AddObjectToObject(cell, "connections");
    for (int pin = 0; pin < PINS; pin++)
        if (ports[pin])
            cJSON_AddStringToObject(directions, ports[pin], pin == OUT ? "output" : "input");
    return cell;
}
