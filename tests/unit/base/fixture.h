/* What the tests of base/ share: a temporary folder, and calls that must end with one line. */
#ifndef SLUICE_TESTS_UNIT_BASE_FIXTURE_H
#define SLUICE_TESTS_UNIT_BASE_FIXTURE_H

#include "tests/unit/fixture.h"

static int entries_seen;

UNUSED static int count_entry(const char *path, const struct stat *status, int kind,
                              struct FTW *ftw)
{
    (void)path, (void)status, (void)ftw;
    entries_seen += kind == FTW_F;
    return 0;
}

/* Files in the temporary folder, those of its folders included. */
UNUSED static int count_files(void)
{
    entries_seen = 0;
    assert_int_equal(nftw(test_folder, count_entry, 8, FTW_PHYS), 0);
    return entries_seen;
}

#endif
