/* Checkpoints: the position, the curve, parameters and optimizer state, one file; with a price, the
 * networks that branched off and the points that were made of them.
 *
 * The quantized phase's formats are not saved: they follow from the float phase's result and the
 * events, and are calibrated again. Networks that lost neurons are saved as the numbers of those
 * that are left. */
#include "base/error.h"
#include "trainer/frontier.h"
#include "trainer/nn/compact.h"
#include "trainer/session.h"
#include "trainer/steps.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

static const char magic[16] = "sluice-train-3\n";

struct header {
    char magic[16];
    struct hash identity;
    uint64_t float_parameters,
        parameters; /* of float_best (0: not yet) and of the phase's network */
    struct position position;
    int64_t priced, branch_count, stepwise;
};

static uint64_t kept_bytes(const struct nn_op *op)
{
    return op->kept ? op->weights.count : 0;
}

static void write_neurons(FILE *f, const struct nn *nn)
{
    for (int i = 0; i < nn->op_count; i++) {
        const struct nn_op *op = &nn->ops[i];
        if (op->kind != OP_DENSE) continue;
        fwrite(&op->outputs, sizeof op->outputs, 1, f);
        for (int j = 0; j < op->outputs; j++) {
            int origin = nn_origin(op, j);
            fwrite(&origin, sizeof origin, 1, f);
        }
    }
}

static void write_branch(FILE *f, const struct branch *b)
{
    int64_t there = b->nn != NULL;
    fwrite(&there, sizeof there, 1, f);
    if (!there) return;
    fwrite(&b->facts, sizeof b->facts, 1, f);
    write_neurons(f, b->nn);
    fwrite(b->nn->parameters, sizeof(real), b->nn->parameter_count, f);
}

static void write_branches(FILE *f, const struct session *s)
{
    fwrite(&s->price, sizeof s->price, 1, f);
    for (int i = 0; i < s->branch_count; i++)
        write_branch(f, &s->branches[i]);
    for (int i = 0; i < s->branch_count * BRANCH_POINTS; i++)
        write_branch(f, &s->points[i]);
}

void checkpoint_write(struct session *s)
{
    if (!s->config->checkpoint_path) return;
    const struct nn *nn = s->nn;
    s->at.optimizer_step = s->optimizer.step;
    struct header header = {.identity = s->identity,
                            .float_parameters = s->float_best ? s->float_nn->parameter_count : 0,
                            .parameters = nn->parameter_count,
                            .position = s->at,
                            .priced = s->at.quantized && frontier_wanted(s->config),
                            .branch_count = s->branch_count,
                            .stepwise = steps_wanted(s)};
    memcpy(header.magic, magic, sizeof magic);
    struct out_file *out = out_open(s->config->checkpoint_path);
    FILE *f = out_stream(out);
    fwrite(&header, sizeof header, 1, f);
    fwrite(s->curve, sizeof *s->curve, (size_t)s->at.curve_count, f);
    if (s->float_best) fwrite(s->float_best, sizeof(real), header.float_parameters, f);
    if (header.stepwise) {
        fwrite(s->prune_rows, sizeof *s->prune_rows, (size_t)s->at.prune_row_count, f);
        fwrite(s->rewind, sizeof *s->rewind, nn->parameter_count, f);
    }
    if (header.priced) write_branches(f, s);
    if (header.priced) write_neurons(f, nn);
    fwrite(nn->parameters, sizeof(real), nn->parameter_count, f);
    fwrite(s->best, sizeof(real), nn->parameter_count, f);
    for (int i = 0; i < optimizer_states(s->config->optimizer); i++)
        fwrite(s->optimizer.state[i], sizeof(real), nn->trainable, f);
    for (int i = 0; i < nn->op_count; i++) {
        uint64_t bytes = kept_bytes(&nn->ops[i]);
        fwrite(&bytes, sizeof bytes, 1, f);
        if (bytes) fwrite(nn->ops[i].kept, 1, bytes, f);
    }
    out_commit(out);
}

static void damaged(const struct session *s)
{
    fail("%s: the checkpoint is damaged; remove it to start over", s->config->checkpoint_path);
}

/* The file's bytes and how far they are read. */
struct cursor {
    const char *bytes;
    size_t left;
};

static void take(const struct session *s, struct cursor *c, void *to, size_t bytes)
{
    if (bytes > c->left) damaged(s);
    memcpy(to, c->bytes, bytes);
    c->bytes += bytes;
    c->left -= bytes;
}

static void read_front(struct session *s, struct cursor *c, struct header *header)
{
    take(s, c, header, sizeof *header);
    int64_t epochs = (int64_t)s->config->epochs + s->config->quantized_epochs;
    const struct position *at = &header->position;
    if (at->curve_count < 0 || at->curve_count > epochs || at->epoch < 0 || at->epoch > epochs ||
        at->step < 0)
        damaged(s);
}

bool checkpoint_read(struct session *s)
{
    const char *path = s->config->checkpoint_path;
    if (!path || !file_exists(path)) return false;
    struct arena scratch = {0};
    struct cursor cursor;
    cursor.bytes = file_read(&scratch, path, &cursor.left);
    struct header header;
    if (cursor.left < sizeof header || memcmp(cursor.bytes, magic, sizeof magic) != 0) damaged(s);
    read_front(s, &cursor, &header);
    bool ours = header.identity.high == s->identity.high && header.identity.low == s->identity.low;
    if (!ours) {
        warn("%s: the checkpoint is of other settings or events; training starts over", path);
        arena_free(&scratch);
        return false;
    }
    s->at = header.position;
    take(s, &cursor, s->curve, (size_t)s->at.curve_count * sizeof *s->curve);
    if (header.float_parameters) {
        if (header.float_parameters != s->float_nn->parameter_count) damaged(s);
        s->float_best = arena_alloc(&s->arena, header.float_parameters, sizeof(real));
        take(s, &cursor, s->float_best, header.float_parameters * sizeof(real));
    }
    if (s->at.quantized && !s->float_best) damaged(s);
    arena_free(&scratch);
    return true;
}

