/* The ensemble being trained: members, scores, curve. See ensemble.h. */
#include "trainer/trees/ensemble.h"

#include "base/error.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_PER_ITEM = 16384, MAX_CUTS = 256 };

static void set_scores(float *scores, long rows, const double *base, int outputs)
{
    for (int k = 0; k < outputs; k++)
        for (long i = 0; i < rows; i++)
            scores[k * rows + i] = (float)base[k];
}

struct ensemble *ensemble_new(const struct trees_config *config, struct pool *pool,
                              const struct cuts *cuts, struct bins train, struct bins valid,
                              const struct loss_data *data, const struct loss_data *valid_data,
                              bool joint)
{
    struct ensemble *e = calloc(1, sizeof *e);
    if (!e) fail("out of memory");
    size_t outputs = (size_t)data->outputs, rows = (size_t)train.rows;
    e->config = config;
    e->pool = pool;
    e->cuts = cuts;
    e->train = train;
    e->valid = valid;
    e->data = *data;
    e->valid_data = *valid_data;
    e->outputs = data->outputs;
    e->joint = joint;
    e->base = arena_alloc(&e->arena, outputs, sizeof *e->base);
    e->scores = arena_alloc(&e->arena, outputs * rows + 1, sizeof *e->scores);
    e->valid_scores = arena_alloc(&e->arena, outputs * (size_t)valid.rows + 1, sizeof(float));
    e->g = arena_alloc(&e->arena, outputs * rows + 1, sizeof *e->g);
    e->h = arena_alloc(&e->arena, outputs * rows + 1, sizeof *e->h);
    e->uses = arena_alloc(&e->arena, (size_t)cuts->features * MAX_CUTS, sizeof *e->uses);
    e->used = arena_alloc(&e->arena, (size_t)cuts->features * MAX_CUTS, sizeof *e->used);
    e->grower = grower_new(&e->train, joint ? e->outputs : 1, pool);
    e->random = random_init(config->seed);
    for (long i = 0; i < train.rows; i++)
        e->total_weight += data->weights ? (double)data->weights[i] : 1;
    if (data->labels || data->targets) loss_start(data, e->base);
    set_scores(e->scores, train.rows, e->base, e->outputs);
    set_scores(e->valid_scores, valid.rows, e->base, e->outputs);
    return e;
}

void ensemble_free(struct ensemble *e)
{
    if (!e) return;
    for (int i = 0; i < e->count; i++)
        member_free(&e->members[i]);
    free(e->members);
    free(e->curve);
    grower_free(e->grower);
    arena_free(&e->arena);
    free(e);
}

/* ---- members --------------------------------------------------------------------------------- */

static void *own(size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);
    if (!memory) fail("out of memory (trees)");
    return memory;
}

/* The leaves of the training events by walking down. */
struct walking {
    const struct ensemble *ensemble;
    const struct member *member;
    const struct bins *bins;
    float *scores; /* NULL: leaf_of is filled instead */
    double sign;
};

static int walk(const struct walking *w, long row)
{
    const struct grown_tree tree = {.nodes = w->member->nodes};
    int node = grown_leaf(&tree, w->ensemble->cuts, w->bins->codes + row * w->bins->stride);
    return w->member->leaf_of_node[node];
}

static void walk_rows(void *context, int item, int thread)
{
    const struct walking *w = context;
    const struct member *m = w->member;
    const int width = member_width(w->ensemble, m), first_output = member_first(m);
    long first = (long)item * ROWS_PER_ITEM, end = first + ROWS_PER_ITEM;
    if (end > w->bins->rows) end = w->bins->rows;
    (void)thread;
    for (long i = first; i < end; i++) {
        int leaf = walk(w, i);
        if (!w->scores) {
            m->leaf_of[i] = (uint16_t)leaf;
            continue;
        }
        for (int k = 0; k < width; k++)
            w->scores[(first_output + k) * w->bins->rows + i] +=
                (float)(w->sign * m->values[leaf * width + k]);
    }
}

static void run_walk(const struct ensemble *e, struct walking *w)
{
    pool_run(e->pool, (int)((w->bins->rows + ROWS_PER_ITEM - 1) / ROWS_PER_ITEM), walk_rows, w);
}

struct member member_new(struct ensemble *e, const struct grown_tree *tree, int target,
                         bool sampled, bool keep)
{
    struct member m = {.target = target, .node_count = tree->node_count};
    size_t nodes = (size_t)tree->node_count, width = (size_t)member_width(e, &m);
    m.nodes = own(nodes, sizeof *m.nodes);
    m.leaf_of_node = own(nodes, sizeof *m.leaf_of_node);
    m.values = own((nodes + 1) / 2 * width, sizeof *m.values);
    memcpy(m.nodes, tree->nodes, nodes * sizeof *m.nodes);
    for (size_t i = 0; i < nodes; i++) {
        m.leaf_of_node[i] = m.nodes[i].feature < 0 ? m.leaves++ : -1;
        if (m.nodes[i].feature < 0)
            memcpy(m.values + (size_t)m.leaf_of_node[i] * width, tree->values + i * width,
                   width * sizeof *m.values);
    }
    if (!keep) return m;
    if (sampled) {
        member_find_leaves(e, &m);
        return m;
    }
    m.leaf_of = own((size_t)e->train.rows, sizeof *m.leaf_of);
    for (size_t n = 0; n < nodes; n++) {
        if (m.nodes[n].feature >= 0) continue;
        long count;
        const uint32_t *rows = grower_rows(e->grower, &m.nodes[n], &count);
        for (long i = 0; i < count; i++)
            m.leaf_of[rows[i]] = (uint16_t)m.leaf_of_node[n];
    }
    return m;
}

