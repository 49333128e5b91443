/* The columns while they are being shared: coefficients, and for every node and signed digit the
 * set of columns that can use it. Sets are bit vectors, so that the occurrences of a pattern in all
 * columns are counted by a few ands. Digits only vanish once a node is indexed (a coefficient less
 * one digit of a shortest form keeps only digits that it had), which makes counts upper bounds for
 * ever. */
#include "compiler/adders/internal.h"

#include <stdlib.h>
#include <string.h>

void sharing_init(struct sharing *s, int rows, int columns, const int64_t *input_lo,
                  const int64_t *input_hi, int price)
{
    *s = (struct sharing){.columns = columns, .words = (columns + 63) / 64};
    nodes_init(&s->list, rows, input_lo, input_hi, price);
    s->load = calloc((size_t)columns + 1, sizeof *s->load);
    s->found = calloc((size_t)s->words + 1, sizeof *s->found);
    s->most_load = calloc((size_t)columns + 1, sizeof *s->most_load);
    if (!s->load || !s->found || !s->most_load) abort();
}

void sharing_free(struct sharing *s)
{
    nodes_free(&s->list);
    free(s->coefficients);
    free(s->slots);
    free(s->slot_columns);
    free(s->ranges);
    free(s->node_columns);
    free(s->load);
    free(s->most_load);
    free(s->changes);
    free(s->found);
}

int64_t *sharing_add_row(struct sharing *s)
{
    size_t columns = (size_t)s->columns, count = (size_t)s->list.count;
    s->coefficients = array_grow(s->coefficients, &s->coefficient_capacity, count * columns,
                                 sizeof *s->coefficients);
    int64_t *row = sharing_row(s, s->list.count - 1);
    memset(row, 0, columns * sizeof *row);
    return row;
}

uint64_t depth_load(int depth)
{
    return (uint64_t)1 << (depth < 40 ? depth : 40);
}

static void add_slot(struct sharing *s, struct slot slot, const uint64_t *columns)
{
    size_t words = (size_t)s->words, count = (size_t)s->slot_count + 1;
    s->slots = array_grow(s->slots, &s->slot_capacity, count, sizeof *s->slots);
    s->slot_columns =
        array_grow(s->slot_columns, &s->slot_word_capacity, count * words, sizeof *s->slot_columns);
    s->slots[count - 1] = slot;
    memcpy(s->slot_columns + (count - 1) * words, columns, words * sizeof *columns);
    s->slot_count++;
}

/* Columns whose coefficient can use the digit; false if none. */
static bool find_columns(const struct sharing *s, const int64_t *row, struct slot slot,
                         uint64_t *columns)
{
    bool found = false;
    memset(columns, 0, (size_t)s->words * sizeof *columns);
    for (int j = 0; j < s->columns; j++) {
        if (!row[j] || !has_digit(row[j], slot.shift, slot.negative)) continue;
        columns[j / 64] |= (uint64_t)1 << j % 64;
        found = true;
    }
    return found;
}

void sharing_index_again(struct sharing *s, int node)
{
    size_t words = (size_t)s->words;
    uint64_t *used = s->node_columns + (size_t)node * words, any = 0;
    memset(used, 0, words * sizeof *used);
    const int64_t *row = sharing_row(s, node);
    for (int j = 0; j < s->columns; j++) {
        if (!row[j]) continue;
        used[j / 64] |= (uint64_t)1 << j % 64;
        any |= row[j] < 0 ? (uint64_t)-row[j] : (uint64_t)row[j];
    }
    s->ranges[node] = (struct slot_range){s->slot_count, 0};
    if (!any) return;
    int top = 64 - __builtin_clzll(any) + 1;
    for (int k = __builtin_ctzll(any); k < top; k++)
        for (int negative = 0; negative < 2; negative++) {
            struct slot slot = {k, negative};
            if (find_columns(s, row, slot, s->found)) add_slot(s, slot, s->found);
        }
    s->ranges[node].count = s->slot_count - s->ranges[node].first;
}

void sharing_index(struct sharing *s, int node)
{
    size_t words = (size_t)s->words, nodes = (size_t)node + 1;
    s->ranges = array_grow(s->ranges, &s->range_capacity, nodes, sizeof *s->ranges);
    s->node_columns =
        array_grow(s->node_columns, &s->node_word_capacity, nodes * words, sizeof *s->node_columns);
    const int64_t *row = sharing_row(s, node);
    uint64_t unit = depth_load(s->list.nodes[node].depth);
    for (int j = 0; j < s->columns; j++)
        s->load[j] += (uint64_t)digit_count(row[j]) * unit;
    sharing_index_again(s, node);
}

/* The coefficient itself, the column's load and the node's columns. */
static void put(struct sharing *s, int node, int column, int64_t coefficient)
{
    uint64_t *used = &s->node_columns[(size_t)node * (size_t)s->words + (size_t)column / 64];
    uint64_t bit = (uint64_t)1 << column % 64, unit = depth_load(s->list.nodes[node].depth);
    int64_t *at = &sharing_row(s, node)[column];
    s->load[column] += (uint64_t)digit_count(coefficient) * unit;
    s->load[column] -= (uint64_t)digit_count(*at) * unit;
    *at = coefficient;
    *used = coefficient ? *used | bit : *used & ~bit;
}

void sharing_set(struct sharing *s, int node, int column, int64_t coefficient)
{
    size_t words = (size_t)s->words, word = (size_t)column / 64;
    uint64_t bit = (uint64_t)1 << column % 64;
    if (s->keeps_changes) {
        s->changes = array_grow(s->changes, &s->change_capacity, (size_t)s->change_count + 1,
                                sizeof *s->changes);
        s->changes[s->change_count++] = (struct change){node, column, sharing_row(s, node)[column]};
    }
    put(s, node, column, coefficient);
    struct slot_range range = s->ranges[node];
    for (int i = range.first; i < range.first + range.count; i++) {
        uint64_t *set = &s->slot_columns[(size_t)i * words + word];
        if ((*set & bit) &&
            (!coefficient || !has_digit(coefficient, s->slots[i].shift, s->slots[i].negative)))
            *set &= ~bit;
    }
}

void sharing_restore(struct sharing *s, struct change change)
{
    size_t words = (size_t)s->words, word = (size_t)change.column / 64;
    uint64_t bit = (uint64_t)1 << change.column % 64;
    put(s, change.node, change.column, change.coefficient);
    struct slot_range range = s->ranges[change.node];
    for (int i = range.first; i < range.first + range.count; i++) {
        uint64_t *set = &s->slot_columns[(size_t)i * words + word];
        bool has = change.coefficient &&
                   has_digit(change.coefficient, s->slots[i].shift, s->slots[i].negative);
        *set = has ? *set | bit : *set & ~bit;
    }
}
