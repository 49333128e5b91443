/* `sluice diff`: two reports flattened to dotted paths and compared. See diff.h. */
#include "report/diff.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "report/number.h"
#include "report/report.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

/* The member of an object, or of an array: the row with the same `name`, else of the same index. */
static const cJSON *find_same(const cJSON *item, int index, const cJSON *in)
{
    if (cJSON_IsObject(in)) return cJSON_GetObjectItemCaseSensitive(in, item->string);
    const char *name = json_string(item, "name", NULL);
    if (!name) return cJSON_GetArrayItem(in, index);
    const cJSON *row;
    cJSON_ArrayForEach(row, in)
    {
        const char *theirs = json_string(row, "name", NULL);
        if (theirs && strcmp(theirs, name) == 0) return row;
    }
    return NULL;
}

/* An element's part of a path: a member's name, a row's `name`, or its index. */
static const char *step_name(struct arena *arena, const cJSON *item, int index)
{
    const char *name = item->string ? item->string : json_string(item, "name", NULL);
    return name ? report_clean(arena, name) : arena_printf(arena, "%d", index);
}

static bool is_tree(const cJSON *item)
{
    return cJSON_IsObject(item) || cJSON_IsArray(item);
}

static void add_change(cJSON *changes, const char *path, const cJSON *a, const cJSON *b)
{
    cJSON *change = cJSON_CreateObject();
    cJSON_AddStringToObject(change, "path", path);
    cJSON_AddStringToObject(change, "change", !a ? "added" : !b ? "removed" : "changed");
    cJSON_AddItemToObject(change, "a", a ? cJSON_Duplicate(a, true) : cJSON_CreateNull());
    cJSON_AddItemToObject(change, "b", b ? cJSON_Duplicate(b, true) : cJSON_CreateNull());
    if (cJSON_IsNumber(a) && cJSON_IsNumber(b)) {
        double difference = b->valuedouble - a->valuedouble;
        json_add_number(change, "difference", difference);
        json_add_number(change, "relative",
                        a->valuedouble != 0 ? difference / fabs(a->valuedouble) : NAN);
    }
    cJSON_AddItemToArray(changes, change);
}

static void compare(struct arena *arena, cJSON *changes, const char *path, const cJSON *a,
                    const cJSON *b);

/* Every element of both: those of a in its order, then those that b alone has. */
static void compare_trees(struct arena *arena, cJSON *changes, const char *path, const cJSON *a,
                          const cJSON *b)
{
    const cJSON *item;
    const char *dot = *path ? "." : "";
    int index = 0;
    cJSON_ArrayForEach(item, a)
    {
        const cJSON *other = find_same(item, index, b);
        const char *name = step_name(arena, item, index++);
        compare(arena, changes, arena_printf(arena, "%s%s%s", path, dot, name), item, other);
    }
    index = 0;
    cJSON_ArrayForEach(item, b)
    {
        const cJSON *other = find_same(item, index, a);
        const char *name = step_name(arena, item, index++);
        if (!other)
            compare(arena, changes, arena_printf(arena, "%s%s%s", path, dot, name), NULL, item);
    }
}

/* Either may be NULL: not there. An added or removed tree is reported leaf by leaf. */
static void compare(struct arena *arena, cJSON *changes, const char *path, const cJSON *a,
                    const cJSON *b)
{
    bool alike = (!a || is_tree(a)) && (!b || is_tree(b)) &&
                 (!a || !b || cJSON_IsArray(a) == cJSON_IsArray(b));
    bool empty = (!a || !a->child) && (!b || !b->child);
    if (alike && !(empty && (!a || !b)))
        compare_trees(arena, changes, path, a, b);
    else if (!a || !b || !cJSON_Compare(a, b, true))
        add_change(changes, path, a, b);
}

static cJSON *read_report(struct arena *arena, const char *path)
{
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        path = file_join(arena, path, "report.json");
    cJSON *report = json_read(path);
    if (!cJSON_IsObject(report) || !cJSON_HasObjectItem(report, "schema"))
        fail("%s: not a report of `sluice report`: it has no `schema`", path);
    return report;
}

