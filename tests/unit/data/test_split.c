/* Random numbers, splits and standardisation. */
#include "tests/unit/data/fixture.h"

#include "data/random.h"

static void random_numbers_are_the_published_ones(void **state)
{
    (void)state;
    /* splitmix64 from 0 gives these states; the first outputs of xoshiro256** follow from the
     * reference implementation. */
    struct random random = random_init(0);
    assert_true(random.state[0] == 0xe220a8397b1dcdafu);
    assert_true(random.state[1] == 0x6e789e6aa1b965f4u);
    assert_true(random.state[2] == 0x06c45d188009454fu);
    assert_true(random.state[3] == 0xf88bb8a8724c81ecu);
    random = (struct random){{1, 2, 3, 4}};
    static const uint64_t wanted[] = {11520u, 0u, 1509978240u, 1215971899390074240u};
    for (int i = 0; i < 4; i++)
        assert_true(random_bits(&random) == wanted[i]);
}

static void distributions(void **state)
{
    (void)state;
    enum { DRAWS = 200000 };
    struct random random = random_init(7);
    double sum = 0, squares = 0, fourth = 0, low = 1, high = 0;
    for (int i = 0; i < DRAWS; i++) {
        double value = random_uniform(&random);
        low = value < low ? value : low;
        high = value > high ? value : high;
        sum += value;
    }
    assert_true(low >= 0 && low < 1e-3 && high < 1 && high > 0.999);
    assert_true(fabs(sum / DRAWS - 0.5) < 0.004);
    sum = 0;
    for (int i = 0; i < DRAWS; i++) {
        double value = random_normal(&random);
        sum += value;
        squares += value * value;
        fourth += value * value * value * value;
    }
    /* Five standard errors of mean, variance and fourth moment. */
    assert_true(fabs(sum / DRAWS) < 5 * sqrt(1.0 / DRAWS));
    assert_true(fabs(squares / DRAWS - 1) < 5 * sqrt(2.0 / DRAWS));
    assert_true(fabs(fourth / DRAWS - 3) < 5 * sqrt(96.0 / DRAWS));
    long counts[7] = {0};
    for (int i = 0; i < 70000; i++)
        counts[random_below(&random, 7)]++;
    for (int k = 0; k < 7; k++)
        assert_true(labs(counts[k] - 10000) < 500);
    assert_int_equal(random_below(&random, 1), 0);
    assert_true(random_below(&random, UINT64_MAX) < UINT64_MAX);
}

/* The value that each machine must give: the logarithm is ours, not the C library's. */
static void normal_numbers_are_the_same_everywhere(void **state)
{
    (void)state;
    struct random random = random_init(1);
    double last = 0;
    for (int i = 0; i < 1000; i++)
        last = random_normal(&random);
    struct random twin = random_init(1);
    double u, v, s;
    for (int i = 0; i < 1000; i++) {
        do {
            u = 2 * random_uniform(&twin) - 1;
            v = 2 * random_uniform(&twin) - 1;
            s = u * u + v * v;
        } while (s >= 1 || s == 0);
        double wanted = u * sqrt(-2 * log(s) / s);
        if (i == 999) assert_true(fabs(last - wanted) <= 4e-16 * fabs(wanted));
    }
    assert_memory_equal(&random, &twin, sizeof random);
}

/* Events with the given labels only. */
static struct events *make_events(long count, int classes, const float *labels)
{
    struct events *events = arena_alloc(&test_arena, 1, sizeof *events);
    events->path = "made";
    events->count = count;
    events->features = 1;
    events->classes = classes;
    events->y = arena_alloc(&test_arena, (size_t)count, sizeof(float));
    if (labels) memcpy(events->y, labels, (size_t)count * sizeof(float));
    return events;
}

