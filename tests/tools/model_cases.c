/* Writes the networks of tests/unit/model/model_cases.h into a folder, for the comparison with
 * qonnx: NAME.onnx, NAME.x.npy (inputs) and NAME.y.npy (the quantized reference's outputs). */
#include "../unit/model/model_cases.h"

#include "base/error.h"
#include "base/file.h"
#include "data/events.h"
#include "model/onnx.h"
#include "model/reference.h"

static void write_case(const char *folder, const char *name, struct network *network,
                       const double *x, long rows)
{
    struct arena arena = {0};
    int inputs = network->layers[0].size, outputs = network_output(network)->size;
    double *y = arena_alloc(&arena, (size_t)rows * (size_t)outputs, sizeof *y);
    reference_eval(network, REFERENCE_QUANTIZED, x, rows, -1, y);
    const char *base = file_join(&arena, folder, name);
    onnx_write(arena_printf(&arena, "%s.onnx", base), network);
    npy_write_double(arena_printf(&arena, "%s.x.npy", base), x, rows, inputs);
    npy_write_double(arena_printf(&arena, "%s.y.npy", base), y, rows, outputs);
    arena_free(&arena);
    network_free(network);
}

static void write_quantizer(const char *folder, int rounding, int overflow, int shape)
{
    static double x[CASE_INPUTS * CASE_ELEMENTS];
    char name[80];
    struct network *network = case_quant_network(rounding, overflow, shape);
    const struct quantizer *quant = &network->layers[1].quant;
    for (int k = 0; k < CASE_INPUTS; k++)
        for (int i = 0; i < CASE_ELEMENTS; i++)
            x[k * CASE_ELEMENTS + i] = case_input(k, format_fraction_bits(quantizer_at(quant, i)));
    snprintf(name, sizeof name, "quant_%s_%s_%d", rounding_names[rounding],
             overflow_names[overflow], shape);
    write_case(folder, name, network, x, CASE_INPUTS);
}

int main(int argc, char **argv)
{
    enum { ROWS = 500 };
    static double x[ROWS * 5];
    if (argc != 2) fail("usage: model_cases FOLDER");
    file_make_folder(argv[1]);
    for (int r = 0; r < ROUNDING_COUNT; r++)
        for (int o = 0; o < OVERFLOW_COUNT; o++)
            for (int s = 0; s < CASE_SHAPES + CASE_MIXES; s++)
                write_quantizer(argv[1], r, o, s);
    struct random random = random_init(7);
    for (int i = 0; i < ROWS * 5; i++)
        x[i] = floor(3 * 64 * random_normal(&random)) / 64;
    for (int n = 0; n < CASE_NETWORKS; n++) {
        struct network *network = case_network(n);
        write_case(argv[1], network->name, network, x, ROWS);
    }
    for (int n = 0; n < CASE_SOFTMAXES; n++) {
        struct network *network = case_softmax_network(n);
        write_case(argv[1], network->name, network, x, ROWS);
    }
    return 0;
}
