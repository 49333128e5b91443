/* estimator-features TARGET=PROGRAM...: what the estimate of each scheduled program is made of, as
 * a row of CSV behind a head; for tools/fit-estimator. */
#include "base/error.h"
#include "boards/board.h"
#include "compiler/estimate/estimate.h"

#include <stdio.h>
#include <string.h>

static void print_row(const char *target_name, const char *path)
{
    struct board_target target;
    board_target_find(&target, target_name);
    struct program *p = program_read(path);
    struct estimate_parts parts;
    estimate_find_parts(p, 0, p->block_count, &target.model, &parts);
    for (int k = 0; k < LUT_CLASS_COUNT; k++)
        printf("%.2f,", parts.luts[k]);
    printf("%.0f,%.0f,%.0f,%d,%.0f,%.0f,%.0f,%.4f\n", parts.register_bits, parts.memory_bits,
           parts.state_bits, p->latency_cycles, parts.packed_bits, parts.bram, parts.dsp,
           estimate_path_ns(p, &target.model));
    program_free(p);
}

int main(int argc, char **argv)
{
    for (int k = 0; k < LUT_CLASS_COUNT; k++)
        printf("lut_%s,", lut_class_names[k]);
    puts("register_bits,memory_bits,state_bits,valid_bits,packed_bits,estimate_bram,estimate_dsp,"
         "path_ns");
    for (int i = 1; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        if (!equals)
            fail("%s: give TARGET=PROGRAM, such as ecp5=build/tagger/program.sluice", argv[i]);
        *equals = 0;
        print_row(argv[i], equals + 1);
    }
    return 0;
}
