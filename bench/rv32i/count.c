/* count PROGRAM.bin: the instructions of the benchmark's program, up to the store that ends it. */
#include "model.h"

#include <stdio.h>

enum { BYTES = 1 << 13, DONE = 0x10000 };

int main(int argc, char **argv)
{
    static uint8_t memory[BYTES];
    struct model model = {.memory = memory, .mask = BYTES - 1, .muldiv = true};
    struct retired retired = {0};
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (!file || fread(memory, 1, BYTES, file) == 0) return 2;
    fclose(file);
    long count = 0;
    for (; retired.mem_write == 0 || retired.mem_address != DONE; count++) {
        model_step(&model, &retired);
        if (retired.trap || count > 10000000) return 1;
    }
    printf("%ld\n", count);
    return 0;
}
