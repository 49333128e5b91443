/* Verification of compiled networks: Verilog, interpreter and the floating-point references agree,
 * and when they do not, verify says so. */
#include "base/error.h"
#include "base/file.h"
#include "compiler/compile.h"
#include "compiler/emit/emit.h"
#include "model/onnx.h"
#include "sim/verify.h"
#include "tests/unit/compiler/network_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { EVENTS = 150 };
#ifndef LAST_SEED
#define LAST_SEED 3
#endif
#ifndef REUSE_NETWORKS
#define REUSE_NETWORKS 3
#endif
static const struct emit_header header = {"0.1", "00112233445566778899aabbccddeeff", "", ""};

struct built {
    char folder[200];
    struct network *network;
    double *x;
    float labels[EVENTS];
    struct verify_request request;
};

/* Compiles a random network into a folder; false if the network is refused, or shares nothing at a
 * reuse factor above 1. */
static bool build(uint64_t seed, enum compile_output output, int reuse, struct built *b)
{
    static struct target target;
    struct compile_options options;
    struct compile_notes notes;
    struct error_trap trap;
    char command[300], path[300];
    compile_options_init(&options);
    options.clock_mhz = 40;
    options.output = output;
    options.threshold = 0.3;
    options.reuse = reuse;
    target = target_generic;
    target.ram_bits = 4096;
    target.ram_width_max = 16;
    target.ram_clk_to_q_ns = 2;
    target.dsp_a_bits = target.dsp_b_bits = 18;
    target.dsp_ns = 4;
    target.dsp_mixes_signs = seed % 2;
    options.target = &target;
    b->network = random_network(seed, output == COMPILE_THRESHOLD ? 1 : 0);
    compile_prepare(b->network, &options, "random");
    struct program *volatile p = NULL;
    error_set_trap(&trap);
    if (setjmp(trap.where) == 0) p = compile_network(b->network, &options, &notes);
    error_set_trap(NULL);
    if (!p || (reuse > 1 && p->interval_cycles == 1)) {
        program_free(p);
        network_free(b->network);
        return false;
    }
    snprintf(b->folder, sizeof b->folder, "build/tests/verify_model/seed%d", (int)seed);
    snprintf(command, sizeof command, "rm -rf %s", b->folder);
    assert_int_equal(system(command), 0);
    file_make_folder(b->folder);
    snprintf(path, sizeof path, "%s/program.sluice", b->folder);
    program_write(p, path);
    snprintf(path, sizeof path, "%s/model.onnx", b->folder);
    onnx_write(path, b->network);
    emit_verilog(p, &header, b->folder);
    program_free(p);
    b->x = random_events(b->network, seed + 5, EVENTS);
    for (int i = 0; i < EVENTS; i++)
        b->labels[i] = (float)(i % 2);
    verify_request_init(&b->request);
    b->request.folder = b->folder;
    b->request.x = b->x;
    b->request.events = EVENTS;
    b->request.random_events = 200;
    return true;
}

static void release(struct built *b)
{
    free(b->x);
    network_free(b->network);
}

/* Every kind of output. */
static void test_compiled_networks_pass(void **state)
{
    (void)state;
    static const enum compile_output outputs[] = {COMPILE_LOGITS, COMPILE_ARGMAX,
                                                  COMPILE_THRESHOLD};
    int verified = 0;
    for (uint64_t seed = 1; seed <= LAST_SEED; seed++) {
        struct built b;
        struct verify_result result;
        if (!build(seed, outputs[seed % 3], 1, &b)) continue;
        verify_run(&b.request, &result);
        if (!result.passed) print_message("seed %d: %s\n", (int)seed, result.reason);
        assert_true(result.passed);
        assert_int_equal(result.reference_mismatches, 0);
        assert_int_equal(result.mismatches, 0);
        assert_true(result.decision_changes >= 0 && result.decision_changes <= EVENTS);
        assert_int_equal(isnan(result.float_max_abs_error), outputs[seed % 3] != COMPILE_LOGITS);
        assert_true(isnan(result.accuracy_hardware));
        verified++;
        release(&b);
    }
    assert_true(verified * 4 >= LAST_SEED * 3);
}

/* Shared hardware, at several factors. */
static void test_reuse_passes(void **state)
{
    (void)state;
    int verified = 0;
    for (uint64_t seed = 1; verified < REUSE_NETWORKS; seed++) {
        struct built b;
        struct verify_result result;
        if (!build(seed, COMPILE_LOGITS, 2 + (int)(seed % 7), &b)) continue;
        verify_run(&b.request, &result);
        if (!result.passed) print_message("seed %d: %s\n", (int)seed, result.reason);
        assert_true(result.passed);
        assert_int_equal(result.reference_mismatches, 0);
        verified++;
        release(&b);
    }
}

/* A model that is not the one compiled; a tolerance that is not met; labels. */
static void test_references_can_disagree(void **state)
{
    (void)state;
    struct built b;
    struct verify_result result;
    char path[300];
    assert_true(build(3, COMPILE_LOGITS, 1, &b));
    b.request.labels = b.labels;
    b.request.tolerance = 1e-9;
    verify_run(&b.request, &result);
    assert_false(result.passed);
    assert_non_null(strstr(result.reason, "from the float network, more than the tolerance 1e-09"));
    assert_int_equal(result.reference_mismatches, 0);
    assert_true(result.accuracy_hardware == result.accuracy_quantized);
    assert_true(result.accuracy_float >= 0 && result.accuracy_float <= 1);

    struct layer *dense = b.network->layers;
    while (dense->kind != LAYER_DENSE)
        dense++;
    for (int i = 0; i < b.network->layers[dense->input].size * dense->size; i++)
        dense->weights[i] = -dense->weights[i];
    snprintf(path, sizeof path, "%s/model.onnx", b.folder);
    onnx_write(path, b.network);
    verify_run(&b.request, &result);
    assert_false(result.passed);
    assert_true(result.reference_mismatches > 0);
    assert_int_equal(result.mismatches, 0); /* Verilog and interpreter still agree */
    assert_non_null(strstr(
        result.reason, "events differ from the quantized network in floating point; first event"));
    release(&b);
}

int main(void)
{
    error_set_quiet(true);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compiled_networks_pass),
        cmocka_unit_test(test_reuse_passes),
        cmocka_unit_test(test_references_can_disagree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
