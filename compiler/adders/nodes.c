/* Nodes of an adder graph: linear forms, exact intervals, bits. */
#include "compiler/adders/internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef __int128 int128;

void nodes_free(struct node_list *list)
{
    free(list->nodes);
    free(list->forms);
    list->nodes = NULL;
    list->forms = NULL;
}

static struct adder_node *add_node(struct node_list *list)
{
    size_t count = (size_t)list->count + 1, width = (size_t)list->width;
    list->nodes = array_grow(list->nodes, &list->node_capacity, count, sizeof *list->nodes);
    list->forms = array_grow(list->forms, &list->form_capacity, count * width, sizeof *list->forms);
    memset(list->forms + (count - 1) * width, 0, width * sizeof *list->forms);
    list->nodes[list->count] = (struct adder_node){0};
    return &list->nodes[list->count++];
}

int nodes_add_input(struct node_list *list, int row, int low)
{
    struct adder_node *node = add_node(list);
    *node = (struct adder_node){.kind = ADDER_INPUT,
                                .a = row,
                                .lo = list->input_lo[row],
                                .hi = list->input_hi[row],
                                .low = low};
    list->forms[(size_t)(list->count - 1) * (size_t)list->width + (size_t)row] = 1;
    return list->count - 1;
}

static int64_t saturate(int128 x)
{
    const int128 most = (int128)1 << 62;
    return (int64_t)(x > most ? most : x < -most ? -most : x);
}

static void wide_interval(const struct node_list *list, const int64_t *form, int64_t *lo,
                          int64_t *hi)
{
    int128 low = 0, high = 0;
    for (int i = 0; i < list->width; i++) {
        int64_t p = list->input_lo[i], q = list->input_hi[i];
        low += (int128)form[i] * (form[i] < 0 ? q : p);
        high += (int128)form[i] * (form[i] < 0 ? p : q);
    }
    *lo = saturate(low);
    *hi = saturate(high);
}

/* Bits of a magnitude. */
static int bits_of(uint64_t x)
{
    return x ? 64 - __builtin_clzll(x) : 0;
}

static uint64_t magnitude_over(const int64_t *restrict values, int count)
{
    uint64_t all = 0; /* the top bit is that of the largest */
    for (int i = 0; i < count; i++)
        all |= (uint64_t)(values[i] ^ values[i] >> 63);
    return all;
}

/* Exact; in 64 bits, which nearly always do. */
static void form_interval(const struct node_list *list, const int64_t *restrict form, int64_t *lo,
                          int64_t *hi)
{
    const int64_t *restrict los = list->input_lo, *restrict his = list->input_hi;
    const int width = list->width;
    if (bits_of(magnitude_over(form, width)) + list->reach_bits > 60) {
        wide_interval(list, form, lo, hi);
        return;
    }
    int64_t low = 0, high = 0;
    for (int i = 0; i < width; i++) {
        int64_t x = form[i] * los[i], y = form[i] * his[i];
        low += x < y ? x : y;
        high += x < y ? y : x;
    }
    *lo = low;
    *hi = high;
}

void nodes_init(struct node_list *list, int rows, const int64_t *input_lo, const int64_t *input_hi,
                int price)
{
    *list = (struct node_list){
        .width = rows, .input_lo = input_lo, .input_hi = input_hi, .price = price};
    list->reach_bits = bits_of(magnitude_over(input_lo, rows) | magnitude_over(input_hi, rows)) +
                       bits_of((uint64_t)rows);
}

int nodes_add_form(struct node_list *list, const int64_t *form, int low, int depth)
{
    struct adder_node *node = add_node(list);
    *node = (struct adder_node){.kind = ADDER_INPUT, .a = -1, .low = low, .depth = depth};
    size_t width = (size_t)list->width;
    memcpy(list->forms + (size_t)(list->count - 1) * width, form, width * sizeof *form);
    form_interval(list, form, &node->lo, &node->hi);
    return list->count - 1;
}

