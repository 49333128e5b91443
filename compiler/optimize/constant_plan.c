/* The cheapest parts of a constant: a shortest path from its lowest bit up.
 *
 * At bit p what is left, divided by 2^p, is an integer: that of the constant itself, more or less
 * by a few carries. Parts at that bit have to make it even; then it is halved. The path ends where
 * nothing is left, or where one site takes all of the rest. */
#include "compiler/optimize/constant_plan.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

enum {
    REACH = 6,              /* |what is left - the constant's own| at most */
    STATES = 2 * REACH + 1, /* of one bit and open site */
    BITS = 64,
    OPEN_MOST = 16, /* sites of kind BELOW that are looked at */
    UNIT = 16       /* an adder bit; a part itself costs 1, to have few of them */
};

struct node {
    int cost;   /* INT_MAX: not reached */
    int before; /* node of the bit before, -1: the start */
    int digit;  /* parts taken at the bit before, in units of it */
    bool opened;
};

struct planner {
    const struct site *sites;
    int count, open_count;
    int open[OPEN_MOST]; /* sites of kind BELOW */
    int64_t integer;
    int bit;
    struct node *nodes; /* [BITS][open_count + 1][STATES]; open site 0: none */
    int best_cost, best_node, best_site;
};

static int64_t shifted_down(int64_t integer, int bits)
{
    return integer >> (bits > 62 ? 62 : bits);
}

static int node_number(const struct planner *q, int i, int open, int64_t rest)
{
    int64_t difference = rest - shifted_down(q->integer, i);
    if (difference < -REACH || difference > REACH) return -1;
    return (i * (q->open_count + 1) + open) * STATES + (int)difference + REACH;
}

static int top_of(int64_t magnitude, int bit)
{
    return 63 - __builtin_clzll((unsigned long long)magnitude) + bit;
}

/* What it costs when the site takes rest * 2^bit; -1: it cannot. */
static int rest_cost(const struct site *s, int64_t rest, int bit)
{
    int64_t magnitude = rest < 0 ? -rest : rest;
    int low = __builtin_ctzll((unsigned long long)magnitude) + bit, top = top_of(magnitude, bit);
    if (low < s->first) return -1;
    switch (s->kind) {
    case SITE_MINUEND: return 1;
    case SITE_ADDER: {
        int high = top > s->top ? top : s->top, first = low > s->bit ? low : s->bit;
        return UNIT * ((high > first ? high - first : 0) + 2);
    }
    case SITE_ABOVE:
        if ((rest < 0) != s->negative || (s->flips ? low != s->bit : low < s->bit)) return -1;
        return UNIT * (s->flips + (top > s->top ? s->levels * (top - s->top) : 0)) + 1;
    default: return -1;
    }
}

static void try_end(struct planner *q, int number, int i, int64_t rest)
{
    int cost = q->nodes[number].cost;
    if (rest == 0 && cost < q->best_cost) {
        q->best_cost = cost;
        q->best_node = number;
        q->best_site = -1;
    }
    for (int s = 0; rest != 0 && s < q->count; s++) {
        int more = rest_cost(&q->sites[s], rest, q->bit + i);
        if (more < 0 || cost + more >= q->best_cost) continue;
        q->best_cost = cost + more;
        q->best_node = number;
        q->best_site = s;
    }
}

/* Whether the carry stands at this bit, and the open site leaves its chain where it was. */
static bool is_ready(const struct planner *q, const struct site *s, int bit, int open)
{
    if (s->kind != SITE_CARRY || s->bit != bit) return false;
    const struct site *below = open ? &q->sites[q->open[open - 1]] : NULL;
    return !below || below->op != s->op || !below->extends;
}

static bool open_holds(const struct planner *q, int open, int bit)
{
    return open && bit < q->sites[q->open[open - 1]].bit;
}

/* `opened`: the site was opened at this very bit, for the price. */
static void step(struct planner *q, int number, int i, int open, int64_t rest, bool opened,
                 int price)
{
    int bit = q->bit + i, ends[2] = {0, 0}; /* parts that count positively, negatively */
    for (int s = 0; s < q->count; s++)
        if (is_ready(q, &q->sites[s], bit, open)) ends[q->sites[s].negative]++;
    if (open_holds(q, open, bit)) ends[q->sites[q->open[open - 1]].negative]++;
    int next_open = open_holds(q, open, bit) ? open : 0;
    for (int digit = -ends[1]; digit <= ends[0]; digit++) {
        if ((rest - digit) & 1) continue;
        int next = node_number(q, i + 1, next_open, (rest - digit) / 2);
        int cost = q->nodes[number].cost + price + (digit < 0 ? -digit : digit);
        if (next < 0 || cost >= q->nodes[next].cost) continue;
        q->nodes[next] = (struct node){cost, number, digit, opened};
    }
}

