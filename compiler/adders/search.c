/* The order of things: greedy sharing, then local search on it.
 *
 * A step of the search takes a shared node out, with all that are made of it: the columns get
 * their operands instead. What then can be shared is shared again, with gains a little disturbed so
 * that something else may come out, and the step is kept if it made nothing dearer (large
 * neighbourhood search; Shaw 1998). Only nodes and columns that the step touched are looked at. */
#include "compiler/adders/internal.h"

#include <stdlib.h>
#include <string.h>

static const double NOISE = 3.0; /* by trial */

struct search {
    struct sharing *s;
    struct pool pool;
    uint64_t random;
    int rows;            /* given nodes: inputs and columns that stand for their sums */
    long *column_prices; /* [columns] of the sums */
    long *new_prices;    /* [columns] in this step; -1: as before */
    uint64_t *load;      /* [columns] before the step */
    /* [capacity] of nodes */
    bool *is_dead;             /* taken out */
    bool *is_touched;          /* coefficients grew in this step */
    int *died;                 /* in this step, died_count of them */
    struct slot_range *ranges; /* before the step, of touched nodes */
    int died_count;
    size_t capacity;
};

static void *must_grow(void *array, size_t count, size_t size)
{
    array = realloc(array, count * size);
    if (!array) abort();
    return array;
}

static void make_room(struct search *q)
{
    size_t count = (size_t)q->s->list.count, old = q->capacity;
    if (count < old) return;
    q->capacity = 2 * count + 64;
    q->is_dead = must_grow(q->is_dead, q->capacity, sizeof *q->is_dead);
    q->is_touched = must_grow(q->is_touched, q->capacity, sizeof *q->is_touched);
    q->died = must_grow(q->died, q->capacity, sizeof *q->died);
    q->ranges = must_grow(q->ranges, q->capacity, sizeof *q->ranges);
    memset(q->is_dead + old, 0, (q->capacity - old) * sizeof *q->is_dead);
}

static uint64_t next_random(struct search *q)
{
    return q->random = mix64(q->random);
}

/* ---- a step ---- */

/* Takes one node out of all columns. */
static void dissolve(struct search *q, int n)
{
    struct sharing *s = q->s;
    const struct adder_node node = s->list.nodes[n];
    int64_t factor_a = (int64_t)1 << node.shift_a, factor_b = (int64_t)1 << node.shift_b;
    if (node.kind == ADDER_DIFFERENCE) factor_b = -factor_b;
    for (int j = 0; j < s->columns; j++) {
        int64_t c = sharing_row(s, n)[j];
        if (!c) continue;
        sharing_set(s, node.a, j, sharing_row(s, node.a)[j] + c * factor_a);
        sharing_set(s, node.b, j, sharing_row(s, node.b)[j] + c * factor_b);
        sharing_set(s, n, j, 0);
    }
    q->is_touched[node.a] = q->is_touched[node.b] = true;
}

/* Marks the node and all that stand on it. */
static void mark_dead(struct search *q, int first)
{
    const struct node_list *list = &q->s->list;
    q->is_dead[first] = true;
    q->died[q->died_count++] = first;
    for (int n = first + 1; n < list->count; n++) {
        const struct adder_node *node = &list->nodes[n];
        if (q->is_dead[n] || !(q->is_dead[node->a] || q->is_dead[node->b])) continue;
        q->is_dead[n] = true;
        q->died[q->died_count++] = n;
    }
}

