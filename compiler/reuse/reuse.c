/* The pass: each layer of the old program in the form that suits its reuse factor. */
#include "compiler/reuse/macs.h"
#include "compiler/reuse/serial.h"

#include <limits.h>
#include <string.h>

const char *const reuse_form_names[] = {"unrolled",     "digits",      "digits in turn",
                                        "digit serial", "multipliers", "multipliers in step"};

/* What is decided about a layer before anything is made. */
struct choice {
    struct reuse_layer layer;
    enum reuse_form form;
    struct serial_plan *serial;
    struct mac_plan *macs;
    struct reuse_tail *tail; /* NULL: columns finish side by side */
    bool reads_memories;     /* that the layer before fills; else it gets whole values */
    struct drain drain;
    int bits, cycles;   /* of a serial layer */
    bool links_to_next; /* all it gives goes to the next layer as digits */
};

void reuse_begin_block(struct reuse *r, const struct reuse_layer *layer, const char *suffix,
                       int trip)
{
    struct program *p = r->rewrite.program;
    const char *name = arena_printf(&p->arena, "%s%s", layer->name, suffix);
    struct block *last = p->block_count ? &p->blocks[p->block_count - 1] : NULL;
    if (last && trip == 1 && last->trip == 1 && !strcmp(last->name, name)) return;
    if (last && last->first == last->end) p->block_count--;
    program_begin_loop(p, name, layer->kind, trip);
}

/* Length of the layer's name in a block's: without what reuse_begin_block() put behind it. */
static size_t layer_length(const struct block *block)
{
    static const char *const suffixes[] = {".in", ".fill", ".out", ".values"};
    const char *dot = strrchr(block->name, '.');
    for (int i = 0; dot && i < 4; i++)
        if (!strcmp(dot, suffixes[i])) return (size_t)(dot - block->name);
    return strlen(block->name);
}

const char *reuse_layer_name(struct arena *arena, const struct block *block)
{
    return arena_printf(arena, "%.*s", (int)layer_length(block), block->name);
}

bool reuse_is_of_layer(const struct block *block, const char *layer)
{
    size_t length = layer_length(block);
    return strlen(layer) == length && !strncmp(block->name, layer, length);
}

/* ---- links ---- */

/* The one result of `layer` that old value v depends on; -1: none or several. */
static int find_result(const struct program *old, const struct reuse_layer *layer, int v)
{
    struct arena arena = {0};
    bool *needed = arena_alloc(&arena, (size_t)old->op_count + 1, sizeof *needed);
    int found = -1;
    needed[v] = v >= layer->block->first && v < layer->block->end;
    for (; v > layer->matvec && found > -2; v--) {
        const struct op *op = &old->ops[v];
        if (!needed[v]) continue;
        if (op->code == OP_RESULT && old->operands[op->operands] == layer->matvec) {
            found = found == -1 ? v : -2;
            continue;
        }
        for (int k = 0; k < op->operand_count; k++)
            needed[old->operands[op->operands + k]] = true;
    }
    arena_free(&arena);
    return found < 0 ? -1 : found;
}

/* Whether anything but the next layer's streamed operands needs a result of the layer. */
static bool is_needed_whole(struct reuse *r, const struct reuse_layer *layer,
                            const struct reuse_layer *next, const bool *is_streamed)
{
    const struct program *old = r->rewrite.old;
    struct arena arena = {0};
    bool *needed = arena_alloc(&arena, (size_t)old->op_count + 1, sizeof *needed), any = false;
    for (int i = 0; i < old->output_count; i++)
        needed[old->outputs[i].value] = true;
    for (int v = old->op_count - 1; v >= layer->block->first; v--) {
        const struct op *op = &old->ops[v];
        if (!r->live[v] || (!needed[v] && v < layer->block->end)) continue;
        for (int k = 0; k < op->operand_count; k++) {
            int a = old->operands[op->operands + k];
            if (v != next->matvec || !is_streamed[a]) needed[a] = true;
        }
    }
    for (int j = 0; j < layer->columns; j++)
        any = any || (layer->results[j] >= 0 && needed[layer->results[j]]);
    arena_free(&arena);
    return any;
}

