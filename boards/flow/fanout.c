/* Nets of a Gowin netlist with some more readers than ten, divided by LUTs that hand them on.
 *
 * Before it routes anything else, nextpnr-himbaechel 0.11 puts nets of 8 to 50 readers, of which
 * more than ten are far from the driver, onto wires that run through a column, and locks them with
 * all that leads there. What is locked can close the only way to another cell's pin: "Failed to
 * find a route", whatever the router then tries. Nets of up to ten readers are never chosen. */
#include "base/error.h"
#include "base/json.h"
#include "boards/flow/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    READERS_FREE = 10, /* a net of so many is left to the router */
    READERS_MOST = 50  /* and one of more than these is too */
};

struct net {
    bool is_driven, is_clock;
    int readers;
    int first, last; /* of the list of readers, -1: none */
};

struct reader {
    cJSON *bit;
    int weight; /* pins once it is packed */
    int next;
};

struct netlist {
    struct net *nets;
    size_t net_count, net_capacity;
    struct reader *readers;
    size_t reader_count, reader_capacity;
};

static struct net *find_net(struct netlist *netlist, const cJSON *bit)
{
    if (!cJSON_IsNumber(bit) || bit->valueint < 0) return NULL;
    size_t number = (size_t)bit->valueint;
    if (number >= netlist->net_count) {
        netlist->nets =
            array_grow(netlist->nets, &netlist->net_capacity, number + 1, sizeof *netlist->nets);
        for (size_t i = netlist->net_count; i <= number; i++)
            netlist->nets[i] = (struct net){.first = -1, .last = -1};
        netlist->net_count = number + 1;
    }
    return &netlist->nets[number];
}

static void add_reader(struct netlist *netlist, struct net *net, cJSON *bit, int weight)
{
    int index = (int)netlist->reader_count;
    netlist->readers = array_grow(netlist->readers, &netlist->reader_capacity,
                                  netlist->reader_count + 1, sizeof *netlist->readers);
    netlist->readers[netlist->reader_count++] = (struct reader){bit, weight, -1};
    if (net->last < 0)
        net->first = index;
    else
        netlist->readers[net->last].next = index;
    net->last = index;
    net->readers += weight;
}

/* A distributed memory is packed into four tables, each with the address it is read at. */
static int weight_of(const char *type, const char *port)
{
    return strncmp(type, "RAM16SDP4", 9) == 0 && strcmp(port, "RAD") == 0 ? 4 : 1;
}

/* The clock networks' own drivers, and the pads. */
static bool drives_globally(const char *type)
{
    return !strcmp(type, "rPLL") || !strcmp(type, "BUFG") || !strcmp(type, "IBUF");
}

static void read_cell(struct netlist *netlist, const cJSON *cell)
{
    const char *type = json_string(cell, "type", "");
    const cJSON *directions = json_find(cell, "port_directions"), *port;
    cJSON_ArrayForEach(port, json_find(cell, "connections"))
    {
        bool is_output = !strcmp(json_string(directions, port->string, ""), "output");
        cJSON *bit;
        cJSON_ArrayForEach(bit, port)
        {
            struct net *net = find_net(netlist, bit);
            if (net == NULL) continue;
            if (is_output) {
                net->is_driven = !drives_globally(type);
                continue;
            }
            if (!strncmp(port->string, "CLK", 3)) net->is_clock = true;
            add_reader(netlist, net, bit, weight_of(type, port->string));
        }
    }
}

/* A LUT that hands bit `from` on as bit `to`. */
static void add_buffer(cJSON *module, int from, int to)
{
    char name[64];
    snprintf(name, sizeof name, "fanout_%d_%d", from, to);
    cJSON *cell = cJSON_AddObjectToObject(cJSON_GetObjectItem(module, "cells"), name);
    cJSON_AddNumberToObject(cell, "hide_name", 0);
    cJSON_AddStringToObject(cell, "type", "LUT1");
    cJSON_AddStringToObject(cJSON_AddObjectToObject(cell, "parameters"), "INIT", "10");
    cJSON_AddObjectToObject(cell, "attributes");
    cJSON *directions = cJSON_AddObjectToObject(cell, "port_directions");
    cJSON_AddStringToObject(directions, "I0", "input");
    cJSON_AddStringToObject(directions, "F", "output");
    cJSON *connections = cJSON_AddObjectToObject(cell, "connections");
    cJSON_AddItemToArray(cJSON_AddArrayToObject(connections, "I0"), cJSON_CreateNumber(from));
    cJSON_AddItemToArray(cJSON_AddArrayToObject(connections, "F"), cJSON_CreateNumber(to));
    cJSON *net = cJSON_AddObjectToObject(cJSON_GetObjectItem(module, "netnames"), name);
    cJSON_AddNumberToObject(net, "hide_name", 0);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(net, "bits"), cJSON_CreateNumber(to));
    cJSON_AddObjectToObject(net, "attributes");
}

/* Groups of at most READERS_FREE that the readers behind the first `own` fill, in their order. */
static int count_groups(const struct netlist *netlist, const struct net *net, int own)
{
    int groups = 0, room = own;
    for (int i = net->first; i >= 0; i = netlist->readers[i].next) {
        int weight = netlist->readers[i].weight;
        if (weight > room) groups++, room = READERS_FREE;
        room -= weight;
    }
    return groups;
}

/* The first readers stay, as many as there is room for beside the buffers. */
static int divide(const struct netlist *netlist, cJSON *module, int number, int *last_bit)
{
    const struct net *net = &netlist->nets[number];
    int buffers = 1;
    while (count_groups(netlist, net, READERS_FREE - buffers) > buffers)
        buffers++;
    int room = READERS_FREE - buffers, made = 0;
    for (int i = net->first; i >= 0; i = netlist->readers[i].next) {
        const struct reader *reader = &netlist->readers[i];
        if (reader->weight > room) {
            add_buffer(module, number, ++*last_bit);
            room = READERS_FREE;
            made++;
        }
        room -= reader->weight;
        if (made > 0) cJSON_SetNumberValue(reader->bit, *last_bit);
    }
    return made;
}

static int divide_module(cJSON *module)
{
    struct netlist netlist = {0};
    const cJSON *item, *bit;
    cJSON_ArrayForEach(item, json_find(module, "cells"))
    {
        read_cell(&netlist, item);
    }
    cJSON_ArrayForEach(item, json_find(module, "netnames"))
    {
        cJSON_ArrayForEach(bit, json_find(item, "bits"))
        {
            find_net(&netlist, bit);
        }
    }
    int last_bit = (int)netlist.net_count - 1, made = 0;
    for (int i = 0; i < (int)netlist.net_count; i++) {
        const struct net *net = &netlist.nets[i];
        if (net->is_driven && !net->is_clock && net->readers > READERS_FREE &&
            net->readers <= READERS_MOST)
            made += divide(&netlist, module, i, &last_bit);
    }
    free(netlist.nets);
    free(netlist.readers);
    return made;
}

void job_divide_nets(struct build_job *job, const char *name)
{
    const char *file = flow_path(job, name);
    cJSON *netlist = json_read(file);
    cJSON *module;
    int made = 0;
    cJSON_ArrayForEach(module, json_find(netlist, "modules"))
    {
        made += divide_module(module);
    }
    json_write(file, netlist);
    cJSON_Delete(netlist);
    if (made > 0) info("%d LUTs divide nets that nextpnr would lock", made);
}