/* The form of a * 2^shift_a +- b * 2^shift_b. */
static void combine_forms(const struct node_list *list, const struct adder_node *node,
                          int64_t *restrict form)
{
    const int64_t *restrict x = list->forms + (size_t)node->a * (size_t)list->width;
    const int64_t *restrict y = list->forms + (size_t)node->b * (size_t)list->width;
    int64_t factor_x = (int64_t)1 << node->shift_a, factor_y = (int64_t)1 << node->shift_b;
    if (node->kind == ADDER_DIFFERENCE) factor_y = -factor_y;
    const int width = list->width;
    for (int i = 0; i < width; i++)
        form[i] = x[i] * factor_x + y[i] * factor_y;
}

static int64_t shifted(int64_t x, int shift)
{
    return saturate((int128)x * ((int128)1 << (shift > 63 ? 63 : shift)));
}

int nodes_bits(const struct node_list *list, const struct adder_node *node)
{
    const struct adder_node *a = &list->nodes[node->a], *b = &list->nodes[node->b];
    int low_a = a->low + node->shift_a, low_b = b->low + node->shift_b;
    int top_a = top_bit(a->lo, a->hi) + node->shift_a,
        top_b = top_bit(b->lo, b->hi) + node->shift_b;
    bool subtracts = node->kind == ADDER_DIFFERENCE;
    if (!subtracts && ((top_a < low_b && a->lo >= 0) || (top_b < low_a && b->lo >= 0))) return 0;
    int bits = top_bit(node->lo, node->hi) - (subtracts || low_b > low_a ? low_b : low_a) + 1;
    return bits > 0 ? bits : 0;
}

/* The node of two terms, without interval and bits; *out: sign and shift it comes with. */
static struct adder_node make_node(const struct node_list *list, struct term x, struct term y,
                                   bool positive, struct term *out)
{
    const struct adder_node *nodes = list->nodes;
    bool subtracts = x.negative != y.negative, swaps;
    int low_x = nodes[x.node].low + x.shift, low_y = nodes[y.node].low + y.shift;
    if (subtracts && (positive || low_x == low_y))
        swaps = x.negative;
    else
        swaps = low_x > low_y;
    if (swaps) {
        struct term other = x;
        x = y;
        y = other;
    }
    int shift = x.shift < y.shift ? x.shift : y.shift;
    *out = (struct term){-1, shift, x.negative};
    struct adder_node node = {.kind = subtracts ? ADDER_DIFFERENCE : ADDER_SUM,
                              .a = x.node,
                              .b = y.node,
                              .shift_a = x.shift - shift,
                              .shift_b = y.shift - shift};
    int low_a = nodes[x.node].low + node.shift_a, low_b = nodes[y.node].low + node.shift_b;
    node.low = low_a < low_b ? low_a : low_b;
    int depth_a = nodes[x.node].depth, depth_b = nodes[y.node].depth;
    node.depth = (depth_a > depth_b ? depth_a : depth_b) + 1;
    return node;
}

struct term nodes_add(struct node_list *list, struct term x, struct term y, bool positive)
{
    struct term out;
    struct adder_node node = make_node(list, x, y, positive, &out);
    struct adder_node *added = add_node(list);
    int64_t *form = list->forms + (size_t)(list->count - 1) * (size_t)list->width;
    combine_forms(list, &node, form);
    form_interval(list, form, &node.lo, &node.hi);
    node.bits = nodes_bits(list, &node);
    *added = node;
    out.node = list->count - 1;
    return out;
}

int nodes_guess(const struct node_list *list, struct term x, struct term y)
{
    struct term out;
    struct adder_node node = make_node(list, x, y, false, &out);
    const struct adder_node *a = &list->nodes[node.a], *b = &list->nodes[node.b];
    int64_t lo = shifted(b->lo, node.shift_b), hi = shifted(b->hi, node.shift_b);
    if (node.kind == ADDER_DIFFERENCE) {
        int64_t other = lo;
        lo = -hi;
        hi = -other;
    }
    node.lo = saturate((int128)shifted(a->lo, node.shift_a) + lo);
    node.hi = saturate((int128)shifted(a->hi, node.shift_a) + hi);
    return nodes_bits(list, &node);
}

long nodes_total(const struct node_list *list, int first)
{
    long total = 0;
    for (int i = first; i < list->count; i++)
        total += nodes_price_of(list, i);
    return total;
}
