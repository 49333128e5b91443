/* Training speed of the 16-64-32-32-5 jet tagger: `train [EVENTS.npz]`, else events made up here.
 *
 * Prints a row for the float and one for the quantization-aware epoch, batch 1024, Adam: fastest
 * epoch, events/s, and the arithmetic done as a share of what the same threads reach in large
 * OpenBLAS products. */
#include "trainer/train.h"
#include "base/error.h"
#include "base/progress.h"
#include "data/random.h"
#include "trainer/nn/gemm.h"
#include "trainer/nn/pool.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { THREADS = 2, EPOCHS = 40, PRODUCT = 256, PRODUCTS = 100, FEATURES = 16, CLASSES = 5 };

static struct events *make_events(long count)
{
    struct events *e = calloc(1, sizeof *e);
    if (!e) fail("out of memory");
    struct random random = random_init(1);
    *e = (struct events){.path = "made-up events", .count = count, .features = FEATURES};
    e->targets = 1;
    e->classes = CLASSES;
    e->x = arena_alloc(&e->arena, (size_t)count * FEATURES, sizeof *e->x);
    e->y = arena_alloc(&e->arena, (size_t)count, sizeof *e->y);
    for (long i = 0; i < count; i++) {
        e->y[i] = (float)(i % CLASSES);
        for (int j = 0; j < FEATURES; j++)
            e->x[i * FEATURES + j] =
                (float)random_normal(&random) + (j == i % CLASSES ? 1.0F : 0.0F);
    }
    return e;
}

/* Large products, shared out like the slices of a batch. */
struct products {
    real *matrix[THREADS];
};

static void multiply(void *context, int item, int thread)
{
    (void)item;
    const struct products *p = context;
    real *a = p->matrix[thread], *b = a + PRODUCT * PRODUCT, *c = b + PRODUCT * PRODUCT;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, PRODUCT, PRODUCT, PRODUCT, 1, a, PRODUCT,
                b, PRODUCT, 0, c, PRODUCT);
}

/* Operations a second, the best of a few tries as long as an epoch. */
static double sgemm_rate(void)
{
    struct products p;
    gemm_init();
    for (int t = 0; t < THREADS; t++) {
        p.matrix[t] = calloc(3 * PRODUCT * PRODUCT, sizeof(real));
        if (!p.matrix[t]) fail("out of memory");
        for (int i = 0; i < 2 * PRODUCT * PRODUCT; i++)
            p.matrix[t][i] = (real)(i % 7) - 3;
    }
    struct pool *pool = pool_init(THREADS);
    double best = 0, flops = 2.0 * PRODUCT * PRODUCT * PRODUCT * PRODUCTS;
    for (int i = 0; i < EPOCHS; i++) {
        double start = clock_seconds();
        pool_run(pool, PRODUCTS, multiply, &p);
        double rate = flops / (clock_seconds() - start);
        if (rate > best) best = rate;
    }
    pool_free(pool);
    for (int t = 0; t < THREADS; t++)
        free(p.matrix[t]);
    return best;
}

static double cpu_seconds(void)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           1e-6 * (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

/* Forward, weight gradients and, but for the first layer, input gradients. */
static double flops_per_event(const struct train_config *config)
{
    double products = 0;
    int inputs = FEATURES;
    bool first = true;
    for (int i = 0; i < config->layer_count; i++) {
        if (config->layers[i].kind != TRAIN_DENSE) continue;
        products += (first ? 2.0 : 3.0) * inputs * config->layers[i].units;
        inputs = config->layers[i].units;
        first = false;
    }
    return 2 * products;
}

static void measure(const char *what, struct train_config *config, const struct events *events,
                    const long *rows, double rate)
{
    double cpu = cpu_seconds();
    struct train_result *r = train_run(config, events, rows, events->count, NULL, 0);
    cpu = cpu_seconds() - cpu;
    double seconds = r->epoch_seconds, count = (double)events->count;
    double achieved = flops_per_event(config) * count / seconds;
    printf("%-22s %8.4f s %10.3g events/s %8.1f Gflop/s %5.1f %% of sgemm (%.4f CPU s an epoch)\n",
           what, seconds, count / seconds, achieved * 1e-9, 100 * achieved / rate,
           cpu / (config->epochs + config->quantized_epochs));
    train_result_free(r);
}

int main(int argc, char **argv)
{
    error_set_quiet(true);
    struct events *events = NULL;
    if (argc > 1) {
        struct data_source source = {.path = argv[1]};
        events = events_read(&source, false);
    } else {
        events = make_events(100000);
    }
    if (events->features != FEATURES || events->classes != CLASSES)
        fail("%s: %d features and %d classes; the bench trains %d to %d", events->path,
             events->features, events->classes, FEATURES, CLASSES);
    long *rows = malloc((size_t)events->count * sizeof *rows);
    if (!rows) fail("out of memory");
    for (long i = 0; i < events->count; i++)
        rows[i] = i;
    double rate = sgemm_rate();
    printf("%ld events (%s), %d threads; large sgemm %.1f Gflop/s\n", events->count, events->path,
           THREADS, rate * 1e-9);
    struct train_layer_config layers[7] = {
        {.kind = TRAIN_DENSE, .units = 64},     {.kind = TRAIN_RELU},
        {.kind = TRAIN_DENSE, .units = 32},     {.kind = TRAIN_RELU},
        {.kind = TRAIN_DENSE, .units = 32},     {.kind = TRAIN_RELU},
        {.kind = TRAIN_DENSE, .units = CLASSES}};
    struct train_config config;
    train_config_init(&config);
    config.layers = layers;
    config.layer_count = 7;
    config.threads = THREADS;
    config.epochs = EPOCHS;
    config.quantized_epochs = 0;
    config.quantize = false;
    measure("float epoch", &config, events, rows, rate);
    config.quantize = true;
    config.epochs = 0;
    config.quantized_epochs = EPOCHS;
    measure("6-bit quantized epoch", &config, events, rows, rate);
    free(rows);
    events_free(events);
    return 0;
}