void member_find_leaves(struct ensemble *e, struct member *m)
{
    struct walking w = {.ensemble = e, .member = m, .bins = &e->train};
    if (!m->leaf_of) m->leaf_of = own((size_t)e->train.rows, sizeof *m->leaf_of);
    run_walk(e, &w);
}

struct member member_copy(const struct ensemble *e, const struct member *m)
{
    struct member copy = *m;
    size_t nodes = (size_t)m->node_count;
    size_t values = (size_t)m->leaves * (size_t)member_width(e, m);
    copy.leaf_of = NULL;
    copy.nodes = own(nodes, sizeof *copy.nodes);
    copy.leaf_of_node = own(nodes, sizeof *copy.leaf_of_node);
    copy.values = own(values, sizeof *copy.values);
    memcpy(copy.nodes, m->nodes, nodes * sizeof *copy.nodes);
    memcpy(copy.leaf_of_node, m->leaf_of_node, nodes * sizeof *copy.leaf_of_node);
    memcpy(copy.values, m->values, values * sizeof *copy.values);
    return copy;
}

void member_free(struct member *m)
{
    free(m->nodes);
    free(m->leaf_of_node);
    free(m->values);
    free(m->leaf_of);
    *m = (struct member){0};
}

/* ---- scores ---------------------------------------------------------------------------------- */

static void apply_known(void *context, int item, int thread)
{
    const struct walking *w = context;
    const struct member *m = w->member;
    const int width = member_width(w->ensemble, m), first_output = member_first(m);
    long first = (long)item * ROWS_PER_ITEM, end = first + ROWS_PER_ITEM;
    if (end > w->bins->rows) end = w->bins->rows;
    (void)thread;
    for (int k = 0; k < width; k++) {
        float *scores = w->scores + (first_output + k) * w->bins->rows, value[65536 / 16];
        if (m->leaves > (int)(sizeof value / sizeof *value)) {
            for (long i = first; i < end; i++)
                scores[i] += (float)(w->sign * m->values[m->leaf_of[i] * width + k]);
            continue;
        }
        for (int l = 0; l < m->leaves; l++)
            value[l] = (float)(w->sign * m->values[l * width + k]);
        for (long i = first; i < end; i++)
            scores[i] += value[m->leaf_of[i]];
    }
}

void member_apply(struct ensemble *e, const struct member *m, double sign)
{
    struct walking w = {
        .ensemble = e, .member = m, .bins = &e->train, .scores = e->scores, .sign = sign};
    if (m->leaf_of)
        pool_run(e->pool, (int)((e->train.rows + ROWS_PER_ITEM - 1) / ROWS_PER_ITEM), apply_known,
                 &w);
    else
        run_walk(e, &w);
    if (!e->valid.rows) return;
    w.bins = &e->valid;
    w.scores = e->valid_scores;
    run_walk(e, &w);
}

void member_note_cuts(struct ensemble *e, const struct member *m, int sign)
{
    for (int i = 0; i < m->node_count; i++) {
        if (m->nodes[i].feature < 0) continue;
        int at = m->nodes[i].feature * MAX_CUTS + m->nodes[i].cut;
        e->uses[at] += sign;
        e->used[at] = e->uses[at] > 0;
    }
}

void ensemble_push(struct ensemble *e, struct member m)
{
    e->members = array_grow(e->members, &e->capacity, (size_t)e->count + 1, sizeof *e->members);
    e->members[e->count++] = m;
    member_note_cuts(e, &m, 1);
}

/* ---- loss ------------------------------------------------------------------------------------ */

static void aim_rows(void *context, int item, int thread)
{
    const struct ensemble *e = context;
    long first = (long)item * ROWS_PER_ITEM, end = first + ROWS_PER_ITEM;
    if (end > e->train.rows) end = e->train.rows;
    (void)thread;
    for (int k = 0; k < e->outputs; k++) {
        const ptrdiff_t at = k * e->train.rows;
        for (long i = first; i < end; i++) {
            e->g[at + i] = e->aim_weight[at + i] * (e->scores[at + i] - e->aim[at + i]);
            e->h[at + i] = e->aim_weight[at + i];
        }
    }
}

void ensemble_gradients(struct ensemble *e)
{
    if (e->aim)
        pool_run(e->pool, (int)((e->train.rows + ROWS_PER_ITEM - 1) / ROWS_PER_ITEM), aim_rows, e);
    else
        loss_gradients(&e->data, e->pool, e->scores, e->g, e->h);
}

double ensemble_record(struct ensemble *e, int round)
{
    struct loss_value train = loss_gradients(&e->data, e->pool, e->scores, NULL, NULL);
    struct loss_value valid = {(double)NAN, (double)NAN};
    if (e->valid.rows) valid = loss_gradients(&e->valid_data, e->pool, e->valid_scores, NULL, NULL);
    e->curve =
        array_grow(e->curve, &e->curve_capacity, (size_t)e->curve_count + 1, sizeof *e->curve);
    e->curve[e->curve_count++] = (struct trees_round){.quantized = e->quantized,
                                                      .round = round,
                                                      .loss = train.loss,
                                                      .accuracy = train.accuracy,
                                                      .validation_loss = valid.loss,
                                                      .validation_accuracy = valid.accuracy};
    if (!isfinite(train.loss))
        fail("trees: the loss is no longer finite in round %d; lower the learning rate", round);
    return valid.loss;
}
