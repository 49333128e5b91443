/* Verilog expressions of exact width: fields of signals, constants, declarations, identifiers. */
#include "compiler/emit/verilog.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

static uint64_t mask_of(int width)
{
    return width >= 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
}

/* Bits [low, low + width) of a constant, width <= 64. */
static uint64_t constant_bits(int64_t integer, int low, int width)
{
    uint64_t bits;
    if (low < 0)
        bits = low <= -64 ? 0 : (uint64_t)integer << -low;
    else
        bits = (uint64_t)(integer >> (low > 63 ? 63 : low));
    return bits & mask_of(width);
}

static void literal(struct text *text, uint64_t bits, int width, bool negative, const char *base)
{
    bool minus = negative && bits >> (width - 1);
    if (minus) bits = (~bits + 1) & mask_of(width);
    text_add(text, "%s%d'%s%" PRIu64, minus ? "-" : "", width, base, bits);
}

static void slice(struct text *text, const struct verilog_signal *signal, int low, int width)
{
    *signal->used |= (width >= 128 ? ~(verilog_mask)0 : ((verilog_mask)1 << width) - 1) << low;
    if (width == signal->full_width)
        text_add(text, "%s", signal->name);
    else if (width == 1)
        text_add(text, "%s[%d]", signal->name, low);
    else
        text_add(text, "%s[%d:%d]", signal->name, low + width - 1, low);
}

static void extension(struct text *text, const struct verilog_signal *signal, int width)
{
    if (!signal->is_signed) {
        text_add(text, "%d'd0", width);
        return;
    }
    if (width > 1) text_add(text, "{%d{", width);
    slice(text, signal, signal->width - 1, 1);
    if (width > 1) text_add(text, "}}");
}

void verilog_field(struct text *text, const struct verilog_signal *signal, int low, int width)
{
    assert(width > 0);
    if (signal->is_constant) {
        assert(width <= 64);
        literal(text, constant_bits(signal->integer, low, width), width, signal->integer < 0, "d");
        return;
    }
    int zeros = low >= 0 ? 0 : -low < width ? -low : width;
    int from = low < 0 ? 0 : low, rest = width - zeros;
    int take = signal->width - from;
    take = take < 0 ? 0 : take > rest ? rest : take;
    int extend = rest - take;
    int parts = (extend > 0) + (take > 0) + (zeros > 0);
    if (parts > 1) text_add(text, "{");
    if (extend > 0) extension(text, signal, extend);
    if (extend > 0 && parts > 1) text_add(text, ", ");
    if (take > 0) slice(text, signal, from, take);
    if (zeros > 0) text_add(text, "%s%d'd0", extend + take > 0 ? ", " : "", zeros);
    if (parts > 1) text_add(text, "}");
}

void verilog_signed_field(struct text *text, const struct verilog_signal *signal, int low,
                          int width)
{
    if (signal->is_constant) {
        literal(text, constant_bits(signal->integer, low, width), width, true, "sd");
    } else if (signal->is_signed && low == 0 && width == signal->full_width) {
        slice(text, signal, 0, width);
    } else {
        text_add(text, "$signed(");
        verilog_field(text, signal, low, width);
        text_add(text, ")");
    }
}

bool verilog_zero_above(const struct verilog_signal *signal, int bit)
{
    if (signal->is_constant)
        return constant_bits(signal->integer, bit, 64) == 0 && signal->integer >= 0;
    return !signal->is_signed && bit >= signal->width;
}

void verilog_declare(struct text *text, const char *kind, bool is_signed, int width)
{
    text_add(text, "%s %s", kind, is_signed ? "signed " : "");
    if (width > 1) text_add(text, "[%d:0] ", width - 1);
}

void verilog_comment(struct text *text, const char *words)
{
    for (const char *c = words; *c; c++) {
        char printable = iscntrl((unsigned char)*c) ? ' ' : *c;
        text_add_bytes(text, &printable, 1);
    }
    text_add(text, "\n");
}

