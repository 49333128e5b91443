/* Outside tools: fork, exec, wait with a limit. Each runs in a process group of its own, so that
 * a limit or an interrupt takes its children with it. */
#define _GNU_SOURCE /* pipe2() */
#include "base/process.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What a child that could not become the program tells its parent. */
struct child_failure {
    enum { CHILD_NO_FOLDER = 1, CHILD_NO_PROGRAM } stage;
    int cause; /* errno */
};

struct child {
    pid_t pid;
    int group_slot;
};

static bool is_program(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

/* The file that running `program` would run, absolute where a change of folder matters; NULL if
 * there is none. */
static char *find_program(struct arena *arena, const char *program)
{
    if (!*program) return NULL;
    if (strchr(program, '/')) {
        char *real = is_program(program) ? realpath(program, NULL) : NULL;
        if (!real) return NULL;
        free(real);
        if (program[0] == '/') return arena_strdup(arena, program);
        /* Not the resolved path: a link's name may matter to the program behind it. */
        char *here = getcwd(NULL, 0);
        char *path = here ? arena_printf(arena, "%s/%s", here, program) : NULL;
        free(here);
        return path;
    }
    const char *list = getenv("PATH");
    if (!list) list = "/usr/local/bin:/usr/bin:/bin";
    for (;;) {
        size_t length = strcspn(list, ":");
        char *path = arena_printf(arena, "%.*s/%s", (int)length, length ? list : ".", program);
        if (length == 0) path = arena_printf(arena, "./%s", program);
        if (is_program(path)) return path;
        if (!list[length]) return NULL;
        list += length + 1;
    }
}

static _Noreturn void become(const char *path, const char *const argv[], const char *folder,
                             int output, int failure_pipe)
{
    interrupt_reset_child();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct child_failure failure = {CHILD_NO_PROGRAM, 0};
    int input = open("/dev/null", O_RDONLY);
    if (input >= 0) dup2(input, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    if (folder && chdir(folder) != 0) {
        failure.stage = CHILD_NO_FOLDER;
    } else {
        /* execv() takes char *const[] for history's sake and changes nothing. */
        union {
            const char *const *given;
            char *const *wanted;
        } arguments = {argv};
        execv(path, arguments.wanted);
    }
    failure.cause = errno;
    ssize_t ignored = write(failure_pipe, &failure, sizeof failure);
    (void)ignored;
    _exit(127);
}

/* Starts the program with stdout and stderr on `output`; false when there is no such program. */
static bool start(const char *const argv[], const char *folder, int output, struct child *child)
{
    struct arena arena = {0};
    char *path = find_program(&arena, argv[0]);
    int pipe_ends[2];
    if (!path) {
        arena_free(&arena);
        return false;
    }
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) fail("%s: cannot start: %s", argv[0], strerror(errno));
    fflush(NULL);
    interrupt_block(true);
    child->pid = fork();
    if (child->pid == 0) {
        setpgid(0, 0);
        become(path, argv, folder, output, pipe_ends[1]);
    }
    int cause = errno;
    if (child->pid > 0) {
        setpgid(child->pid, child->pid); /* both do it: whoever is first */
        child->group_slot = interrupt_add_group(child->pid);
    }
    interrupt_block(false);
    arena_free(&arena);
    close(pipe_ends[1]);
    if (child->pid < 0) {
        close(pipe_ends[0]);
        fail("%s: cannot start: %s", argv[0], strerror(cause));
    }
    struct child_failure failure;
    ssize_t got;
    do
        got = read(pipe_ends[0], &failure, sizeof failure);
    while (got < 0 && errno == EINTR);
    close(pipe_ends[0]);
    if (got != (ssize_t)sizeof failure) return true;
    waitpid(child->pid, NULL, 0);
    interrupt_remove_group(child->group_slot);
    if (failure.stage == CHILD_NO_FOLDER)
        fail("%s: cannot enter this folder to run %s: %s", folder, argv[0],
             strerror(failure.cause));
    return false;
}

static void kill_group(const struct child *child)
{
    kill(-child->pid, SIGKILL);
}

/* Waits for the end, which the limit or an interrupt may bring about. */
static int finish(const struct child *child, double time_limit_s)
{
    double end = time_limit_s > 0 ? clock_seconds() + time_limit_s : 0;
    long pause_us = 500;
    int status = 0, code = 0;
    for (;;) {
        /* Not reaped yet, so that the number of its group is still its own below. */
        siginfo_t ended = {0};
        int got = waitid(P_PID, (id_t)child->pid, &ended, WEXITED | WNOHANG | WNOWAIT);
        if (ended.si_pid == child->pid || (got < 0 && errno != EINTR)) break;
        if (end > 0 && code == 0 && clock_seconds() >= end) code = PROCESS_TIMED_OUT;
        if (code == 0 && interrupt_requested()) code = PROCESS_KILLED;
        if (code != 0) kill_group(child);
        nanosleep(&(struct timespec){0, pause_us * 1000}, NULL);
        if (pause_us < 20000) pause_us += pause_us / 2;
    }
    kill_group(child); /* what it may have left running */
    interrupt_remove_group(child->group_slot);
    if (waitpid(child->pid, &status, 0) != child->pid) return PROCESS_KILLED;
    if (code != 0) return code;
    return WIFEXITED(status) ? WEXITSTATUS(status) : PROCESS_KILLED;
}

int process_run(const char *const argv[], const struct process_options *options)
{
    static const struct process_options plain = {0};
    if (!options) options = &plain;
    const char *log = options->log ? options->log : "/dev/null";
    int output = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (output < 0) fail("%s: cannot write: %s", log, strerror(errno));
    struct child child = {0, -1};
    bool started = start(argv, options->folder, output, &child);
    close(output);
    return started ? finish(&child, options->time_limit_s) : PROCESS_NOT_FOUND;
}

static struct child children[PROCESS_MOST]; /* pid 0: none */

int process_start(const char *const argv[], const struct process_options *options)
{
    int number = 0;
    while (number < PROCESS_MOST && children[number].pid != 0)
        number++;
    assert(number < PROCESS_MOST);
    int output = open(options->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (output < 0) fail("%s: cannot write: %s", options->log, strerror(errno));
    bool runs = start(argv, options->folder, output, &children[number]);
    close(output);
    if (!runs) fail("%s: there is no such program", argv[0]);
    return number;
}

bool process_runs(int number)
{
    siginfo_t ended = {0};
    if (children[number].pid == 0) return false;
    int got = waitid(P_PID, (id_t)children[number].pid, &ended, WEXITED | WNOHANG | WNOWAIT);
    return got == 0 && ended.si_pid == 0;
}

void process_stop(int number)
{
    struct child *child = &children[number];
    if (child->pid == 0) return;
    kill_group(child);
    interrupt_remove_group(child->group_slot);
    waitpid(child->pid, NULL, 0);
    child->pid = 0;
}

bool process_exists(const char *program)
{
    struct arena arena = {0};
    bool exists = find_program(&arena, program) != NULL;
    arena_free(&arena);
    return exists;
}

/* Copies one line without the blanks around it and what follows it. */
static void copy_line(char *line, size_t size, const char *from)
{
    from += strspn(from, " \t\r");
    size_t length = strcspn(from, "\r\n");
    while (length > 0 && (from[length - 1] == ' ' || from[length - 1] == '\t'))
        length--;
    if (length >= size) length = size - 1;
    memcpy(line, from, length);
    line[length] = 0;
}

bool process_first_line(const char *const argv[], char *line, size_t size)
{
    enum { LIMIT_S = 30 };
    int ends[2];
    struct child child = {0, -1};
    line[0] = 0;
    if (pipe2(ends, O_CLOEXEC) != 0) fail("%s: cannot start: %s", argv[0], strerror(errno));
    bool started = start(argv, NULL, ends[1], &child);
    close(ends[1]);
    char text[4096];
    size_t used = 0;
    double end = clock_seconds() + LIMIT_S;
    while (started && used < sizeof text - 1 && clock_seconds() < end) {
        struct pollfd wait = {.fd = ends[0], .events = POLLIN};
        if (poll(&wait, 1, 200) <= 0) continue;
        ssize_t got = read(ends[0], text + used, sizeof text - 1 - used);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        used += (size_t)got;
    }
    close(ends[0]);
    if (!started) return false;
    text[used] = 0;
    finish(&child, 1);
    copy_line(line, size, text + strspn(text, " \t\r\n"));
    return line[0] != 0;
}

/* Whether a line speaks of an error: the word itself, neither part of a name (error_o) nor a count
 * of none (0 errors). */
static bool tells_error(const char *line)
{
    static const char *const words[] = {"ERROR", "Error", "error"};
    for (size_t w = 0; w < sizeof words / sizeof *words; w++)
        for (const char *at = line; (at = strstr(at, words[w])) != NULL; at++) {
            const char *end = at + strlen(words[w]);
            bool starts = at == line || !(isalnum((unsigned char)at[-1]) || at[-1] == '_');
            bool ends = !(isalnum((unsigned char)*end) || *end == '_');
            if (starts && ends) return true;
        }
    return false;
}

void process_log_reason(const char *log, char *line, size_t size)
{
    line[0] = 0;
    if (!file_exists(log)) return;
    struct arena arena = {0};
    size_t length;
    const char *text = file_read(&arena, log, &length);
    const char *last = NULL;
    for (const char *c = text; *c;) {
        size_t bytes = strcspn(c, "\n");
        char candidate[1024];
        copy_line(candidate, sizeof candidate, c);
        if (candidate[0]) last = c;
        if (tells_error(candidate)) break;
        c += bytes + (c[bytes] == '\n');
    }
    if (last) copy_line(line, size, last);
    arena_free(&arena);
}