static int compare_numbers(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

/* Takes the marked nodes out, the last first; returns their price. */
static long take_out(struct search *q)
{
    struct sharing *s = q->s;
    long price = 0;
    memset(q->is_touched, 0, (size_t)s->list.count * sizeof *q->is_touched);
    qsort(q->died, (size_t)q->died_count, sizeof *q->died, compare_numbers);
    for (int k = q->died_count - 1; k >= 0; k--) {
        price += nodes_price_of(&s->list, q->died[k]);
        dissolve(q, q->died[k]);
    }
    for (int n = 0; n < s->list.count; n++) {
        if (q->is_dead[n]) q->is_touched[n] = false;
        if (!q->is_touched[n]) continue;
        q->ranges[n] = s->ranges[n];
        sharing_index_again(s, n);
    }
    return price;
}

static long price_columns(struct search *q)
{
    struct sharing *s = q->s;
    long difference = 0;
    for (int j = 0; j < s->columns; j++)
        q->new_prices[j] = -1;
    for (int k = 0; k < s->change_count; k++) {
        int j = s->changes[k].column;
        if (q->new_prices[j] >= 0) continue;
        q->new_prices[j] = sums_price(&q->pool, j);
        difference += q->new_prices[j] - q->column_prices[j];
    }
    return difference;
}

static void undo(struct search *q, int count, int slot_count)
{
    struct sharing *s = q->s;
    for (int n = 0; n < count; n++)
        if (q->is_touched[n]) s->ranges[n] = q->ranges[n];
    for (int k = s->change_count - 1; k >= 0; k--)
        if (s->changes[k].node < count) sharing_restore(s, s->changes[k]);
    memcpy(s->load, q->load, (size_t)s->columns * sizeof *s->load);
    for (int k = 0; k < q->died_count; k++)
        q->is_dead[q->died[k]] = false;
    s->list.count = count;
    s->slot_count = slot_count;
}

/* Drops dead nodes and old slots for good. */
static void compact(struct search *q)
{
    struct sharing *s = q->s;
    struct node_list *list = &s->list;
    int *numbers = q->died, count = 0;
    size_t width = (size_t)list->width, columns = (size_t)s->columns;
    for (int n = 0; n < list->count; n++) {
        if (q->is_dead[n]) continue;
        int to = count++;
        numbers[n] = to;
        struct adder_node *node = &list->nodes[to];
        *node = list->nodes[n];
        if (n >= q->rows) {
            node->a = numbers[node->a];
            node->b = numbers[node->b];
        }
        memmove(list->forms + (size_t)to * width, list->forms + (size_t)n * width,
                width * sizeof *list->forms);
        memmove(sharing_row(s, to), sharing_row(s, n), columns * sizeof *s->coefficients);
    }
    list->count = count;
    memset(q->is_dead, 0, q->capacity * sizeof *q->is_dead);
    s->slot_count = 0;
    for (int n = 0; n < count; n++)
        sharing_index_again(s, n);
}

static int random_live(struct search *q)
{
    int shared = q->s->list.count - q->rows;
    for (;;) {
        int n = q->rows + (int)(next_random(q) % (uint64_t)shared);
        if (!q->is_dead[n]) return n;
    }
}

static void step(struct search *q)
{
    struct sharing *s = q->s;
    int count = s->list.count, slot_count = s->slot_count;
    make_room(q);
    memcpy(q->load, s->load, (size_t)s->columns * sizeof *s->load);
    s->change_count = 0;
    q->died_count = 0;
    mark_dead(q, random_live(q));
    long difference = -take_out(q);
    struct greed greed = {.seed = next_random(q), .noise = NOISE};
    sharing_run(s, &greed, q->is_touched);
    difference += nodes_total(&s->list, count) + price_columns(q);
    if (difference > 0) {
        undo(q, count, slot_count);
        return;
    }
    make_room(q);
    for (int j = 0; j < s->columns; j++)
        if (q->new_prices[j] >= 0) q->column_prices[j] = q->new_prices[j];
}

static int live_count(const struct search *q)
{
    int count = 0;
    for (int n = q->rows; n < q->s->list.count; n++)
        count += !q->is_dead[n];
    return count;
}

static void run_steps(struct search *q, long steps, double end)
{
    struct sharing *s = q->s;
    int slot_count = s->slot_count, count = s->list.count;
    s->keeps_changes = true;
    for (long k = 0; k < steps && live_count(q) > 0; k++) {
        if (end > 0 && adder_seconds() > end) break;
        step(q);
        if (s->slot_count > 3 * slot_count + 1000 || s->list.count > 2 * count + 100) compact(q);
    }
    compact(q);
    s->keeps_changes = false;
}

long search_price(struct sharing *s, int inputs)
{
    struct pool pool = {.s = s};
    long price = nodes_total(&s->list, inputs);
    for (int j = 0; j < s->columns; j++)
        price += sums_price(&pool, j);
    sums_free(&pool);
    return price;
}

/* Steps of large graphs are dear (about nodes times columns), so they get fewer. */
static long count_steps(const struct sharing *s, int shared, double effort)
{
    double size = (double)shared * s->columns * s->columns, most = 1.2e10;
    double steps = shared / 4.0;
    if (size > 0 && steps > most / size) steps = most / size;
    return (long)(effort * steps);
}

void search_improve(struct sharing *s, int inputs, double effort, uint64_t seed, double end)
{
    size_t columns = (size_t)s->columns + 1;
    struct search q = {.s = s, .random = seed, .rows = inputs};
    struct arena arena = {0};
    long steps = count_steps(s, s->list.count - inputs, effort);
    if (steps < 1) return;
    q.pool.s = s;
    q.column_prices = arena_alloc(&arena, columns, sizeof *q.column_prices);
    q.new_prices = arena_alloc(&arena, columns, sizeof *q.new_prices);
    q.load = arena_alloc(&arena, columns, sizeof *q.load);
    make_room(&q);
    for (int j = 0; j < s->columns; j++)
        q.column_prices[j] = sums_price(&q.pool, j);
    run_steps(&q, steps, end);
    sums_free(&q.pool);
    free(q.is_dead);
    free(q.is_touched);
    free(q.died);
    free(q.ranges);
    arena_free(&arena);
}
