/* Where the data files are: boards/ and rtl/ of the repository or of an installation. */
#include "base/error.h"
#include "base/file.h"
#include "boards/board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHARE "/share/sluice"

enum { FOLDERS_ABOVE = 5 };

static char home[4096];

static bool is_home(const char *folder)
{
    char path[sizeof home + 32];
    snprintf(path, sizeof path, "%s/boards/targets", folder);
    return file_exists(path);
}

/* Tries the folders above the running program, nearest first, and share/sluice in them: a
 * checkout's build/sluice finds the checkout, PREFIX/bin/sluice finds PREFIX/share/sluice. */
static bool find_above_program(void)
{
    ssize_t length = readlink("/proc/self/exe", home, sizeof home - 1);
    if (length <= 0) return false;
    home[length] = '\0';
    for (int i = 0; i < FOLDERS_ABOVE; i++) {
        char *slash = strrchr(home, '/');
        if (slash == NULL || slash == home) return false;
        *slash = '\0';
        if (is_home(home)) return true;
        size_t end = strlen(home);
        if (end + sizeof SHARE > sizeof home) return false;
        strcpy(home + end, SHARE);
        if (is_home(home)) return true;
        home[end] = '\0';
    }
    return false;
}

const char *board_home(void)
{
    const char *given = getenv("SLUICE_HOME");
    if (given != NULL && given[0] != '\0') {
        if (!is_home(given)) fail("SLUICE_HOME is %s, which holds no boards/targets", given);
        return given;
    }
    if (home[0] != '\0' || find_above_program()) return home;
    home[0] = '\0';
    fail("the board files are not above the program; set SLUICE_HOME to the folder that holds "
         "boards/");
}
