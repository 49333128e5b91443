/* Comparisons with constants, as truth tables of at most four inputs. */
#include "compiler/trees/trees.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static size_t hash_of(int feature, int64_t limit, enum zero_side zero)
{
    uint64_t h = (uint64_t)feature * 0x9e3779b97f4a7c15u ^ (uint64_t)limit * 0xc2b2ae3d27d4eb4fu ^
                 (uint64_t)zero;
    return (size_t)(h ^ h >> 29);
}

static void rehash(struct conditions *c)
{
    free(c->slots);
    c->slot_count = c->slot_count ? 2 * c->slot_count : 64;
    c->slots = NULL;
    size_t capacity = 0;
    c->slots = array_grow(c->slots, &capacity, c->slot_count, sizeof *c->slots);
    memset(c->slots, 0, c->slot_count * sizeof *c->slots);
    for (int i = 0; i < c->count; i++) {
        size_t at = hash_of(c->all[i].feature, c->all[i].limit, c->all[i].zero);
        while (c->slots[at & (c->slot_count - 1)])
            at++;
        c->slots[at & (c->slot_count - 1)] = i + 1;
    }
}

int condition_find(struct conditions *c, int feature, int64_t limit, enum zero_side zero)
{
    if ((size_t)c->count * 2 >= c->slot_count) rehash(c);
    size_t at = hash_of(feature, limit, zero);
    for (;; at++) {
        int known = c->slots[at & (c->slot_count - 1)] - 1;
        if (known < 0) break;
        const struct condition *k = &c->all[known];
        if (k->feature == feature && k->limit == limit && k->zero == zero) return known;
    }
    c->all = array_grow(c->all, &c->capacity, (size_t)c->count + 1, sizeof *c->all);
    c->all[c->count] = (struct condition){feature, limit, zero, -1};
    c->slots[at & (c->slot_count - 1)] = ++c->count;
    return c->count - 1;
}

void conditions_free(struct conditions *c)
{
    free(c->all);
    free(c->slots);
}

/* ---- in the program -------------------------------------------------------------------------- */

/* Whether any bit of x is set. */
static int is_not_zero(struct program *p, int x)
{
    int width = p->ops[x].format.width_bits, any = -1;
    for (int low = 0; low < width;) {
        int inputs[4], count = 0;
        if (any >= 0) inputs[count++] = any;
        while (count < 4 && low < width)
            inputs[count++] = lower_bit(p, x, low++);
        uint64_t table = (((uint64_t)1 << (1 << count)) - 1) & ~(uint64_t)1;
        any = lower_lut(p, inputs, count, table);
    }
    return any;
}

int condition_value(struct conditions *c, int condition)
{
    struct condition *k = &c->all[condition];
    struct program *p = c->lowering->program;
    if (k->value >= 0) return k->value;
    int x = c->lowering->values[k->feature];
    k->value = lower_at_most(p, x, k->limit);
    bool zero_is_left = k->limit >= 0;
    if (k->zero == ZERO_ORDINARY || (k->zero == ZERO_LEFT) == zero_is_left) return k->value;
    int pair[2] = {k->value, is_not_zero(p, x)};
    return k->value = lower_lut(p, pair, 2, k->zero == ZERO_LEFT ? 0xb : 0x8);
}