/* Lets the next layer read this one's windows as digits, if it can read all it needs so. */
static void link_layers(struct reuse *r, struct choice *choice, const struct choice *next)
{
    const struct program *old = r->rewrite.old;
    struct serial_plan *plan = choice->serial;
    struct arena arena = {0};
    bool *is_streamed = arena_alloc(&arena, (size_t)old->op_count + 1, sizeof *is_streamed);
    int *value_of = arena_alloc(&arena, (size_t)choice->layer.columns + 1, sizeof *value_of);
    struct window *windows =
        arena_alloc(&arena, (size_t)choice->layer.columns + 1, sizeof *windows);
    bool links = true;
    for (int j = 0; j < choice->layer.columns; j++)
        value_of[j] = -1;
    for (int i = 0; i < next->layer.rows && links; i++) {
        int v = layer_operand(r, &next->layer, i);
        if (!next->layer.is_used[i] || is_streamed[v]) continue;
        int result = find_result(old, &choice->layer, v);
        int column = result >= 0 ? (int)old->ops[result].immediate : 0;
        links = result >= 0 && value_of[column] < 0 &&
                window_find(old, result, v, &windows[column]) && windows[column].low >= plan->low;
        value_of[column] = v;
        is_streamed[v] = true;
    }
    choice->links_to_next = links && !is_needed_whole(r, &choice->layer, &next->layer, is_streamed);
    for (int j = 0; j < plan->graph->columns && choice->links_to_next; j++) {
        struct serial_column *column = &plan->columns[j];
        column->value = value_of[column->column];
        column->window = windows[column->column];
        if (column->value < 0) choice->links_to_next = false; /* a column nobody reads */
    }
    for (int j = 0; j < plan->graph->columns && !choice->links_to_next; j++)
        plan->columns[j].value = -1;
    arena_free(&arena);
}

/* ---- decisions ---- */

static int ceil_div(int a, int b)
{
    return (a + b - 1) / b;
}

/* Iterations until the sign, and the last digit of a window, have passed. */
static int cycles_for(const struct serial_plan *plan, int bits)
{
    int cycles = ceil_div(plan->bits_needed, bits);
    if (cycles < 2) cycles = 2; /* a loop all the same */
    for (int j = 0; j < plan->graph->columns; j++) {
        const struct serial_column *column = &plan->columns[j];
        if (column->value < 0) continue;
        int end =
            ceil_div(column->window.low - plan->low, bits) + ceil_div(column->window.width, bits);
        if (end > cycles) cycles = end;
    }
    return cycles;
}

/* Digits of one width along a chain of linked layers. */
static void choose_digits(struct choice *choices, int count)
{
    for (int i = 0; i < count;) {
        int end = i + 1, bits = 1;
        while (end < count && choices[end - 1].links_to_next)
            end++;
        for (int k = i; k < end && choices[k].form == REUSE_SERIAL; k++)
            while (cycles_for(choices[k].serial, bits) > choices[k].layer.factor)
                bits++;
        for (; i < end; i++) {
            choices[i].bits = bits;
            if (choices[i].form == REUSE_SERIAL)
                choices[i].cycles = cycles_for(choices[i].serial, bits);
        }
    }
}

/* Who reads the values that leave layers, and how. */
static void find_readers(struct reuse *r, const struct choice *choices, int count)
{
    const struct program *old = r->rewrite.old;
    const struct reuse_layer **of_matvec =
        arena_alloc(&r->rewrite.arena, (size_t)old->op_count + 1, sizeof *of_matvec);
    for (int i = 0; i < count; i++)
        if (reuse_multiplies(choices[i].form) && choices[i].reads_memories)
            of_matvec[choices[i].layer.matvec] = &choices[i].layer;
    for (int i = 0; i < old->output_count; i++)
        r->wants_whole[old->outputs[i].value] = true;
    for (int v = 0; v < old->op_count; v++) {
        const struct op *op = &old->ops[v];
        for (int k = 0; k < op->operand_count && r->live[v]; k++) {
            int a = old->operands[op->operands + k];
            if (!of_matvec[v])
                r->wants_whole[a] = true;
            else if (of_matvec[v]->is_used[k])
                r->wants_memory[a] = true;
        }
    }
}

/* Where values stand that a drain leaves in memories. */
struct bank {
    int layer, bank; /* by matvec, 0: none; pipeline of its drain */
};

/* Whole rows are written into as many memories as take one a cycle in time; returns their number.
 */
static int spread_rows(const struct reuse_layer *layer, int *bank)
{
    int used = 0, banks, next = 0;
    for (int i = 0; i < layer->rows; i++)
        used += layer->is_used[i];
    banks = ceil_div(used, layer->factor);
    for (int i = 0; i < layer->rows; i++)
        if (layer->is_used[i]) bank[i] = next++ % banks;
    return banks;
}

