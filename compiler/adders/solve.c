/* From a matrix to its adder graph: what the problem asks, several starts, the search on the best.
 */
#include "compiler/adders/internal.h"
#include "compiler/adders/memo.h"

#include "base/error.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void adder_options_init(struct adder_options *options)
{
    *options = (struct adder_options){
        .extra_depth = 1, .effort = ADDER_EFFORT_AUTOMATIC, .seed = 1, .subtractor_price = 1};
}

static double read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double adder_seconds(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

bool adder_row_is_used(const struct adder_problem *problem, int row)
{
    const int64_t *weights = problem->weights + (size_t)row * (size_t)problem->columns;
    for (int j = 0; j < problem->columns; j++)
        if (weights[j]) return true;
    return false;
}

/* The finest bit of the inputs that have a weight. */
static int find_unit(const struct adder_problem *problem)
{
    int unit = INT_MAX;
    for (int i = 0; i < problem->rows; i++)
        if (problem->inputs[i].low < unit && adder_row_is_used(problem, i))
            unit = problem->inputs[i].low;
    return unit < INT_MAX ? unit : 0;
}

bool adder_problem_fits(const struct adder_problem *problem)
{
    int unit = find_unit(problem);
    double sum = 0;
    for (int i = 0; i < problem->rows; i++) {
        const struct adder_input *x = &problem->inputs[i];
        double largest = 0, value = fmax(fabs((double)x->lo), fabs((double)x->hi));
        for (int j = 0; j < problem->columns; j++)
            largest = fmax(largest, fabs((double)problem->weights[i * problem->columns + j]));
        if (largest > 0) sum += ldexp(largest * value, x->low - unit);
    }
    return sum < 0x1p58;
}

/* The problem in units of 2^unit. */
struct scaled {
    const struct adder_problem *problem;
    const struct adder_options *options;
    struct arena arena;
    int unit;
    int64_t *lo, *hi; /* [rows]; 0 without a weight */
    int *low;         /* [rows] */
    int most_depth;   /* ADDER_DEPTH_ANY */
};

/* One way to begin: columns with or without parents, shared greedily. */
struct start {
    struct sharing s;
    int *stands_for; /* [inputs - rows]: columns */
    int inputs;
    long price;
};

static int64_t weight_of(const struct adder_problem *problem, int row, int column)
{
    return problem->weights[(size_t)row * (size_t)problem->columns + (size_t)column];
}

/* Fewest adders on the longest path of a column: its digits in a tree. */
static int least_depth(const struct adder_problem *problem, int column)
{
    int digits = 0, depth = 0;
    for (int i = 0; i < problem->rows; i++)
        digits += digit_count(weight_of(problem, i, column));
    while (1 << depth < digits)
        depth++;
    return depth;
}

static struct scaled scale(const struct adder_problem *problem, const struct adder_options *options)
{
    struct scaled c = {.problem = problem, .options = options, .most_depth = ADDER_DEPTH_ANY};
    c.unit = find_unit(problem);
    c.lo = arena_alloc(&c.arena, (size_t)problem->rows + 1, sizeof *c.lo);
    c.hi = arena_alloc(&c.arena, (size_t)problem->rows + 1, sizeof *c.hi);
    c.low = arena_alloc(&c.arena, (size_t)problem->rows + 1, sizeof *c.low);
    for (int i = 0; i < problem->rows; i++) {
        if (!adder_row_is_used(problem, i)) continue;
        c.low[i] = problem->inputs[i].low - c.unit;
        c.lo[i] = problem->inputs[i].lo * ((int64_t)1 << c.low[i]);
        c.hi[i] = problem->inputs[i].hi * ((int64_t)1 << c.low[i]);
    }
    int depth = 0;
    for (int j = 0; j < problem->columns; j++) {
        int least = least_depth(problem, j);
        depth = least > depth ? least : depth;
    }
    int most = options->extra_depth >= 0 ? depth + options->extra_depth : 0;
    if (options->extra_depth >= 0 && most < DEPTH_LOADS) c.most_depth = most;
    return c;
}

/* ---- a start ---- */

/* Parents become given nodes, whose forms are their columns. */
static void add_parent(struct start *start, const struct scaled *c, const struct star *stars,
                       int parent)
{
    const struct adder_problem *problem = c->problem;
    struct sharing *s = &start->s;
    int64_t *form = calloc((size_t)problem->rows + 1, sizeof *form);
    if (!form) abort();
    int low = 62, rows = problem->rows;
    for (int i = 0; i < rows; i++) {
        form[i] = weight_of(problem, i, parent);
        if (!form[i]) continue;
        int bit = __builtin_ctzll((uint64_t)form[i]) + c->low[i];
        low = bit < low ? bit : low;
    }
    int depth = c->most_depth > 0 ? c->most_depth - 1 : least_depth(problem, parent) + 1;
    start->stands_for[start->inputs++ - rows] = parent;
    int node = nodes_add_form(&s->list, form, low, depth);
    int64_t *row = sharing_add_row(s);
    for (int j = 0; j < problem->columns; j++)
        if (stars[j].parent == parent)
            row[j] = (int64_t)(stars[j].negative ? -1 : 1) * ((int64_t)1 << stars[j].shift);
    sharing_index(s, node);
    if (c->most_depth > 0) s->most_load[parent] = depth_load(depth);
    free(form);
}

static void add_inputs(struct start *start, const struct scaled *c, const struct star *stars)
{
    const struct adder_problem *problem = c->problem;
    struct sharing *s = &start->s;
    for (int i = 0; i < problem->rows; i++) {
        nodes_add_input(&s->list, i, c->low[i]);
        int64_t *row = sharing_add_row(s);
        for (int j = 0; j < problem->columns; j++) {
            row[j] = weight_of(problem, i, j);
            if (stars[j].parent < 0) continue;
            int64_t parent =
                weight_of(problem, i, stars[j].parent) * ((int64_t)1 << stars[j].shift);
            row[j] += stars[j].negative ? parent : -parent;
        }
        sharing_index(s, i);
    }
}

static void start_init(struct start *start, const struct scaled *c, const struct star *stars,
                       bool oldest_first)
{
    const struct adder_problem *problem = c->problem;
    size_t columns = (size_t)problem->columns + 1;
    struct sharing *s = &start->s;
    sharing_init(s, problem->rows, problem->columns, c->lo, c->hi, c->options->subtractor_price);
    s->is_limited = c->most_depth >= 0;
    s->list.each = c->options->is_serial ? SERIAL_PRICE : 0;
    bool is_dear = c->options->subtractor_price > 1;
    s->difference_handicap = is_dear ? 9 : 0; /* by trial */
    start->stands_for = calloc(columns, sizeof *start->stands_for);
    bool *is_parent = calloc(columns, sizeof *is_parent);
    if (!start->stands_for || !is_parent) abort();
    start->inputs = problem->rows;
    add_inputs(start, c, stars);
    for (int j = 0; j < problem->columns; j++) {
        if (s->is_limited) s->most_load[j] = depth_load(c->most_depth);
        if (stars[j].parent < 0) continue;
        is_parent[stars[j].parent] = true;
    }
    for (int j = 0; j < problem->columns; j++)
        if (is_parent[j]) add_parent(start, c, stars, j);
    free(is_parent);
    struct greed greed = {.seed = c->options->seed, .oldest_first = oldest_first};
    sharing_run(s, &greed, NULL);
    start->price = search_price(s, start->inputs);
}

static void start_free(struct start *start)
{
    sharing_free(&start->s);
    free(start->stands_for);
}

/* The cheapest of the starts: columns as they are or as stars, old or new patterns first. */
static struct start find_start(const struct scaled *c, struct star *stars)
{
    struct start best;
    bool has_stars = false;
    for (int n = 0; n < 4; n++) {
        if (n == 2) has_stars = spanning_find(c->problem, c->most_depth, stars);
        if (n >= 2 && !has_stars) break;
        struct start other;
        start_init(n ? &other : &best, c, stars, n % 2 == 0);
        if (!n) continue;
        if (other.price < best.price) {
            struct start dearer = best;
            best = other;
            other = dearer;
        }
        start_free(&other);
    }
    return best;
}

static double automatic_effort(const struct adder_problem *problem)
{
    size_t size = (size_t)problem->rows * (size_t)problem->columns, zeros = 0;
    for (size_t i = 0; i < size; i++)
        zeros += problem->weights[i] == 0;
    return 4 * zeros >= size ? 0.4 : 4;
}

struct adder_graph *adder_solve(const struct adder_problem *problem,
                                const struct adder_options *options)
{
    double begin = read_clock(CLOCK_THREAD_CPUTIME_ID);
    struct adder_graph *known = adder_memo_find(problem, options);
    if (known) return known;
    double end = options->time_limit_s > 0 ? adder_seconds() + options->time_limit_s : 0;
    struct scaled c = scale(problem, options);
    struct star *stars = arena_alloc(&c.arena, (size_t)problem->columns + 1, sizeof *stars);
    for (int j = 0; j < problem->columns; j++)
        stars[j].parent = -1;
    struct start start = find_start(&c, stars);
    double effort =
        options->effort == ADDER_EFFORT_AUTOMATIC ? automatic_effort(problem) : options->effort;
    search_improve(&start.s, start.inputs, effort, options->seed, end);
    int tries = effort < 16 ? (int)(2 * effort) : 32;
    struct adder_graph *graph =
        graph_make(&start.s, problem, c.unit, start.stands_for, start.inputs, tries);
    start_free(&start);
    arena_free(&c.arena);
    const char *wrong = adder_graph_check(graph, problem);
    if (wrong) fail("adder graph: %s; a mistake of the compiler, please report it", wrong);
    graph->seconds = read_clock(CLOCK_THREAD_CPUTIME_ID) - begin;
    adder_memo_add(problem, options, graph);
    return graph;
}

void adder_graph_free(struct adder_graph *graph)
{
    if (!graph) return;
    arena_free(&graph->arena);
    free(graph);
}