cJSON *diff_json(const char *a_path, const char *b_path)
{
    struct arena arena = {0};
    cJSON *a = read_report(&arena, a_path), *b = read_report(&arena, b_path);
    cJSON *diff = cJSON_CreateObject();
    cJSON_AddNumberToObject(diff, "schema", REPORT_SCHEMA);
    cJSON_AddStringToObject(diff, "a", a_path);
    cJSON_AddStringToObject(diff, "b", b_path);
    compare(&arena, cJSON_AddArrayToObject(diff, "changes"), "", a, b);
    cJSON_Delete(a);
    cJSON_Delete(b);
    arena_free(&arena);
    return diff;
}

/* A value in a column: long strings are cut, trees printed as JSON. */
static const char *print_value(struct arena *arena, const cJSON *value, bool there)
{
    enum { WIDEST = 40 };
    if (!there) return "-";
    if (cJSON_IsNumber(value)) {
        double number = value->valuedouble;
        bool whole = number == floor(number) && fabs(number) < 1e15;
        return arena_strdup(arena, whole ? report_count(number).text
                                         : arena_printf(arena, "%.6g", number));
    }
    char *json = cJSON_IsString(value) ? NULL : cJSON_PrintUnformatted(value);
    char *text = arena_strdup(arena, report_clean(arena, json ? json : value->valuestring));
    cJSON_free(json);
    if (report_length(text) <= WIDEST) return text;
    char *cut = text;
    for (int i = 0; i < WIDEST - 3; i++)
        do
            cut++;
        while (((unsigned char)*cut & 0xC0) == 0x80);
    *cut = 0;
    return arena_printf(arena, "%s...", text);
}

static const char *print_change(struct arena *arena, const cJSON *change)
{
    double difference = json_number(change, "difference", NAN);
    double relative = json_number(change, "relative", NAN);
    if (!isfinite(difference)) {
        const char *kind = json_string(change, "change", "");
        return strcmp(kind, "changed") == 0 ? "" : kind;
    }
    const char *share = "";
    if (isfinite(relative))
        share =
            arena_printf(arena, " (%s%s)", relative > 0 ? "+" : "", report_percent(relative).text);
    return arena_printf(arena, "%s%.6g%s", difference > 0 ? "+" : "", difference, share);
}

enum { COLUMNS = 4 };

/* path, a, b, change of one row. */
static void print_row(struct arena *arena, const cJSON *change, const char *cells[COLUMNS])
{
    const char *kind = json_string(change, "change", "");
    cells[0] = json_string(change, "path", "");
    cells[1] = print_value(arena, json_find(change, "a"), strcmp(kind, "added") != 0);
    cells[2] = print_value(arena, json_find(change, "b"), strcmp(kind, "removed") != 0);
    cells[3] = print_change(arena, change);
}

bool diff_run(const char *a_path, const char *b_path, FILE *stream)
{
    struct arena arena = {0};
    cJSON *diff = diff_json(a_path, b_path);
    const cJSON *changes = json_find(diff, "changes"), *change;
    int widths[COLUMNS] = {0}, count = cJSON_GetArraySize(changes);
    const char *cells[COLUMNS];
    cJSON_ArrayForEach(change, changes)
    {
        print_row(&arena, change, cells);
        for (int i = 0; i < COLUMNS; i++)
            if (report_length(cells[i]) > widths[i]) widths[i] = report_length(cells[i]);
    }
    cJSON_ArrayForEach(change, changes)
    {
        print_row(&arena, change, cells);
        fprintf(stream, "%s%*s  %*s%s  ->  %*s%s%s%s\n", cells[0],
                widths[0] - report_length(cells[0]), "", widths[1] - report_length(cells[1]), "",
                cells[1], widths[2] - report_length(cells[2]), "", cells[2], *cells[3] ? "  " : "",
                cells[3]);
    }
    if (count == 0) fputs("nothing changed\n", stream);
    cJSON_Delete(diff);
    arena_free(&arena);
    return count > 0;
}
