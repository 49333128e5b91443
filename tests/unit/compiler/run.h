/* Outside programs in tests; behind <cmocka.h>. */
#ifndef SLUICE_TESTS_UNIT_COMPILER_RUN_H
#define SLUICE_TESTS_UNIT_COMPILER_RUN_H

#include <stdio.h>

/* A command of the shell, which has to succeed. */
static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...)
{
    char command[1000];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    assert_int_equal(system(command), 0);
}

#endif
