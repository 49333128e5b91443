/* See model.h. */
#include "model.h"

#include <string.h>

static uint32_t bits(uint32_t word, int high, int low)
{
    return word >> low & ((UINT32_C(2) << (high - low)) - 1);
}

static uint32_t extend(uint32_t value, int sign_bit)
{
    uint32_t sign = UINT32_C(1) << sign_bit;
    value &= (sign << 1) - 1;
    return (value ^ sign) - sign;
}

static uint8_t *byte_at(const struct model *m, uint32_t address)
{
    return &m->memory[(address - m->base) & m->mask];
}

static uint32_t load(const struct model *m, uint32_t address, int bytes)
{
    uint32_t value = 0;
    for (int i = 0; i < bytes; i++)
        value |= (uint32_t)*byte_at(m, address + (uint32_t)i) << 8 * i;
    return value;
}

static void store(struct model *m, uint32_t address, int bytes, uint32_t value)
{
    if (((address - m->base) & m->mask) < m->read_only) return;
    for (int i = 0; i < bytes; i++)
        *byte_at(m, address + (uint32_t)i) = (uint8_t)(value >> 8 * i);
}

static void enter(struct model *m, uint32_t cause, uint32_t value)
{
    m->mepc = m->pc;
    m->mcause = cause;
    m->mtval = value;
    m->mpie = m->mie;
    m->mie = false;
    m->pc = m->mtvec;
}

static void trap(struct model *m, struct retired *r, uint32_t cause, uint32_t value)
{
    r->trap = true;
    enter(m, cause, value);
}

static void set(struct model *m, struct retired *r, uint32_t value)
{
    unsigned rd = bits(r->insn, 11, 7);
    if (rd == 0) return;
    m->x[rd] = value;
    r->rd = (uint8_t)rd;
    r->rd_value = value;
}

static void go(struct model *m, struct retired *r, uint32_t target)
{
    if (target & 2)
        trap(m, r, CAUSE_JUMP_MISALIGNED, target);
    else
        m->pc = target;
}

static uint32_t arithmetic(unsigned f3, bool other, uint32_t a, uint32_t b)
{
    unsigned shift = b & 31;
    switch (f3) {
    case 0: return other ? a - b : a + b;
    case 1: return a << shift;
    case 2: return (int32_t)a < (int32_t)b;
    case 3: return a < b;
    case 4: return a ^ b;
    case 5: return other && a >> 31 ? ~(~a >> shift) : a >> shift;
    case 6: return a | b;
    default: return a & b;
    }
}

/* The M extension; what overflows and what is divided by zero is in table 7.1 of the manual. */
static uint32_t multiply_divide(unsigned f3, uint32_t a, uint32_t b)
{
    int64_t sa = (int32_t)a, sb = (int32_t)b;
    switch (f3) {
    case 0: return a * b;
    case 1: return (uint32_t)((uint64_t)(sa * sb) >> 32);
    case 2: return (uint32_t)((uint64_t)(sa * (int64_t)b) >> 32);
    case 3: return (uint32_t)((uint64_t)a * b >> 32);
    case 4: return b == 0 ? UINT32_MAX : (uint32_t)(sa / sb);
    case 5: return b == 0 ? UINT32_MAX : a / b;
    case 6: return b == 0 ? a : (uint32_t)(sa % sb);
    default: return b == 0 ? a : a % b;
    }
}

static bool condition(unsigned f3, uint32_t a, uint32_t b)
{
    switch (f3) {
    case 0: return a == b;
    case 1: return a != b;
    case 4: return (int32_t)a < (int32_t)b;
    case 5: return (int32_t)a >= (int32_t)b;
    case 6: return a < b;
    default: return a >= b;
    }
}

