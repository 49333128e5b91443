/* What the tests of report/ share: a copy of the folder of fragments in `complete/`, made by hand,
 * that a test may change before it reports. Run from the root of the repository. */
#ifndef SLUICE_TESTS_UNIT_REPORT_FIXTURE_H
#define SLUICE_TESTS_UNIT_REPORT_FIXTURE_H

#include "tests/unit/fixture.h"

#include "base/json.h"
#include "report/report.h"

#include <math.h>
#include <stdio.h>

#define COMPLETE "tests/unit/report/complete"

UNUSED static char *const folder = test_folder;

UNUSED static const char *in_folder(const char *name)
{
    return file_join(&test_arena, folder, name);
}

UNUSED static const char *contents(const char *name)
{
    size_t length;
    return file_read(&test_arena, in_folder(name), &length);
}

UNUSED static void write_file(const char *name, const char *text)
{
    file_write(in_folder(name), text, strlen(text));
}

/* The hand-made fragments, all or one. */
UNUSED static void copy_fragment(const char *name)
{
    file_copy(file_join(&test_arena, COMPLETE, name), in_folder(name));
}

UNUSED static void copy_complete(void)
{
    static const char *const names[] = {"train.json",  "compile.json", "interface.json",
                                        "verify.json", "build.json",   "physics.json",
                                        "faults.json", "run.json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        copy_fragment(names[i]);
}

/* Sets a member ("timing.fmax_mhz") of a fragment; takes ownership of the value. */
UNUSED static void set(const char *fragment, const char *path, cJSON *value)
{
    cJSON *json = json_read(in_folder(fragment)), *parent = json;
    char *name = arena_strdup(&test_arena, path), *dot = strchr(name, '.');
    if (dot) {
        *dot = 0;
        parent = cJSON_GetObjectItemCaseSensitive(json, name);
        assert_non_null(parent);
        name = dot + 1;
    }
    if (cJSON_HasObjectItem(parent, name))
        assert_true(cJSON_ReplaceItemInObjectCaseSensitive(parent, name, value));
    else
        assert_true(cJSON_AddItemToObject(parent, name, value));
    json_write(in_folder(fragment), json);
    cJSON_Delete(json);
}

UNUSED static void set_number(const char *fragment, const char *path, double value)
{
    set(fragment, path, cJSON_CreateNumber(value));
}

UNUSED static struct report_verdict run(void)
{
    struct report_options options;
    report_options_init(&options);
    return report_run(folder, &options);
}

/* report.json as written; freed by the caller. */
UNUSED static cJSON *report(void)
{
    return json_read(in_folder("report.json"));
}

UNUSED static void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_msg("'%s' is not in: %.2000s", part, text);
}

UNUSED static void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part)) fail_msg("'%s' is in the text", part);
}

/* Equal to a golden file; SLUICE_GOLDEN=update writes it anew, to be read in the diff. */
UNUSED static void assert_golden(const char *text, const char *path)
{
    const char *update = getenv("SLUICE_GOLDEN");
    size_t length;
    if (update && strcmp(update, "update") == 0) file_write(path, text, strlen(text));
    assert_string_equal(text, file_read(&test_arena, path, &length));
}

#endif
