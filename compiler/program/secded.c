/* What is stored beside a word that is to survive an upset: the check bits of a Hamming code and
 * one parity bit over all (R. W. Hamming, Bell System Technical Journal 29, 1950), as
 * rtl/secded_*.v compute them. Check bit j stands at position 2^j of the code, the data bits at the
 * other positions in order, from 3 up. */
#include "compiler/program/program.h"

#include <string.h>

static const char *const protect_names[] = {"none", "tmr", "ecc", "tmr+ecc"};

const char *protect_name(unsigned protect)
{
    return protect_names[protect];
}

bool protect_find(const char *name, unsigned *protect)
{
    for (*protect = 0; *protect <= (PROTECT_TMR | PROTECT_ECC); ++*protect)
        if (!strcmp(name, protect_names[*protect])) return true;
    return false;
}

bool memory_is_corrected(const struct program *p, const struct memory *memory)
{
    return memory->contents && p->protect & PROTECT_ECC;
}

static int hamming_bits(int data_bits)
{
    int bits = 2;
    while ((1 << bits) < data_bits + bits + 1)
        bits++;
    return bits;
}

int secded_check_bits(int data_bits)
{
    return hamming_bits(data_bits) + 1;
}

unsigned secded_check(uint64_t data, int data_bits)
{
    unsigned check = 0, position = 3;
    for (int bit = 0; bit < data_bits; bit++, position++) {
        if (!(position & (position - 1))) position++;
        if (data >> bit & 1) check ^= position;
    }
    unsigned all = (unsigned)__builtin_parityll(data) ^ (unsigned)__builtin_parity(check);
    return check | all << hamming_bits(data_bits);
}

int memory_word_bits(const struct program *p, const struct memory *memory)
{
    int data_bits = memory->format.width_bits;
    return data_bits + (memory_is_corrected(p, memory) ? secded_check_bits(data_bits) : 0);
}