static void access(struct model *m, struct retired *r, uint32_t address, bool is_store,
                   uint32_t value)
{
    unsigned f3 = bits(r->insn, 14, 12);
    int bytes = 1 << (f3 & 3);
    if (address % (uint32_t)bytes) {
        trap(m, r, is_store ? CAUSE_STORE_MISALIGNED : CAUSE_LOAD_MISALIGNED, address);
        return;
    }
    uint8_t mask = (uint8_t)(((1 << bytes) - 1) << (address & 3));
    r->mem_address = address & ~UINT32_C(3);
    if (is_store) {
        r->mem_write = mask;
        r->mem_value = value;
        store(m, address, bytes, value);
    } else {
        r->mem_read = mask;
        value = load(m, address, bytes);
        r->mem_value = value;
        set(m, r, f3 & 4 || bytes == 4 ? value : extend(value, 8 * bytes - 1));
    }
    m->pc += 4;
}

/* The half of a counter that is CSR `number`, NULL if there is none; *shift is where it begins. */
static uint64_t *counter(struct model *m, unsigned number, int *shift)
{
    *shift = number & 0x80 ? 32 : 0;
    if (!m->counters) return NULL;
    switch (number & ~0x80u) {
    case 0xb00: return &m->cycles;
    case 0xb02: return &m->retired;
    default: return NULL;
    }
}

/* The CSR's value; false if there is none of that number. */
static bool csr_read(struct model *m, unsigned number, uint32_t *value)
{
    int shift;
    uint64_t *count = counter(m, number, &shift);
    if (count) return *value = (uint32_t)(*count >> shift), true;
    switch (number) {
    case 0x300:
        *value = UINT32_C(0x1800) | (uint32_t)m->mpie << 7 | (uint32_t)m->mie << 3;
        return true;
    case 0x301: *value = UINT32_C(0x40000100) | (uint32_t)m->muldiv << 12; return true;
    case 0x304: *value = (uint32_t)m->meie << 11 | (uint32_t)m->mtie << 7; return true;
    case 0x305: *value = m->mtvec; return true;
    case 0x340: *value = m->mscratch; return true;
    case 0x341: *value = m->mepc; return true;
    case 0x342: *value = m->mcause; return true;
    case 0x343: *value = m->mtval; return true;
    case 0x344: *value = (uint32_t)m->external << 11 | (uint32_t)m->timer << 7; return true;
    case 0xf11:
    case 0xf12:
    case 0xf13:
    case 0xf14: *value = 0; return true;
    default: return false;
    }
}

static void csr_write(struct model *m, unsigned number, uint32_t value)
{
    int shift;
    uint64_t *count = counter(m, number, &shift);
    if (count) *count = (*count & ~(UINT64_C(0xffffffff) << shift)) | (uint64_t)value << shift;
    switch (number) {
    case 0x300:
        m->mie = value >> 3 & 1;
        m->mpie = value >> 7 & 1;
        break;
    case 0x304:
        m->mtie = value >> 7 & 1;
        m->meie = value >> 11 & 1;
        break;
    case 0x305: m->mtvec = value & ~UINT32_C(3); break;
    case 0x340: m->mscratch = value; break;
    case 0x341: m->mepc = value & ~UINT32_C(3); break;
    case 0x342: m->mcause = value; break;
    case 0x343: m->mtval = value; break;
    default: break; /* nothing there can be written */
    }
}

static bool system_instruction(struct model *m, struct retired *r)
{
    unsigned f3 = bits(r->insn, 14, 12), number = bits(r->insn, 31, 20),
             rs1 = bits(r->insn, 19, 15);
    uint32_t old;
    switch (r->insn) {
    case 0x00000073: trap(m, r, CAUSE_ECALL, 0); return true;
    case 0x00100073: trap(m, r, CAUSE_BREAKPOINT, 0); return true;
    case 0x10500073: m->pc += 4; return true;
    case 0x30200073:
        m->mie = m->mpie;
        m->mpie = true;
        m->pc = m->mepc;
        return true;
    default: break;
    }
    if (f3 == 0 || f3 == 4 || !csr_read(m, number, &old)) return false;
    bool writes = (f3 & 3) == 1 || rs1 != 0;
    if (writes && number >> 10 == 3) return false;
    uint32_t operand = f3 & 4 ? rs1 : m->x[rs1];
    r->has_csr = true;
    set(m, r, old);
    if (writes)
        csr_write(m, number,
                  (f3 & 3) == 1   ? operand
                  : (f3 & 3) == 2 ? old | operand
                                  : old & ~operand);
    r->sets_cycles = writes && (number & ~0x80u) == 0xb00;
    r->sets_retired = writes && (number & ~0x80u) == 0xb02;
    m->pc += 4;
    return true;
}

