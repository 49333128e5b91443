/* A helper of the tests: evaluates or rewrites a model file.
 *   model_eval MODEL.onnx X.npy Y.npy [quantized|float|logits]  the reference's outputs;
 *                                      logits: quantized, before a final softmax or sigmoid
 *   model_eval --rewrite MODEL.onnx OUT.onnx              read and written again
 *   model_eval --print MODEL.onnx                         one line a layer */
#include "base/error.h"
#include "data/events.h"
#include "model/onnx.h"
#include "model/reference.h"

#include <stdio.h>
#include <string.h>

static void print_quantizer(const char *of, const struct quantizer *quant)
{
    char text[FORMAT_TEXT_BYTES];
    if (!quant->count) return;
    format_print(quant->formats[0], text);
    printf(" %s %s%s", of, text, quant->count > 1 ? " ..." : "");
}

static void print(const char *path)
{
    struct network *network = onnx_read(path);
    for (int i = 0; i < network->layer_count; i++) {
        const struct layer *layer = &network->layers[i];
        printf("%s %s[%d]", layer_kind_names[layer->kind], layer->name, layer->size);
        print_quantizer("format", &layer->quant);
        print_quantizer("weights", &layer->weight_quant);
        print_quantizer("bias", &layer->bias_quant);
        putchar('\n');
    }
    network_free(network);
}

static void evaluate(const char *path, const char *from, const char *to, const char *mode)
{
    struct arena arena = {0};
    struct network *network = onnx_read(path);
    int outputs = network_output(network)->size, last = network->layer_count - 1;
    enum layer_kind link = network->layers[last].kind;
    if (strcmp(mode, "logits") == 0 && (link == LAYER_SOFTMAX || link == LAYER_SIGMOID)) last--;
    long count;
    double *x = events_read_rows(&arena, from, network->layers[0].size, &count);
    double *y = arena_alloc(&arena, (size_t)count * (size_t)outputs, sizeof *y);
    reference_eval(network, strcmp(mode, "float") == 0 ? REFERENCE_FLOAT : REFERENCE_QUANTIZED, x,
                   count, last, y);
    npy_write_double(to, y, count, outputs);
    network_free(network);
    arena_free(&arena);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--print") == 0) {
        print(argv[2]);
    } else if (argc == 4 && strcmp(argv[1], "--rewrite") == 0) {
        struct network *network = onnx_read(argv[2]);
        onnx_write(argv[3], network);
        network_free(network);
    } else if (argc == 4 || argc == 5) {
        evaluate(argv[1], argv[2], argv[3], argc == 5 ? argv[4] : "quantized");
    } else {
        fail("usage: model_eval MODEL X.npy Y.npy [quantized|float|logits]; --rewrite MODEL OUT; "
             "--print "
             "MODEL");
    }
    return 0;
}
