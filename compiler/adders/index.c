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
    *s = (struct sharing){
        .columns = columns, .words = (columns + 63) / 64, .most_depth = ADDER_DEPTH_ANY};
    nodes_init(&s->list, rows, input_lo, input_hi, price);
    s->load = calloc((size_t)columns + 1, sizeof *s->load);
    if (!s->load) abort();
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
}

/* The index of `to` is not copied: sharing_index() makes it. */
void sharing_copy(struct sharing *to, const struct sharing *from)
{
    size_t count = (size_t)from->list.count * (size_t)from->columns;
    nodes_copy(&to->list, &from->list);
    to->coefficients =
        array_grow(to->coefficients, &to->coefficient_capacity, count, sizeof *to->coefficients);
    memcpy(to->coefficients, from->coefficients, count * sizeof *to->coefficients);
    memset(to->load, 0, (size_t)to->columns * sizeof *to->load);
    to->slot_count = 0;
    to->most_depth = from->most_depth;
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

static void add_slot(struct sharing *s, int shift, bool negative, const uint64_t *columns)
{
    size_t words = (size_t)s->words, count = (size_t)s->slot_count + 1;
    s->slots = array_grow(s->slots, &s->slot_capacity, count, sizeof *s->slots);
    s->slot_columns =
        array_grow(s->slot_columns, &s->slot_word_capacity, count * words, sizeof *s->slot_columns);
    s->slots[count - 1] = (struct slot){shift, negative};
    memcpy(s->slot_columns + (count - 1) * words, columns, words * sizeof *columns);
    s->slot_count++;
}

void sharing_index(struct sharing *s, int node)
{
    enum { MOST_WORDS = 1024 };
    size_t words = (size_t)s->words, nodes = (size_t)node + 1;
    s->ranges = array_grow(s->ranges, &s->range_capacity, nodes, sizeof *s->ranges);
    s->node_columns =
        array_grow(s->node_columns, &s->node_word_capacity, nodes * words, sizeof *s->node_columns);
    uint64_t *used = s->node_columns + (size_t)node * words;
    memset(used, 0, words * sizeof *used);
    const int64_t *row = sharing_row(s, node);
    uint64_t any = 0, unit = depth_load(s->list.nodes[node].depth);
    for (int j = 0; j < s->columns; j++) {
        if (!row[j]) continue;
        used[j / 64] |= (uint64_t)1 << j % 64;
        any |= row[j] < 0 ? (uint64_t)-row[j] : (uint64_t)row[j];
        s->load[j] += (uint64_t)digit_count(row[j]) * unit;
    }
    s->ranges[node] = (struct slot_range){s->slot_count, 0};
    if (!any || words > MOST_WORDS) return;
    int top = 64 - __builtin_clzll(any) + 1, low = __builtin_ctzll(any);
    for (int k = low; k < top; k++)
        for (int negative = 0; negative < 2; negative++) {
            uint64_t columns[MOST_WORDS] = {0}, found = 0;
            for (int j = 0; j < s->columns; j++)
                if (row[j] && has_digit(row[j], k, negative)) {
                    columns[j / 64] |= (uint64_t)1 << j % 64;
                    found = 1;
                }
            if (found) add_slot(s, k, negative, columns);
        }
    s->ranges[node].count = s->slot_count - s->ranges[node].first;
}

void sharing_set(struct sharing *s, int node, int column, int64_t coefficient)
{
    size_t words = (size_t)s->words, word = (size_t)column / 64;
    uint64_t bit = (uint64_t)1 << column % 64;
    int64_t *at = &sharing_row(s, node)[column];
    uint64_t unit = depth_load(s->list.nodes[node].depth);
    s->load[column] -= (uint64_t)(digit_count(*at) - digit_count(coefficient)) * unit;
    *at = coefficient;
    if (!coefficient) s->node_columns[(size_t)node * words + word] &= ~bit;
    struct slot_range range = s->ranges[node];
    for (int i = range.first; i < range.first + range.count; i++) {
        uint64_t *set = &s->slot_columns[(size_t)i * words + word];
        if ((*set & bit) &&
            (!coefficient || !has_digit(coefficient, s->slots[i].shift, s->slots[i].negative)))
            *set &= ~bit;
    }
}
