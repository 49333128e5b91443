/* Ends of ECP5's carry chains that nothing reads, taken off the netlist before nextpnr sees it.
 *
 * nextpnr puts a CCU2C in front of every chain whose CIN has a net and one behind every chain whose
 * last COUT has one, constants and nets without readers not excepted: two LUTs each. ecp5_adders.v
 * starts chains with a half whose carry does not depend on CIN, so that it may be anything. */
#include "base/error.h"
#include "base/json.h"
#include "boards/flow/job.h"

#include <stdlib.h>
#include <string.h>

/* The number of a port's only bit; -1: a constant, or not one bit. */
static int bit_of(const cJSON *cell, const char *port)
{
    const cJSON *bits = json_find(cell, "connections");
    bits = cJSON_GetObjectItemCaseSensitive(bits, port);
    const cJSON *bit = cJSON_GetArraySize(bits) == 1 ? bits->child : NULL;
    return cJSON_IsNumber(bit) ? bit->valueint : -1;
}

static void disconnect(cJSON *cell, const char *port)
{
    cJSON *bits = cJSON_CreateArray();
    cJSON_AddItemToArray(bits, cJSON_CreateString("x"));
    cJSON_ReplaceItemInObjectCaseSensitive(cJSON_GetObjectItemCaseSensitive(cell, "connections"),
                                           port, bits);
}

/* Which bits of a module something reads. */
struct readers {
    unsigned char *is_read;
    size_t capacity;
};

static void note_bits(struct readers *readers, const cJSON *bits)
{
    const cJSON *bit;
    cJSON_ArrayForEach(bit, bits)
    {
        if (!cJSON_IsNumber(bit) || bit->valueint < 0) continue;
        size_t number = (size_t)bit->valueint, old = readers->capacity;
        readers->is_read = array_grow(readers->is_read, &readers->capacity, number + 1, 1);
        if (readers->capacity > old) memset(readers->is_read + old, 0, readers->capacity - old);
        readers->is_read[number] = 1;
    }
}

static void find_readers(const cJSON *module, struct readers *readers)
{
    const cJSON *item, *port;
    cJSON_ArrayForEach(item, json_find(module, "ports"))
    {
        if (strcmp(json_string(item, "direction", ""), "input"))
            note_bits(readers, json_find(item, "bits"));
    }
    cJSON_ArrayForEach(item, json_find(module, "cells"))
    {
        const cJSON *directions = json_find(item, "port_directions");
        cJSON_ArrayForEach(port, json_find(item, "connections"))
        {
            if (strcmp(json_string(directions, port->string, ""), "output"))
                note_bits(readers, port);
        }
    }
}

/* Whether the first half's carry is the same for any CIN: its LUT, with C0 = 0 and D0 = 1, gives 0
 * for every A0 and B0. INIT is written from bit 15 down. */
static bool ignores_cin(const cJSON *cell)
{
    const cJSON *connections = json_find(cell, "connections");
    const cJSON *c = json_find(connections, "C0"), *d = json_find(connections, "D0");
    const char *init = json_string(cell, "parameters.INIT0", "");
    bool is_start = c && c->child && cJSON_IsString(c->child) && d && d->child &&
                    cJSON_IsString(d->child) && !strcmp(c->child->valuestring, "0") &&
                    !strcmp(d->child->valuestring, "1");
    return is_start && strlen(init) == 16 && !strncmp(init + 4, "0000", 4);
}

static int trim_module(cJSON *module)
{
    struct readers readers = {0};
    find_readers(module, &readers);
    int starts = 0;
    cJSON *cell;
    cJSON_ArrayForEach(cell, json_find(module, "cells"))
    {
        if (strcmp(json_string(cell, "type", ""), "CCU2C")) continue;
        int out = bit_of(cell, "COUT");
        if (out >= 0 && !((size_t)out < readers.capacity && readers.is_read[out]))
            disconnect(cell, "COUT");
        if (bit_of(cell, "CIN") < 0 && ignores_cin(cell)) {
            disconnect(cell, "CIN");
            starts++;
        }
    }
    free(readers.is_read);
    return starts;
}

int job_trim_carries(struct build_job *job, const char *name)
{
    int starts = 0;
    const char *file = flow_path(job, name);
    cJSON *netlist = json_read(file);
    cJSON *module;
    cJSON_ArrayForEach(module, json_find(netlist, "modules"))
    {
        starts += trim_module(module);
    }
    json_write(file, netlist);
    cJSON_Delete(netlist);
    return starts;
}
