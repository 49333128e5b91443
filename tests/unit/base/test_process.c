/* Outside tools, isolated work and signals. */
#include "tests/unit/base/fixture.h"

#include "base/interrupt.h"
#include "base/isolate.h"
#include "base/process.h"
#include "base/progress.h"

#include <signal.h>
#include <sys/wait.h>

#define SHELL(SCRIPT) ((const char *const[]){"sh", "-c", SCRIPT, NULL})

static void exit_status_and_log(void **state)
{
    (void)state;
    const struct process_options options = {.log = path_of("log")};
    assert_int_equal(process_run(SHELL("echo out; echo err >&2; exit 7"), &options), 7);
    assert_string_equal(get_text(path_of("log")), "out\nerr\n");
    assert_int_equal(process_run(SHELL("read x; echo \"[$x]\""), &options), 0);
    assert_string_equal(get_text(path_of("log")), "[]\n");
    assert_int_equal(process_run(SHELL("true"), NULL), 0);
    assert_int_equal(process_run(SHELL("kill -9 $$"), &options), PROCESS_KILLED);
}

static void runs_in_a_folder(void **state)
{
    (void)state;
    file_make_folder(path_of("work"));
    const struct process_options options = {.folder = path_of("work"), .log = path_of("log")};
    assert_int_equal(process_run(SHELL("pwd; touch here"), &options), 0);
    assert_non_null(strstr(get_text(path_of("log")), "/work\n"));
    assert_true(file_exists(path_of("work/here")));
    const struct process_options nowhere = {.folder = path_of("nowhere")};
    EXPECT_FAIL(process_run(SHELL("true"), &nowhere), "nowhere: cannot enter this folder");
    const struct process_options no_log = {.log = path_of("nowhere/log")};
    EXPECT_FAIL(process_run(SHELL("true"), &no_log), "nowhere/log: cannot write");
}

static void relative_programs_are_ours_not_the_folders(void **state)
{
    (void)state;
    char here[1000];
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(test_folder), 0);
    put_text("tool", "#!/bin/sh\nexit 5\n");
    assert_int_equal(process_run(SHELL("chmod +x tool"), NULL), 0);
    file_make_folder(path_of("elsewhere"));
    const struct process_options options = {.folder = path_of("elsewhere")};
    assert_int_equal(process_run((const char *const[]){"./tool", NULL}, &options), 5);
    assert_int_equal(chdir(here), 0);
}

static void missing_programs(void **state)
{
    (void)state;
    const char *const argv[] = {"sluice-no-such-tool", NULL};
    char line[80] = "?";
    assert_int_equal(process_run(argv, NULL), PROCESS_NOT_FOUND);
    assert_false(process_exists("sluice-no-such-tool"));
    assert_false(process_exists(""));
    assert_false(process_exists(test_folder));
    assert_true(process_exists("sh"));
    assert_true(process_exists("/bin/sh"));
    assert_false(process_first_line(argv, line, sizeof line));
    assert_string_equal(line, "");
    /* There, but not a program: no interpreter of that name. */
    put_text("broken", "#!/no/such/interpreter\n");
    assert_int_equal(
        process_run((const char *const[]){"chmod", "+x", path_of("broken"), NULL}, NULL), 0);
    assert_int_equal(process_run((const char *const[]){path_of("broken"), NULL}, NULL),
                     PROCESS_NOT_FOUND);
}

static void time_limit_kills_the_children_too(void **state)
{
    (void)state;
    const struct process_options options = {.time_limit_s = 0.3, .log = path_of("log")};
    double start = clock_seconds();
    /* The grandchild would write its file after a while. */
    const char *script =
        arena_printf(&test_arena, "(sleep 2; touch %s) & sleep 60", path_of("late"));
    assert_int_equal(process_run(SHELL(script), &options), PROCESS_TIMED_OUT);
    assert_true(clock_seconds() - start < 30);
    sleep(3);
    assert_false(file_exists(path_of("late")));
}

static void first_lines(void **state)
{
    (void)state;
    char line[12];
    assert_true(
        process_first_line(SHELL("echo; echo '  Yosys 0.23 '; echo more"), line, sizeof line));
    assert_string_equal(line, "Yosys 0.23");
    assert_true(process_first_line(SHELL("echo a long version line >&2"), line, sizeof line));
    assert_string_equal(line, "a long vers");
    assert_true(process_first_line(SHELL("yes"), line, sizeof line));
    assert_string_equal(line, "y");
    assert_false(process_first_line(SHELL("true"), line, sizeof line));
}