/* Opens each site below an addend in turn. */
static void step_opening(struct planner *q, int number, int i, int64_t rest)
{
    int bit = q->bit + i;
    for (int o = 1; o <= q->open_count; o++) {
        const struct site *s = &q->sites[q->open[o - 1]];
        if (bit >= s->bit || bit < s->first) continue;
        step(q, number, i, o, rest, true, s->extends ? UNIT * (s->bit - bit) + 1 : 1);
    }
}

static void search(struct planner *q)
{
    int start = node_number(q, 0, 0, q->integer);
    q->nodes[start] = (struct node){.cost = 0, .before = -1};
    for (int i = 0; i + 1 < BITS; i++)
        for (int open = 0; open <= q->open_count; open++)
            for (int d = -REACH; d <= REACH; d++) {
                int64_t rest = shifted_down(q->integer, i) + d;
                int number = node_number(q, i, open, rest);
                if (q->nodes[number].cost >= q->best_cost) continue;
                try_end(q, number, i, rest);
                step(q, number, i, open, rest, false, 0);
                if (!open) step_opening(q, number, i, rest);
            }
}

static void add_part(struct constant_plan *plan, int site, int64_t integer, int bit)
{
    for (int i = 0; i < plan->count; i++) {
        struct part *part = &plan->parts[i];
        if (part->site != site) continue;
        /* Bits of one site come from the highest down. */
        part->integer = part->integer * ((int64_t)1 << (part->bit - bit)) + integer;
        part->bit = bit;
        return;
    }
    plan->parts[plan->count++] = (struct part){site, integer, bit};
}

/* The parts of a digit at one bit: the open site first, then carries. */
static void add_digit(const struct planner *q, struct constant_plan *plan, int digit, int bit,
                      int open)
{
    bool negative = digit < 0;
    int left = negative ? -digit : digit;
    if (left && open_holds(q, open, bit) && q->sites[q->open[open - 1]].negative == negative) {
        add_part(plan, q->open[open - 1], 1, bit);
        left--;
    }
    for (int s = 0; s < q->count && left; s++) {
        if (!is_ready(q, &q->sites[s], bit, open) || q->sites[s].negative != negative) continue;
        add_part(plan, s, 1, bit);
        left--;
    }
}

/* Whether the parts add up to the constant. */
static bool is_whole(const struct planner *q, const struct constant_plan *plan)
{
    __extension__ typedef __int128 int128;
    int128 sum = 0;
    for (int i = 0; i < plan->count; i++) {
        const struct part *part = &plan->parts[i];
        const struct site *site = &q->sites[part->site];
        bool flips = site->negative && site->kind != SITE_MINUEND && site->kind != SITE_ADDER;
        int128 integer = part->integer * ((int128)1 << (part->bit - q->bit));
        sum += flips ? -integer : integer;
    }
    return sum == q->integer;
}

struct constant_plan constant_plan_make(struct arena *arena, const struct site *sites, int count,
                                        int64_t integer, int bit, int finest)
{
    for (; bit > finest && integer < INT64_MAX / 4 && integer > INT64_MIN / 4; bit--)
        integer *= 2;
    struct planner q = {.sites = sites, .count = count, .integer = integer, .bit = bit};
    struct constant_plan plan = {0, arena_alloc(arena, (size_t)count + 1, sizeof *plan.parts)};
    for (int s = 0; s < count && q.open_count < OPEN_MOST; s++)
        if (sites[s].kind == SITE_BELOW) q.open[q.open_count++] = s;
    size_t nodes = (size_t)BITS * (size_t)(q.open_count + 1) * STATES;
    q.nodes = arena_alloc(arena, nodes, sizeof *q.nodes);
    for (size_t i = 0; i < nodes; i++)
        q.nodes[i].cost = INT_MAX;
    q.best_cost = INT_MAX;
    search(&q);
    int per_open = STATES, per_bit = (q.open_count + 1) * STATES;
    int at = q.best_node, i = at / per_bit;
    if (q.best_site >= 0) {
        int64_t rest = shifted_down(integer, i) + at % STATES - REACH;
        int zeros = __builtin_ctzll((unsigned long long)rest);
        enum site_kind kind = sites[q.best_site].kind;
        bool has_sign = kind == SITE_MINUEND || kind == SITE_ADDER;
        rest /= (int64_t)1 << zeros;
        add_part(&plan, q.best_site, has_sign || rest > 0 ? rest : -rest, bit + i + zeros);
    }
    for (; q.nodes[at].before >= 0; at = q.nodes[at].before, i--) {
        int before = q.nodes[at].before, open = before % per_bit / per_open;
        if (q.nodes[at].opened) open = at % per_bit / per_open;
        add_digit(&q, &plan, q.nodes[at].digit, bit + i - 1, open);
    }
    assert(is_whole(&q, &plan));
    return plan;
}