/* A normalisation that is loaded has to be shared: as straight code it would be lost to passes. */
static bool has_loadable_scale(const struct program *old, const struct reuse_layer *layer)
{
    for (int v = layer->matvec + 1; v < layer->block->end; v++)
        if (old->ops[v].code == OP_MATVEC && old->matrices[old->ops[v].immediate].is_loadable)
            return true;
    return false;
}

/* Plans a layer on multipliers, from where the layers before leave its rows. */
static void plan_macs(struct reuse *r, struct choice *choice, const struct bank *bank_of)
{
    struct reuse_layer *layer = &choice->layer;
    int *bank = arena_alloc(&r->rewrite.arena, (size_t)layer->rows, sizeof *bank), banks = 1;
    int first = -1;
    choice->reads_memories = true;
    for (int i = 0; i < layer->rows; i++) {
        if (!layer->is_used[i]) continue;
        const struct bank *at = &bank_of[layer_operand(r, layer, i)];
        if (first < 0) first = at->layer;
        if (!at->layer || at->layer != first || at->bank >= MAC_BANKS)
            choice->reads_memories = false;
        bank[i] = at->bank;
        if (at->bank + 1 > banks) banks = at->bank + 1;
    }
    bool in_step = choice->form == REUSE_MULTIPLIERS_IN_STEP;
    if (!choice->reads_memories && in_step)
        memset(bank, 0, (size_t)layer->rows * sizeof *bank), banks = 1; /* no memory is needed */
    else if (!choice->reads_memories)
        banks = spread_rows(layer, bank);
    choice->tail = tail_find(r, layer);
    bool has_tail = choice->tail;
    if (!choice->tail) choice->tail = tail_none(r, layer);
    if (has_tail || !has_loadable_scale(r->rewrite.old, layer))
        choice->macs = mac_plan(r, layer, choice->tail, layer->factor, banks, bank, in_step);
    if (choice->macs)
        choice->drain = choice->macs->drain;
    else
        choice->form = REUSE_UNROLLED;
}

static void note_banks(const struct choice *choice, struct bank *bank_of)
{
    if (!reuse_multiplies(choice->form) && choice->form != REUSE_DIGITS_IN_TURN) return;
    for (int q = 0; q < choice->drain.pipelines; q++)
        for (int i = 0; i < choice->drain.cycles; i++) {
            int column = drain_columns(&choice->drain, q)[i];
            if (column >= 0)
                bank_of[choice->tail->values[column]] = (struct bank){choice->layer.matvec, q};
        }
}

/* Products with weights that are not zero, of inputs that are not constant. */
static long count_products(const struct reuse_layer *layer)
{
    long count = 0;
    for (int i = 0; i < layer->rows; i++)
        for (int j = 0; j < layer->columns && layer->is_used[i]; j++)
            count += layer->results[j] >= 0 && layer_has_product(layer, i, j);
    return count;
}

/* Whether digits of a layer's inputs and the sums behind them fit a value side by side. */
static bool fits_digits(const struct program *old, struct reuse *r, const struct reuse_layer *layer)
{
    int inputs = 1, sums = 1;
    for (int i = 0; i < layer->rows; i++) {
        const struct op *x = &old->ops[layer_operand(r, layer, i)];
        if (layer->is_used[i] && x->format.width_bits > inputs) inputs = x->format.width_bits;
    }
    for (int j = 0; j < layer->columns; j++) {
        if (layer->results[j] < 0) continue;
        const struct op *x = &old->ops[layer->results[j]];
        int64_t bias;
        if (!dyadic_on_grid(layer->bias[j], op_fraction(x), &bias)) return false;
        int bits = format_of_interval(bias < 0 ? bias : 0, bias > 0 ? bias : 0, 0).width_bits;
        if (x->format.width_bits > bits) bits = x->format.width_bits;
        if (bits > sums) sums = bits;
    }
    return inputs + sums <= 56;
}

/* Multipliers where they are possible; a layer that is not loadable keeps its form else. */
static void try_macs(struct reuse *r, struct choice *choice, const struct bank *bank_of)
{
    enum reuse_form otherwise = choice->form;
    if (!reuse_multiplies(otherwise) || choice->layer.matrix->is_loadable)
        choice->form = REUSE_MULTIPLIERS;
    plan_macs(r, choice, bank_of);
    if (choice->macs || choice->layer.matrix->is_loadable) return;
    tail_free(choice->tail);
    choice->form = REUSE_MULTIPLIERS_IN_STEP;
    plan_macs(r, choice, bank_of);
    if (choice->macs) return;
    tail_free(choice->tail);
    choice->tail = NULL;
    if (!reuse_multiplies(otherwise)) choice->form = otherwise;
}