static void reasons_in_logs(void **state)
{
    (void)state;
    char line[40];
    process_log_reason(put_text("l1", "start\n ERROR: no pin\nError: more\nend\n"), line,
                       sizeof line);
    assert_string_equal(line, "ERROR: no pin");
    process_log_reason(put_text("l5", "port error_o\n0 errors\n%Error: x.v:3: bad\n"), line,
                       sizeof line);
    assert_string_equal(line, "%Error: x.v:3: bad");
    process_log_reason(put_text("l2", "start\nlast words\n\n \n"), line, sizeof line);
    assert_string_equal(line, "last words");
    process_log_reason(put_text("l3", ""), line, sizeof line);
    assert_string_equal(line, "");
    process_log_reason(path_of("absent"), line, sizeof line);
    assert_string_equal(line, "");
    process_log_reason(
        put_text("l4", "x: error: a very long line that does not fit in forty bytes"), line,
        sizeof line);
    assert_string_equal(line, "x: error: a very long line that does no");
}

static bool send_number(const void *argument, FILE *results)
{
    return fprintf(results, "%d", *(const int *)argument) > 0;
}

static bool crash(const void *argument, FILE *results)
{
    fputs("before", results);
    fflush(results);
    raise(SIGSEGV);
    return argument != NULL;
}

static bool call_fail(const void *argument, FILE *results)
{
    (void)argument, (void)results;
    (fail)("in the child");
}

static bool hang(const void *argument, FILE *results)
{
    (void)argument, (void)results;
    while (pause() != 0)
        ;
    return true;
}

static void isolated_work(void **state)
{
    (void)state;
    int number = 0, given = 42;
    struct isolated child = isolated_start(send_number, &given, 10);
    assert_int_equal(fscanf(child.results, "%d", &number), 1);
    assert_true(isolated_finish(&child));
    assert_int_equal(number, 42);
    child = isolated_start(crash, NULL, 10);
    assert_int_equal(fgetc(child.results), 'b');
    assert_false(isolated_finish(&child));
    child = isolated_start(hang, NULL, 1);
    assert_int_equal(fgetc(child.results), EOF);
    assert_false(isolated_finish(&child));
}

static void isolated_failure_leaves_our_outputs(void **state)
{
    (void)state;
    struct out_file *out = out_open(path_of("ours"));
    error_set_trap(&trap);
    struct isolated child = isolated_start(call_fail, NULL, 10);
    assert_false(isolated_finish(&child));
    error_set_trap(NULL);
    out_commit(out);
    assert_true(file_exists(path_of("ours")));
}

/* Runs `work` in a child with our handlers; returns its exit status. */
static int status_of(void (*work)(void))
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        assert_non_null(freopen("/dev/null", "w", stderr));
        interrupt_install();
        work();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void interrupted_while_writing(void)
{
    struct out_file *out = out_open(path_of("half"));
    fputs("half", out_stream(out));
    raise(SIGINT);
}

static void terminated(void)
{
    raise(SIGTERM);
}

static void deferred(void)
{
    interrupt_defer(true);
    if (interrupt_requested()) _exit(1);
    raise(SIGTERM);
    if (!interrupt_requested()) _exit(2);
    file_write(path_of("checkpoint"), "state", 5);
    interrupt_defer(false);
    _exit(3);
}

static void interrupted_twice(void)
{
    interrupt_defer(true);
    raise(SIGINT);
    raise(SIGINT);
    _exit(3);
}

static void deferred_without_signal(void)
{
    interrupt_defer(true);
    interrupt_defer(false);
    _exit(interrupt_requested() ? 1 : 9);
}

static void interrupted_while_a_tool_runs(void)
{
    const char *script = "sleep 0.3; kill -INT $PPID; sleep 60";
    interrupt_defer(true);
    int code = process_run(SHELL(script), NULL);
    _exit(code == PROCESS_KILLED && interrupt_requested() ? 8 : 3);
}

static void interrupted_tool_dies(void)
{
    const char *script = arena_printf(&test_arena, "sleep 0.3; kill -INT $PPID; sleep 2; touch %s",
                                      path_of("survivor"));
    process_run(SHELL(script), NULL);
}

static void interrupts(void **state)
{
    (void)state;
    int before = count_files();
    assert_int_equal(status_of(interrupted_while_writing), 130);
    assert_int_equal(count_files(), before);
    assert_int_equal(status_of(terminated), 143);
    assert_int_equal(status_of(interrupted_twice), 130);
    assert_int_equal(status_of(deferred_without_signal), 9);
    assert_int_equal(status_of(deferred), 143);
    assert_string_equal(get_text(path_of("checkpoint")), "state");
    assert_int_equal(status_of(interrupted_while_a_tool_runs), 8);
    assert_int_equal(status_of(interrupted_tool_dies), 130);
    sleep(3);
    assert_false(file_exists(path_of("survivor")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(exit_status_and_log),
                                       cmocka_unit_test(runs_in_a_folder),
                                       cmocka_unit_test(relative_programs_are_ours_not_the_folders),
                                       cmocka_unit_test(missing_programs),
                                       cmocka_unit_test(time_limit_kills_the_children_too),
                                       cmocka_unit_test(first_lines),
                                       cmocka_unit_test(reasons_in_logs),
                                       cmocka_unit_test(isolated_work),
                                       cmocka_unit_test(isolated_failure_leaves_our_outputs),
                                       cmocka_unit_test(interrupts)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