/* Verilog-2005's reserved words, and SystemVerilog's that tools may take for such. */
static const char *const keywords[] = {"always",
                                       "and",
                                       "assign",
                                       "automatic",
                                       "begin",
                                       "bit",
                                       "buf",
                                       "bufif0",
                                       "bufif1",
                                       "byte",
                                       "case",
                                       "casex",
                                       "casez",
                                       "cell",
                                       "class",
                                       "cmos",
                                       "config",
                                       "const",
                                       "deassign",
                                       "default",
                                       "defparam",
                                       "design",
                                       "disable",
                                       "do",
                                       "edge",
                                       "else",
                                       "end",
                                       "endcase",
                                       "endconfig",
                                       "endfunction",
                                       "endgenerate",
                                       "endmodule",
                                       "endprimitive",
                                       "endspecify",
                                       "endtable",
                                       "endtask",
                                       "enum",
                                       "event",
                                       "final",
                                       "for",
                                       "force",
                                       "forever",
                                       "fork",
                                       "function",
                                       "generate",
                                       "genvar",
                                       "global",
                                       "highz0",
                                       "highz1",
                                       "if",
                                       "ifnone",
                                       "import",
                                       "incdir",
                                       "include",
                                       "initial",
                                       "inout",
                                       "input",
                                       "inside",
                                       "instance",
                                       "int",
                                       "integer",
                                       "interface",
                                       "join",
                                       "large",
                                       "liblist",
                                       "library",
                                       "localparam",
                                       "logic",
                                       "longint",
                                       "macromodule",
                                       "medium",
                                       "module",
                                       "nand",
                                       "negedge",
                                       "new",
                                       "nmos",
                                       "nor",
                                       "noshowcancelled",
                                       "not",
                                       "notif0",
                                       "notif1",
                                       "null",
                                       "or",
                                       "output",
                                       "package",
                                       "packed",
                                       "parameter",
                                       "pmos",
                                       "posedge",
                                       "primitive",
                                       "priority",
                                       "program",
                                       "property",
                                       "pull0",
                                       "pull1",
                                       "pulldown",
                                       "pullup",
                                       "pulsestyle_ondetect",
                                       "pulsestyle_onevent",
                                       "pure",
                                       "rand",
                                       "rcmos",
                                       "real",
                                       "realtime",
                                       "ref",
                                       "reg",
                                       "release",
                                       "repeat",
                                       "return",
                                       "rnmos",
                                       "rpmos",
                                       "rtran",
                                       "rtranif0",
                                       "rtranif1",
                                       "scalared",
                                       "sequence",
                                       "shortint",
                                       "shortreal",
                                       "showcancelled",
                                       "signed",
                                       "small",
                                       "specify",
                                       "specparam",
                                       "static",
                                       "string",
                                       "strong0",
                                       "strong1",
                                       "struct",
                                       "super",
                                       "supply0",
                                       "supply1",
                                       "table",
                                       "tagged",
                                       "task",
                                       "this",
                                       "time",
                                       "timeprecision",
                                       "timeunit",
                                       "tran",
                                       "tranif0",
                                       "tranif1",
                                       "tri",
                                       "tri0",
                                       "tri1",
                                       "triand",
                                       "trior",
                                       "trireg",
                                       "type",
                                       "typedef",
                                       "union",
                                       "unique",
                                       "unsigned",
                                       "use",
                                       "uwire",
                                       "var",
                                       "vectored",
                                       "virtual",
                                       "void",
                                       "wait",
                                       "wand",
                                       "weak0",
                                       "weak1",
                                       "while",
                                       "wire",
                                       "with",
                                       "wor",
                                       "xnor",
                                       "xor"};

const char *verilog_identifier(struct arena *arena, const char *text)
{
    bool bad_start = !(isalpha((unsigned char)text[0]) || text[0] == '_');
    bool keyword = false;
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (strcmp(text, keywords[i]) == 0) keyword = true;
    char *name = arena_printf(arena, "%s%.*s%s", bad_start ? "n" : "", VERILOG_NAME_MAX, text,
                              keyword ? "_net" : "");
    for (char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c)) *c = '_';
    return name;
}
