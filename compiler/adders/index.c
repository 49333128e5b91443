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
    s->most_load = calloc((size_t)columns + 1, sizeof *s->most_load);
    if (!s->load || !s->most_load) abort();
}

void sharing_free(struct sharing *s)
{
    nodes_free(&s->list);
    free(s->coefficients);
    free(s->slots);
    free(s->ranges);
    free(s->node_columns);
    free(s->load);
    free(s->most_load);
    free(s->changes);
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

/* Sets or clears the column in every slot, as the coefficient has the digit. */
static void fill_slots(struct sharing *s, struct slot_range range, int column, int64_t coefficient)
{
    uint64_t bit = (uint64_t)1 << column % 64;
    for (int i = 0; i < 2 * range.positions; i++) {
        uint64_t *set = &sharing_slot(s, range.first + i)[column / 64];
        bool has = coefficient && has_digit(coefficient, range.low + i / 2, i % 2);
        *set = has ? *set | bit : *set & ~bit;
    }
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
    struct slot_range range = {s->slot_count, 0, 0};
    if (any) {
        range.low = __builtin_ctzll(any);
        range.positions = 64 - __builtin_clzll(any) + 1 - range.low;
    }
    s->ranges[node] = range;
    s->slot_count += 2 * range.positions;
    s->slots = array_grow(s->slots, &s->slot_capacity, (size_t)s->slot_count * words + 1,
                          sizeof *s->slots);
    memset(sharing_slot(s, range.first), 0, 2 * (size_t)range.positions * words * sizeof *s->slots);
    for (int j = 0; j < s->columns && any; j++)
        if (row[j]) fill_slots(s, range, j, row[j]);
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
    size_t word = (size_t)column / 64;
    uint64_t bit = (uint64_t)1 << column % 64;
    if (s->keeps_changes) {
        s->changes = array_grow(s->changes, &s->change_capacity, (size_t)s->change_count + 1,
                                sizeof *s->changes);
        s->changes[s->change_count++] = (struct change){node, column, sharing_row(s, node)[column]};
    }
    put(s, node, column, coefficient);
    struct slot_range range = s->ranges[node];
    for (int i = 0; i < 2 * range.positions; i++) {
        uint64_t *set = &sharing_slot(s, range.first + i)[word];
        if ((*set & bit) && (!coefficient || !has_digit(coefficient, range.low + i / 2, i % 2)))
            *set &= ~bit;
    }
}

void sharing_restore(struct sharing *s, struct change change)
{
    put(s, change.node, change.column, change.coefficient);
    fill_slots(s, s->ranges[change.node], change.column, change.coefficient);
}
