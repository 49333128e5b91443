/* Board and target files, and the PLL recipes. */
#include "base/error.h"
#include "base/file.h"
#include "boards/board.h"
#include "boards/pll.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct board find(const char *name)
{
    struct board board;
    board_find(&board, name);
    return board;
}

static void every_board_is_whole(void **state)
{
    (void)state;
    struct arena arena = {0};
    const char **names = board_list(&arena);
    int count = 0;
    for (; names[count] != NULL; count++) {
        struct board board = find(names[count]);
        struct pll_recipe recipe;
        assert_string_equal(board.name, names[count]);
        assert_true(board.led_count >= 1 && board.cells > 1000);
        assert_true(count == 0 || strcmp(names[count - 1], names[count]) < 0);
        /* an event each 40 MHz crossing is what all this is for */
        bool works = pll_search(&board, 40, &recipe);
        assert_true(works);
        bool ecp5 = strcmp(board.target.family->name, "ecp5") == 0;
        assert_int_equal(ecp5, board.speed[0] != '\0');
        bool gowin = strcmp(board.target.family->name, "gowin") == 0;
        assert_int_equal(ecp5 || gowin, board.io_type[0] != '\0');
        assert_int_equal(gowin, board.die[0] != '\0');
    }
    assert_true(count >= 5);
    arena_free(&arena);
}

static void every_target_has_a_model(void **state)
{
    (void)state;
    struct arena arena = {0};
    const char **names = board_target_list(&arena);
    int count = 0;
    for (; names[count] != NULL; count++) {
        struct board_target target;
        board_target_find(&target, names[count]);
        assert_string_equal(target.model.name, names[count]);
        assert_true(target.model.clk_to_q_ns > 0 && target.model.route_ns > 0);
        assert_true(target.model.lut_ns > 0 && target.model.carry_per_bit_ns > 0);
        assert_true(target.model.lut_per_adder_bit > 0);
    }
    assert_true(count >= 3);
    arena_free(&arena);
}

static void issue_boards_are_there(void **state)
{
    (void)state;
    static const char *const names[] = {"icebreaker", "hx8k-evn", "ulx3s-25f", "ulx3s-85f",
                                        "colorlight-i5"};
    static const int cells[] = {5280, 7680, 24288, 83640, 24288};
    for (int i = 0; i < 5; i++)
        assert_int_equal(find(names[i]).cells, cells[i]);
}

/* The line that a failing call ends with. */
static const char *failure_of_find(const char *name)
{
    static struct error_trap trap;
    struct board board;
    trap.message[0] = '\0';
    error_set_trap(&trap);
    if (setjmp(trap.where) == 0) board_find(&board, name);
    error_set_trap(NULL);
    return trap.message;
}

static void an_unknown_board_lists_the_known(void **state)
{
    (void)state;
    const char *message = failure_of_find("zedboard");
    assert_non_null(strstr(message, "there is no board \"zedboard\"; known: colorlight-i5, "));
    assert_non_null(strstr(message, ", ulx3s-85f"));
    assert_non_null(strstr(failure_of_find("../Makefile"), "there is no board"));
    assert_non_null(strstr(failure_of_find(""), "there is no board"));
}

/* Copies a board's file to a home of its own with one text replaced, and gives the failure's line.
 */
