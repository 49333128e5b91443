/* libFuzzer on the readers of model files: whatever the bytes, reading ends in one line or in a
 * network that passes its check and that the reference can evaluate. See tests/fuzz.mk. */
#include "base/error.h"
#include "model/import/import.h"
#include "model/reference.h"

#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST_INPUTS = 4096, MOST_NODES = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void evaluate(const struct network *network)
{
    static double x[MOST_INPUTS];
    int outputs = network_output(network)->size;
    if (network->layers[0].size > MOST_INPUTS || outputs > MOST_NODES) return;
    double *y = calloc((size_t)outputs + 1, sizeof *y);
    if (!y) return;
    for (int i = 0; i < MOST_INPUTS; i++)
        x[i] = i % 3 - 0.5;
    reference_eval(network, REFERENCE_FLOAT, x, 1, -1, y);
    free(y);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct error_trap trap;
    static int file = -1;
    static char path[40];
    if (file < 0) {
        file = memfd_create("model", 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    }
    if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != (ssize_t)size) return 0;
    trap.message[0] = '\0';
    error_set_trap(&trap);
    if (setjmp(trap.where) == 0) {
        struct network *network = model_read(path);
        error_set_trap(NULL);
        evaluate(network);
        network_free(network);
    }
    error_set_trap(NULL);
    return 0;
}
