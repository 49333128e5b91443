/* The interpreter: the one source of expected integers. Plans the program once, then runs blocks of
 * events. */
#include "base/error.h"
#include "compiler/program/eval_plan.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#if defined SLUICE_CHECK_INTERVALS || defined __SANITIZE_ADDRESS__
static const bool check_intervals = true;
#else
static const bool check_intervals = false;
#endif

static void *new_buffer(const struct plan *plan)
{
    size_t lane = plan->narrow ? sizeof(int32_t) : sizeof(int64_t);
    void *buffer = aligned_alloc(64, ((size_t)plan->slots + 1) * LANES * lane);
    if (!buffer) fail("out of memory");
    return buffer;
}

struct share {
    const struct plan *plan;
    void *buffer;
    const int64_t *inputs;
    int64_t *outputs;
    long first, end;
    bool check;
};

static void *run_share(void *argument)
{
    struct share *s = argument;
    if (s->plan->narrow)
        plan_run_narrow(s->plan, s->buffer, s->inputs, s->first, s->end, s->outputs, s->check);
    else
        plan_run_wide(s->plan, s->buffer, s->inputs, s->first, s->end, s->outputs, s->check);
    return NULL;
}

static void check_inputs(const struct program *p, const int64_t *inputs, long events)
{
    for (long event = 0; event < events; event++) {
        for (int i = 0; i < p->input_count; i++) {
            const struct op *op = &p->ops[p->inputs[i].value];
            int64_t n = inputs[event * p->input_count + i];
            assert(n >= op->lo && n <= op->hi && "an input inside its interval");
            (void)op, (void)n;
        }
    }
}

void program_eval(const struct program *p, const int64_t *inputs, long events, int64_t *outputs)
{
    check_inputs(p, inputs, events);
    struct plan *plan = plan_new(p, check_intervals);
    long half = events / 2 / LANES * LANES;
    struct share shares[2] = {
        {plan, new_buffer(plan), inputs, outputs, 0, half, check_intervals},
        {plan, new_buffer(plan), inputs, outputs, half, events, check_intervals}};
    pthread_t thread;
    bool threaded = half > 0 && pthread_create(&thread, NULL, run_share, &shares[0]) == 0;
    if (!threaded) run_share(&shares[0]);
    run_share(&shares[1]);
    if (threaded) pthread_join(thread, NULL);
    free(shares[0].buffer);
    free(shares[1].buffer);
    plan_free(plan);
}

void program_eval_trace(const struct program *p, const int64_t *inputs, int64_t *values)
{
    check_inputs(p, inputs, 1);
    struct plan *plan = plan_new(p, true);
    int64_t *outputs = calloc((size_t)p->output_count + 1, sizeof *outputs);
    if (!outputs) fail("out of memory");
    struct share share = {plan, new_buffer(plan), inputs, outputs, 0, 1, true};
    run_share(&share);
    for (int value = 0; value < p->op_count; value++) {
        long at = (long)plan->slot_of[value] * LANES;
        if (at < 0)
            values[value] = 0; /* a matvec is no value */
        else
            values[value] =
                plan->narrow ? ((int32_t *)share.buffer)[at] : ((int64_t *)share.buffer)[at];
    }
    free(outputs);
    free(share.buffer);
    plan_free(plan);
}