static const char *failure_of_file(const char *from, const char *to)
{
    static char message[1024];
    struct arena arena = {0};
    char folder[] = "/tmp/sluice-board-XXXXXX";
    assert_non_null(mkdtemp(folder));
    const char *boards = file_join(&arena, folder, "boards/targets");
    file_make_folder(boards);
    const char *home = board_home();
    file_copy(arena_printf(&arena, "%s/boards/targets/ice40-hx.json", home),
              arena_printf(&arena, "%s/ice40-hx.json", boards));
    size_t length;
    char *text = file_read(&arena, arena_printf(&arena, "%s/boards/hx8k-evn.json", home), &length);
    char *at = strstr(text, from);
    assert_non_null(at);
    const char *changed =
        arena_printf(&arena, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    const char *file = arena_printf(&arena, "%s/boards/hx8k-evn.json", folder);
    file_write(file, changed, strlen(changed));
    setenv("SLUICE_HOME", folder, 1);
    strcpy(message, failure_of_find("hx8k-evn"));
    unsetenv("SLUICE_HOME");
    unlink(file);
    unlink(arena_printf(&arena, "%s/ice40-hx.json", boards));
    rmdir(boards);
    rmdir(file_join(&arena, folder, "boards"));
    rmdir(folder);
    arena_free(&arena);
    return message;
}

static void a_damaged_file_is_named(void **state)
{
    (void)state;
    assert_string_equal(failure_of_file("\"hx8k\"", "\"hx8k\""), "");
    assert_non_null(strstr(failure_of_file("\"device\"", "\"devise\""),
                           "hx8k-evn.json: \"device\" is missing or not a string"));
    assert_non_null(strstr(failure_of_file("7680", "\"many\""),
                           "\"resources.cells\" must be a number from 1 to 1e+07"));
    assert_non_null(strstr(failure_of_file("7680", "7680.5"), "must be a whole number"));
    assert_non_null(strstr(failure_of_file("SB_PLL40_CORE", "EHXPLLL"),
                           "\"pll\" must be \"SB_PLL40_PAD\" or \"SB_PLL40_CORE\""));
    assert_non_null(strstr(failure_of_file("\"ice40-hx\"", "\"virtex\""),
                           "there is no target \"virtex\"; known: ice40-hx"));
    assert_non_null(strstr(failure_of_file("{", "["), "hx8k-evn.json:"));
    assert_non_null(strstr(failure_of_file("\"hx8k-evn\"", "\"other\""), "\"name\" is not"));
}

/* What the dividers make of the oscillator, computed back. */
static double made_mhz(const struct board *board, const struct pll_recipe *r)
{
    if (r->bypass) return board->clock_in_mhz;
    if (strcmp(board->target.family->name, "ecp5") == 0)
        return board->clock_in_mhz / r->clki_div * r->clkfb_div;
    if (strcmp(board->target.family->name, "gowin") == 0)
        return board->clock_in_mhz / r->idiv * r->fbdiv / r->divide;
    return board->clock_in_mhz / (r->divr + 1) * (r->divf + 1) / (1 << r->divq) / r->divide;
}

static void recipes_are_exact(void **state)
{
    (void)state;
    static const char *const names[] = {"icebreaker", "hx8k-evn",       "tinyfpga-bx",
                                        "ulx3s-25f",  "orangecrab-25f", "tang-nano-9k"};
    int found = 0;
    for (int i = 0; i < 6; i++) {
        struct board board = find(names[i]);
        for (int quarter = 4; quarter <= 4 * 300; quarter++) {
            struct pll_recipe r;
            if (!pll_search(&board, quarter / 4.0, &r)) continue;
            assert_true(fabs(made_mhz(&board, &r) / (quarter / 4.0) - 1) < 1e-7);
            found++;
        }
    }
    assert_true(found > 500);
}

static void recipes_that_were_measured(void **state)
{
    (void)state;
    struct pll_recipe r;
    struct board ice = find("hx8k-evn"), ecp5 = find("ulx3s-25f"), gowin = find("tang-nano-9k");
    pll_find(&ice, 120, &r); /* icepll: 12 to 120 MHz is DIVR 0, DIVF 79, DIVQ 3, FILTER_RANGE 1 */
    assert_true(r.divr == 0 && r.divf == 79 && r.divq == 3 && r.filter_range == 1 && r.divide == 1);
    pll_find(&ice, 40, &r); /* there is none: 120 MHz by three */
    assert_true(r.divf == 79 && r.divq == 3 && r.divide == 3 && r.pll_mhz == 120);
    pll_find(&ice, 12, &r);
    assert_true(r.bypass);
    pll_find(&ecp5, 40, &r); /* ecppll: 25 to 40 MHz is 5, 8, 15 */
    assert_true(r.clki_div == 5 && r.clkfb_div == 8 && r.clkop_div == 15);
    pll_find(&gowin, 120,
             &r); /* gowin_pll: 27 to 120 MHz is IDIV_SEL 8, FBDIV_SEL 39, ODIV_SEL 4 */
    assert_true(r.idiv == 9 && r.fbdiv == 40 && r.odiv == 4 && r.divide == 1);
    pll_find(&gowin, 40, &r); /* the PLL's third of it */
    assert_true(r.idiv == 9 && r.fbdiv == 40 && r.odiv == 4 && r.divide == 3);
}

static void an_impossible_clock_names_its_neighbours(void **state)
{
    (void)state;
    struct board board = find("hx8k-evn");
    static struct error_trap trap;
    struct pll_recipe r;
    error_set_trap(&trap);
    if (setjmp(trap.where) == 0) pll_find(&board, 160, &r);
    error_set_trap(NULL);
    assert_string_equal(trap.message, "hx8k-evn cannot make exactly 160 MHz from its 12 MHz "
                                      "oscillator; 159 and 162 MHz work");
    bool below = pll_search(&board, 159, &r), above = pll_search(&board, 162, &r);
    assert_true(below && above);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_board_is_whole),
        cmocka_unit_test(every_target_has_a_model),
        cmocka_unit_test(issue_boards_are_there),
        cmocka_unit_test(an_unknown_board_lists_the_known),
        cmocka_unit_test(a_damaged_file_is_named),
        cmocka_unit_test(recipes_are_exact),
        cmocka_unit_test(recipes_that_were_measured),
        cmocka_unit_test(an_impossible_clock_names_its_neighbours),
    };
    return cmocka_run_group_tests_name("board", tests, NULL, NULL);
}
