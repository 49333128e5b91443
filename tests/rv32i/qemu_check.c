/* The C model beside qemu-riscv32, an implementation that is none of ours: a random user program as
 * an ELF file, and the registers that qemu logs before each instruction of it compared with the
 * model's.
 *
 *   qemu_check write PROGRAM.elf SEED COUNT
 *   qemu-riscv32 -singlestep -d cpu,nochain -D LOG PROGRAM.elf
 *   qemu_check compare PROGRAM.elf LOG COUNT     at least COUNT instructions must have been
 * compared */
#include "model.h"
#include "random_program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BASE = 0x10000,
    IMAGE_BYTES = 1 << 17,
    HEADER_BYTES = 0x54,
    CODE = 0x100,
    DATA = 1 << 16,
    POINTER = 29,
    LINK = 30
};

static uint8_t image[IMAGE_BYTES];
static bool lands[IMAGE_BYTES / 4]; /* words that a jump before them may go to */

static void put16(uint32_t at, uint32_t value)
{
    image[at] = (uint8_t)value;
    image[at + 1] = (uint8_t)(value >> 8);
}

static void put32(uint32_t at, uint32_t value)
{
    put16(at, value & 0xffff);
    put16(at + 2, value >> 16);
}

/* ELF32 for RISC-V with one segment that holds everything and may be read, written and executed. */
static void put_header(void)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 1, 1, 1};
    memcpy(image, ident, sizeof ident);
    put16(16, 2);   /* executable */
    put16(18, 243); /* RISC-V */
    put32(20, 1);
    put32(24, BASE + CODE);
    put32(28, 0x34); /* program headers */
    put16(40, 0x34);
    put16(42, 0x20);
    put16(44, 1);
    put32(0x34, 1); /* load */
    put32(0x34 + 8, BASE);
    put32(0x34 + 12, BASE);
    put32(0x34 + 16, IMAGE_BYTES);
    put32(0x34 + 20, IMAGE_BYTES);
    put32(0x34 + 24, 7);
    put32(0x34 + 28, 0x1000);
}

static uint32_t destination(struct random_words *r)
{
    uint32_t rd;
    do
        rd = random_register(r);
    while (rd == POINTER || rd == LINK);
    return rd;
}

/* One or two words that go on to a later one, so that every program ends. No jump goes between the
 * two. */
static int put_instruction(struct random_words *r, uint32_t at)
{
    static const uint32_t loads[] = {0, 1, 2, 4, 5}, branches[] = {0, 1, 4, 5, 6, 7};
    uint32_t insn, load = loads[random_below(r, 5)], size = random_below(r, 3),
                   skip = 4 * (1 + random_below(r, 6));
    uint32_t offset = random_next(r) & 0xfff, kind = random_below(r, 8);
    if (kind == 4 && lands[at / 4 + 1]) kind = 5;
    if (kind >= 2 && kind <= 4) lands[(at + (kind == 4 ? 4 : 0) + skip) / 4] = true;
    switch (kind) {
    case 0:
        insn = encode_i(OP_LOAD, load, destination(r), POINTER, offset & ~((1u << (load & 3)) - 1));
        break;
    case 1: insn = encode_s(size, POINTER, random_register(r), offset & ~((1u << size) - 1)); break;
    case 2:
        insn = encode_b(branches[random_below(r, 6)], random_register(r), random_register(r), skip);
        break;
    case 3:
        insn =
            random_below(r, 2) ? encode_j(destination(r), skip) : encode_i(OP_FENCE, 0, 0, 0, 0xff);
        break;
    case 4:
        put32(at, encode_u(OP_AUIPC, LINK, 0));
        put32(at + 4, encode_i(OP_JALR, 0, destination(r), LINK, (4 + skip) | random_below(r, 2)));
        return 2;
    default:
        do
            insn = random_arithmetic(r);
        while ((insn >> 7 & 31) == POINTER || (insn >> 7 & 31) == LINK);
    }
    put32(at, insn);
    return 1;
}

static int write_program(const char *path, uint64_t seed, uint32_t count)
{
    struct random_words random = {seed, true};
    put_header();
    uint32_t at = CODE, end = CODE + 4 * count, words[2];
    if (end + 0x100 > DATA) return 2;
    encode_constant(words, POINTER, BASE + DATA + 0x800);
    put32(at, words[0]);
    put32(at + 4, words[1]);
    for (at += 8; at < end;)
        at += 4 * (uint32_t)put_instruction(&random, at);
    for (; at < end + 0x40; at += 4) /* where the last jumps land */
        put32(at, encode_i(OP_IMM, 0, 0, 0, 0));
    put32(at, encode_i(OP_IMM, 0, 17, 0, 93)); /* exit(0) */
    put32(at + 4, encode_i(OP_IMM, 0, 10, 0, 0));
    put32(at + 8, 0x00000073);
    for (at = DATA; at < IMAGE_BYTES; at++)
        image[at] = (uint8_t)random_next(&random);
    FILE *file = fopen(path, "wb");
    return !file || fwrite(image, sizeof image, 1, file) != 1 || fclose(file) != 0 ? 2 : 0;
}

/* The next entry of the log: pc and x0 to x31; false at its end. */
static bool read_entry(FILE *log, uint32_t *pc, uint32_t x[32])
{
    char word[64];
    unsigned value, number;
    int found = 0;
    while (fscanf(log, "%63s", word) == 1) {
        if (strcmp(word, "pc") == 0 && fscanf(log, "%x", &value) == 1) {
            *pc = value;
            found = 0;
        } else if (sscanf(word, "x%u/", &number) == 1 && number < 32 &&
                   fscanf(log, "%x", &value) == 1) {
            x[number] = value;
            if (++found == 32) return true;
        }
    }
    return false;
}

static int compare(const char *path, const char *log_path, uint32_t least)
{
    struct model model = {.memory = image, .base = BASE, .mask = IMAGE_BYTES - 1, .muldiv = true};
    struct retired retired = {0};
    uint32_t pc, x[32], compared = 0;
    FILE *file = fopen(path, "rb"), *log = fopen(log_path, "r");
    if (!file || fread(image, sizeof image, 1, file) != 1 || !log || !read_entry(log, &pc, x))
        return 2;
    fclose(file);
    memcpy(model.x, x, sizeof x);
    model.pc = pc;
    for (;; compared++) {
        if (model.pc != pc || memcmp(model.x, x, sizeof x) != 0) {
            printf("differ: after %08x at %08x: pc %08x, qemu %08x\n", retired.insn, retired.pc,
                   model.pc, pc);
            for (int i = 0; i < 32; i++)
                if (model.x[i] != x[i]) printf("    x%d is %08x, qemu %08x\n", i, model.x[i], x[i]);
            return 1;
        }
        if (!read_entry(log, &pc, x)) break;
        model_step(&model, &retired);
        if (retired.trap) return printf("differ: the model traps at %08x\n", retired.pc), 1;
    }
    fclose(log);
    if (compared < least) return printf("only %u instructions were compared\n", compared), 1;
    printf("ok %u instructions\n", compared);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 5) return 2;
    uint32_t count = (uint32_t)strtoul(argv[4], NULL, 10);
    if (strcmp(argv[1], "write") == 0)
        return write_program(argv[2], strtoull(argv[3], NULL, 10), count);
    return compare(argv[2], argv[3], count);
}