/* Plans the layer's form; one that is not possible becomes another, which `form` then says. */
static void plan_layer(struct reuse *r, struct choice *choice, struct bank *bank_of)
{
    struct reuse_layer *layer = &choice->layer;
    if (layer->factor <= 1 || !count_products(layer))
        choice->form = REUSE_UNROLLED;
    else if (layer->matrix->is_loadable || r->options->resource)
        try_macs(r, choice, bank_of);
    else if (reuse_multiplies(choice->form))
        plan_macs(r, choice, bank_of);
    if (choice->form == REUSE_SERIAL) {
        choice->serial = serial_plan(r, layer);
        if (!choice->serial) choice->form = REUSE_UNROLLED;
    }
    bool is_digits = choice->form == REUSE_DIGITS || choice->form == REUSE_DIGITS_IN_TURN;
    if (is_digits && !fits_digits(r->rewrite.old, r, layer)) choice->form = REUSE_UNROLLED;
    if (choice->form == REUSE_DIGITS_IN_TURN) {
        choice->tail = tail_find(r, layer);
        if (choice->tail)
            choice->drain = drain_plan(r, choice->tail, layer->factor);
        else
            choice->form = REUSE_DIGITS;
    }
    note_banks(choice, bank_of);
}

static void plan_layers(struct reuse *r, struct choice *choices, int count)
{
    struct bank *bank_of =
        arena_alloc(&r->rewrite.arena, (size_t)r->rewrite.old->op_count + 1, sizeof *bank_of);
    for (int i = 0; i < count; i++)
        plan_layer(r, &choices[i], bank_of);
    find_readers(r, choices, count);
    for (int i = 0; i + 1 < count; i++)
        if (choices[i].form == REUSE_SERIAL && choices[i + 1].form == REUSE_SERIAL)
            link_layers(r, &choices[i], &choices[i + 1]);
    choose_digits(choices, count);
}

/* ---- making ---- */

static void copy_op(struct reuse *r, int value)
{
    r->rewrite.map[value] = rewrite_again(&r->rewrite, value);
}

static void copy_block(struct reuse *r, const struct block *block)
{
    program_begin_block(r->rewrite.program, block->name, block->kind);
    for (int v = block->first; v < block->end; v++)
        copy_op(r, v);
}

/* What stands behind the sums, for all columns side by side. */
static void copy_tail(struct reuse *r, const struct reuse_layer *layer, const int *results)
{
    struct rewrite *w = &r->rewrite;
    reuse_begin_block(r, layer, ".out", 1);
    for (int v = layer->matvec + 1; v < layer->block->end; v++) {
        const struct op *op = &w->old->ops[v];
        if (!r->live[v]) continue;
        if (op->code != OP_RESULT || w->old->operands[op->operands] != layer->matvec)
            copy_op(r, v);
        else if (results)
            w->map[v] = results[op->immediate];
    }
}

/* What stands before the matvec, the loop, what stands behind it. */
static void share_layer(struct reuse *r, struct choice *choice)
{
    struct rewrite *w = &r->rewrite;
    struct reuse_layer *layer = &choice->layer;
    int *results = arena_alloc(&w->arena, (size_t)layer->columns, sizeof *results);
    reuse_begin_block(r, layer, ".in", 1);
    for (int v = layer->block->first; v < layer->matvec; v++)
        copy_op(r, v);
    layer_bind(r, layer);
    if (reuse_multiplies(choice->form)) {
        mac_emit(r, layer, choice->tail, choice->macs);
        if (choice->tail->values_are_results) copy_tail(r, layer, NULL);
        return;
    }
    if (choice->form == REUSE_SERIAL)
        serial_emit(r, layer, choice->serial, choice->bits, choice->cycles, results);
    else
        digits_emit(r, layer, layer->factor, results);
    if (choice->links_to_next) return;
    if (choice->form == REUSE_DIGITS_IN_TURN)
        drain_results(r, layer, choice->tail, &choice->drain, results);
    else
        copy_tail(r, layer, results);
}