static void split_is_a_permutation_in_stated_parts(void **state)
{
    (void)state;
    enum { COUNT = 1003 };
    struct events *events = make_events(COUNT, 0, NULL);
    const double fractions[3] = {0.7, 0.15, 0.1};
    struct split split = events_split(&test_arena, events, fractions, 3, 5);
    assert_int_equal(split.start[0], 0);
    assert_int_equal(split.start[1], 702);
    assert_int_equal(split.start[2], 853);
    assert_int_equal(split.start[3], 953);
    bool seen[COUNT] = {false};
    for (int i = 0; i < COUNT; i++) {
        assert_true(split.rows[i] >= 0 && split.rows[i] < COUNT && !seen[split.rows[i]]);
        seen[split.rows[i]] = true;
    }
    struct split again = events_split(&test_arena, events, fractions, 3, 5);
    assert_memory_equal(split.rows, again.rows, COUNT * sizeof(long));
    struct split other = events_split(&test_arena, events, fractions, 3, 6);
    assert_memory_not_equal(split.rows, other.rows, COUNT * sizeof(long));
}

static void split_is_stratified(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    float labels[COUNT];
    long size[3] = {0}, in_part[2][3] = {{0}};
    for (int i = 0; i < COUNT; i++) {
        labels[i] = i < 700 ? 0 : i < 970 ? 1 : 2;
        size[(int)labels[i]]++;
    }
    struct events *events = make_events(COUNT, 3, labels);
    const double fractions[2] = {0.8, 0.2};
    struct split split = events_split(&test_arena, events, fractions, 2, 1);
    assert_int_equal(split.start[2], COUNT);
    for (int p = 0; p < 2; p++)
        for (long i = split.start[p]; i < split.start[p + 1]; i++)
            in_part[p][(int)labels[split.rows[i]]]++;
    for (int p = 0; p < 2; p++)
        for (int k = 0; k < 3; k++)
            assert_true(fabs((double)in_part[p][k] - fractions[p] * (double)size[k]) <= 1);
    /* The order within a part is random: the first half of the training part is no class pattern
     * that repeats. */
    long first_class = 0;
    for (long i = 0; i < 400; i++)
        first_class += labels[split.rows[i]] == 0;
    assert_true(first_class > 240 && first_class < 320 && first_class != 280);
}

static void bad_fractions(void **state)
{
    (void)state;
    struct events *events = make_events(10, 0, NULL);
    EXPECT_FAIL((void)events_split(&test_arena, events, (const double[]){0.8, 0.3}, 2, 1),
                "made: the parts of a split are more than the whole");
    EXPECT_FAIL((void)events_split(&test_arena, events, (const double[]){-0.1}, 1, 1),
                "made: a part of a split cannot be negative");
    EXPECT_FAIL((void)events_split(&test_arena, events, (const double[]){NAN}, 1, 1), "negative");
}

static void scaler(void **state)
{
    (void)state;
    /* Large mean, small deviation; constants that their mean rounds. */
    float x[8 * 3];
    for (int i = 0; i < 8; i++) {
        x[3 * i] = 1e6f + (float)(i % 2);
        x[3 * i + 1] = 0.1f;
        x[3 * i + 2] = (float)i;
    }
    struct events events = {.count = 8, .features = 3, .x = x};
    struct scaler scaler = scaler_fit(&test_arena, &events, NULL, 0);
    assert_true(scaler.mean[0] == 1e6 + 0.5 && scaler.deviation[0] == 0.5);
    assert_true(scaler.mean[1] == (double)0.1f && scaler.deviation[1] == 1);
    assert_true(scaler.mean[2] == 3.5 && fabs(scaler.deviation[2] - sqrt(5.25)) < 1e-15);
    const long rows[2] = {1, 3};
    scaler = scaler_fit(&test_arena, &events, rows, 2);
    assert_true(scaler.mean[2] == 2 && scaler.deviation[2] == 1 && scaler.deviation[0] == 1);
    assert_int_equal(scaler.features, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_numbers_are_the_published_ones),
                                       cmocka_unit_test(distributions),
                                       cmocka_unit_test(normal_numbers_are_the_same_everywhere),
                                       cmocka_unit_test(split_is_a_permutation_in_stated_parts),
                                       cmocka_unit_test(split_is_stratified),
                                       cmocka_unit_test(bad_fractions),
                                       cmocka_unit_test(scaler)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