static bool execute(struct model *m, struct retired *r)
{
    uint32_t i = r->insn;
    unsigned f3 = bits(i, 14, 12), f7 = bits(i, 31, 25);
    uint32_t a = m->x[bits(i, 19, 15)], b = m->x[bits(i, 24, 20)], next = m->pc + 4;
    switch (bits(i, 6, 0)) {
    case 0x37: set(m, r, i & UINT32_C(0xfffff000)); break;
    case 0x17: set(m, r, m->pc + (i & UINT32_C(0xfffff000))); break;
    case 0x6f:
        go(m, r,
           m->pc + extend(bits(i, 31, 31) << 20 | bits(i, 19, 12) << 12 | bits(i, 20, 20) << 11 |
                              bits(i, 30, 21) << 1,
                          20));
        if (!r->trap) set(m, r, next);
        return true;
    case 0x67:
        if (f3 != 0) return false;
        go(m, r, (a + extend(bits(i, 31, 20), 11)) & ~UINT32_C(1));
        if (!r->trap) set(m, r, next);
        return true;
    case 0x63:
        if (f3 == 2 || f3 == 3) return false;
        if (!condition(f3, a, b)) break;
        go(m, r,
           m->pc + extend(bits(i, 31, 31) << 12 | bits(i, 7, 7) << 11 | bits(i, 30, 25) << 5 |
                              bits(i, 11, 8) << 1,
                          12));
        return true;
    case 0x03:
        if (f3 == 3 || f3 >= 6) return false;
        access(m, r, a + extend(bits(i, 31, 20), 11), false, 0);
        return true;
    case 0x23:
        if (f3 >= 3) return false;
        access(m, r, a + extend(f7 << 5 | bits(i, 11, 7), 11), true, b);
        return true;
    case 0x13:
        if (f3 == 1 && f7 != 0) return false;
        if (f3 == 5 && f7 != 0 && f7 != 0x20) return false;
        set(m, r, arithmetic(f3, f3 == 5 && f7 == 0x20, a, extend(bits(i, 31, 20), 11)));
        break;
    case 0x33:
        if (f7 == 1 && m->muldiv) {
            set(m, r, multiply_divide(f3, a, b));
            break;
        }
        if (f7 != 0 && !(f7 == 0x20 && (f3 == 0 || f3 == 5))) return false;
        set(m, r, arithmetic(f3, f7 == 0x20, a, b));
        break;
    case 0x0f:
        if (f3 > 1) return false;
        break;
    case 0x73: return system_instruction(m, r);
    default: return false;
    }
    m->pc = next;
    return true;
}

void model_reset(struct model *model, uint32_t pc)
{
    model->pc = pc;
    model->mie = model->mpie = model->mtie = model->meie = false;
    model->cycles = model->retired = 0;
}

void model_step(struct model *m, struct retired *r)
{
    memset(r, 0, sizeof *r);
    if (m->mie && ((m->meie && m->external) || (m->mtie && m->timer))) {
        enter(m, UINT32_C(0x80000000) | (m->meie && m->external ? CAUSE_EXTERNAL : CAUSE_TIMER), 0);
        r->interrupt = true;
    }
    r->pc = m->pc;
    r->insn = load(m, m->pc, 4);
    if (!execute(m, r)) trap(m, r, CAUSE_ILLEGAL, 0);
    if (!r->trap && !r->sets_retired) m->retired++;
    r->next_pc = m->pc;
}