static void make_blocks(struct reuse *r, struct choice *choices, int count)
{
    struct program *p = r->rewrite.program;
    const struct program *old = r->rewrite.old;
    int next = 0;
    for (int b = 0; b < old->block_count; b++) {
        bool is_layer = next < count && choices[next].layer.block == &old->blocks[b];
        if (is_layer && choices[next].form != REUSE_UNROLLED)
            share_layer(r, &choices[next]);
        else
            copy_block(r, &old->blocks[b]);
        next += is_layer;
    }
    struct block *last = &p->blocks[p->block_count - 1];
    if (last->first == last->end) p->block_count--;
    for (int i = 0; i < old->output_count; i++)
        program_add_output(p, old->outputs[i].name, r->rewrite.map[old->outputs[i].value]);
}

/* A layer is shared if its block has one matvec; others of its kind stay as they are. */
static int find_layers(struct reuse *r, struct choice *choices)
{
    int count = 0;
    for (int b = 0; b < r->rewrite.old->block_count; b++)
        count += layer_find(r, b, &choices[count].layer);
    return count;
}

static void reuse_init(struct reuse *r, const struct program *old,
                       const struct compile_options *options)
{
    struct rewrite *w = &r->rewrite;
    size_t count = (size_t)old->op_count + 1;
    *r = (struct reuse){.options = options};
    r->multipliers_left = options->part_dsps < 0 ? INT_MAX : options->part_dsps;
    w->old = old;
    w->program = program_new_like(old);
    w->program->matrix_count = w->program->table_count = 0;
    w->map = arena_alloc(&w->arena, count, sizeof *w->map);
    for (int v = 0; v < old->op_count; v++)
        w->map[v] = -1;
    r->live = arena_alloc(&w->arena, count, sizeof *r->live);
    r->streams = arena_alloc(&w->arena, count, sizeof *r->streams);
    r->wants_memory = arena_alloc(&w->arena, count, sizeof *r->wants_memory);
    r->wants_whole = arena_alloc(&w->arena, count, sizeof *r->wants_whole);
    r->places = arena_alloc(&w->arena, count, sizeof *r->places);
    r->whole_places = arena_alloc(&w->arena, count, sizeof *r->whole_places);
    for (int v = 0; v < old->op_count; v++)
        r->places[v] = r->whole_places[v] = (struct reuse_place){-1, 0};
    program_find_live(old, true, r->live);
    r->forms = linear_new(w->program);
}

static void reuse_free(struct reuse *r)
{
    linear_free(r->forms);
    arena_free(&r->rewrite.arena);
}

static struct choice *new_choices(struct reuse *r)
{
    return arena_alloc(&r->rewrite.arena, (size_t)r->rewrite.old->block_count + 1,
                       sizeof(struct choice));
}

int reuse_find_layers(const struct program *old, const struct compile_options *options,
                      struct reuse_choice *found)
{
    struct reuse r;
    reuse_init(&r, old, options);
    struct choice *choices = new_choices(&r);
    int count = find_layers(&r, choices);
    for (int i = 0; i < count; i++) {
        const struct reuse_layer *layer = &choices[i].layer;
        found[i] = (struct reuse_choice){.rows = layer->rows,
                                         .columns = layer->columns,
                                         .products = count_products(layer),
                                         .factor = 1,
                                         .form = REUSE_UNROLLED};
        /* Without products no output depends on it: there is nothing to be loaded. */
        found[i].is_loadable = layer->matrix->is_loadable && found[i].products;
        snprintf(found[i].layer, sizeof found[i].layer, "%s", layer->name);
    }
    program_free(r.rewrite.program);
    reuse_free(&r);
    return count;
}

struct program *reuse_program(const struct program *old, const struct compile_options *options,
                              struct reuse_choice *wanted, struct load_plan *load)
{
    struct reuse r;
    reuse_init(&r, old, options);
    r.load = load;
    struct choice *choices = new_choices(&r);
    int layers = find_layers(&r, choices);
    for (int i = 0; i < layers; i++) {
        choices[i].form = wanted[i].form;
        choices[i].layer.factor = wanted[i].factor;
    }
    plan_layers(&r, choices, layers);
    make_blocks(&r, choices, layers);
    for (int i = 0; i < layers; i++) {
        wanted[i].form = choices[i].form;
        serial_plan_free(choices[i].serial);
        tail_free(choices[i].tail);
    }
    struct program *made = r.rewrite.program;
    reuse_free(&r);
    struct program *program = reuse_make_roms(made, options);
    program_free(made);
    return program;
}