/* A network that was made of `all` by leaving out neurons. */
static struct nn *read_neurons(struct session *s, struct cursor *c, const struct nn *all)
{
    struct arena arena = {0};
    int *counts = arena_alloc(&arena, (size_t)all->op_count, sizeof(int)), dense = 0;
    const int **elements = arena_alloc(&arena, (size_t)all->op_count, sizeof *elements);
    for (int i = 0; i < all->op_count; i++) {
        const struct nn_op *op = &all->ops[i];
        if (op->kind != OP_DENSE) continue;
        take(s, c, &counts[dense], sizeof(int));
        if (counts[dense] < 1 || counts[dense] > op->outputs) damaged(s);
        int *list = arena_alloc(&arena, (size_t)counts[dense], sizeof(int));
        take(s, c, list, (size_t)counts[dense] * sizeof(int));
        for (int j = 0; j < counts[dense]; j++)
            if (list[j] < 0 || list[j] >= op->outputs) damaged(s);
        elements[dense++] = list;
    }
    struct nn *nn = nn_select(s->config, all, s->pool, counts, elements);
    arena_free(&arena);
    return nn;
}

static void read_branch(struct session *s, struct cursor *c, const struct nn *all, struct branch *b)
{
    int64_t there;
    take(s, c, &there, sizeof there);
    if (!there) return;
    take(s, c, &b->facts, sizeof b->facts);
    b->nn = read_neurons(s, c, all);
    take(s, c, b->nn->parameters, b->nn->parameter_count * sizeof(real));
    nn_prepare(b->nn);
}

static void read_branches(struct session *s, struct cursor *c, int64_t count)
{
    if (count < 0 || count > frontier_branches(s->config)) damaged(s);
    s->branch_count = (int)count;
    take(s, c, &s->price, sizeof s->price);
    if (s->price.layer_count < 0 || s->price.layer_count > PRICE_MOST_LAYERS) damaged(s);
    for (int i = 0; i < s->branch_count; i++)
        read_branch(s, c, s->nn, &s->branches[i]);
    for (int i = 0; i < s->branch_count * BRANCH_POINTS; i++)
        read_branch(s, c, s->nn, &s->points[i]);
}

/* The network that trains on, and its optimizer's arrays. */
static void read_smaller(struct session *s, struct cursor *c)
{
    struct nn *smaller = read_neurons(s, c, s->nn);
    nn_free(s->nn);
    s->nn = smaller;
    s->best = arena_alloc(&smaller->arena, smaller->parameter_count, sizeof(real));
    for (int i = 0; i < optimizer_states(s->config->optimizer); i++)
        s->optimizer.state[i] = arena_alloc(&smaller->arena, smaller->trainable, sizeof(real));
}

void checkpoint_read_phase(struct session *s)
{
    struct arena scratch = {0};
    struct cursor cursor;
    cursor.bytes = file_read(&scratch, s->config->checkpoint_path, &cursor.left);
    struct header header;
    read_front(s, &cursor, &header);
    size_t skip = (size_t)header.position.curve_count * sizeof *s->curve +
                  header.float_parameters * sizeof(real);
    if (skip > cursor.left) damaged(s);
    cursor.bytes += skip;
    cursor.left -= skip;
    if (header.priced != (s->at.quantized && frontier_wanted(s->config))) damaged(s);
    if (header.stepwise != steps_wanted(s)) damaged(s);
    if (header.stepwise) {
        if (s->at.prune_row_count < 0 || s->at.prune_row_count > s->config->prune_steps) damaged(s);
        take(s, &cursor, s->prune_rows, (size_t)s->at.prune_row_count * sizeof *s->prune_rows);
        take(s, &cursor, s->rewind, s->nn->parameter_count * sizeof *s->rewind);
    }
    if (header.priced) read_branches(s, &cursor, header.branch_count);
    if (header.priced) read_smaller(s, &cursor);
    struct nn *nn = s->nn;
    if (header.parameters != nn->parameter_count) damaged(s);
    take(s, &cursor, nn->parameters, nn->parameter_count * sizeof(real));
    take(s, &cursor, s->best, nn->parameter_count * sizeof(real));
    for (int i = 0; i < optimizer_states(s->config->optimizer); i++)
        take(s, &cursor, s->optimizer.state[i], nn->trainable * sizeof(real));
    for (int i = 0; i < nn->op_count; i++) {
        struct nn_op *op = &nn->ops[i];
        uint64_t bytes;
        take(s, &cursor, &bytes, sizeof bytes);
        if (bytes == 0) continue;
        if (bytes != op->weights.count) damaged(s);
        op->kept = arena_alloc(&nn->arena, op->weights.count, 1);
        take(s, &cursor, op->kept, bytes);
    }
    if (cursor.left) damaged(s);
    s->optimizer.step = (long)s->at.optimizer_step;
    nn_prepare(nn);
    arena_free(&scratch);
}

void train_checkpoint_remove(const struct train_config *config)
{
    if (config->checkpoint_path && file_exists(config->checkpoint_path))
        unlink(config->checkpoint_path);
}
