/* Signals: see interrupt.h. Everything the handler calls is async-signal-safe. */
#include "base/interrupt.h"

#include "base/file.h"

#include <assert.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { MAX_GROUPS = 16 };

static volatile sig_atomic_t is_deferred;
static volatile sig_atomic_t requested_signal; /* 0: none */
static _Atomic pid_t groups[MAX_GROUPS];

static _Noreturn void end_by(int signal_number)
{
    static const char message[] = "\nsluice: interrupted\n";
    /* The newline first only where a progress bar may stand. */
    size_t skip = isatty(STDERR_FILENO) == 1 ? 0 : 1;
    for (int i = 0; i < MAX_GROUPS; i++) {
        pid_t group = atomic_load(&groups[i]);
        if (group > 0) kill(-group, SIGKILL);
    }
    out_unlink_all();
    ssize_t ignored = write(STDERR_FILENO, message + skip, sizeof message - 1 - skip);
    (void)ignored;
    _exit(128 + signal_number);
}

static void handle_signal(int signal_number)
{
    if (!is_deferred || requested_signal) end_by(signal_number);
    requested_signal = signal_number;
}

void interrupt_install(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handle_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGINT);
    sigaddset(&action.sa_mask, SIGTERM);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

void interrupt_defer(bool deferred)
{
    if (deferred) {
        requested_signal = 0;
        is_deferred = 1;
        return;
    }
    is_deferred = 0;
    if (requested_signal) end_by(requested_signal);
}

bool interrupt_requested(void)
{
    return requested_signal != 0;
}

int interrupt_add_group(pid_t group)
{
    for (int i = 0; i < MAX_GROUPS; i++) {
        pid_t none = 0;
        if (atomic_compare_exchange_strong(&groups[i], &none, group)) return i;
    }
    assert(!"too many processes at once");
    return -1;
}

void interrupt_remove_group(int slot)
{
    if (slot >= 0) atomic_store(&groups[slot], 0);
}

void interrupt_block(bool blocked)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(blocked ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

void interrupt_reset_child(void)
{
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    interrupt_block(false);
}
