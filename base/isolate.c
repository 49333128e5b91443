/* Work in a child process: see isolate.h. */
#define _GNU_SOURCE /* pipe2() */
#include "base/isolate.h"

#include "base/error.h"
#include "base/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void run_child(bool (*work)(const void *, FILE *), const void *argument,
                                int output, unsigned time_limit_s)
{
    interrupt_reset_child();
    error_set_child();
    alarm(time_limit_s);
    /* A crash is expected: no core file, no words about it. */
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGILL};
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
        signal(crashes[i], SIG_DFL);
    int nowhere = open("/dev/null", O_WRONLY);
    if (nowhere >= 0) dup2(nowhere, STDERR_FILENO);
    FILE *results = fdopen(output, "wb");
    bool good = results && work(argument, results) && fflush(results) == 0;
    _exit(good ? 0 : 1);
}

struct isolated isolated_start(bool (*work)(const void *argument, FILE *results),
                               const void *argument, unsigned time_limit_s)
{
    struct isolated isolated = {.group_slot = -1};
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) fail("cannot start a process: %s", strerror(errno));
    interrupt_block(true);
    isolated.pid = fork();
    if (isolated.pid == 0) {
        setpgid(0, 0);
        close(ends[0]);
        run_child(work, argument, ends[1], time_limit_s);
    }
    int cause = errno;
    if (isolated.pid > 0) {
        setpgid(isolated.pid, isolated.pid);
        isolated.group_slot = interrupt_add_group(isolated.pid);
    }
    interrupt_block(false);
    close(ends[1]);
    isolated.results = isolated.pid > 0 ? fdopen(ends[0], "rb") : NULL;
    if (!isolated.results) fail("cannot start a process: %s", strerror(cause));
    return isolated;
}

bool isolated_finish(struct isolated *isolated)
{
    int status = 0;
    pid_t got;
    fclose(isolated->results);
    do
        got = waitpid(isolated->pid, &status, 0);
    while (got < 0 && errno == EINTR);
    interrupt_remove_group(isolated->group_slot);
    return got == isolated->pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
