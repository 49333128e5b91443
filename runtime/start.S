# Start of the firmware: what the build knows of the board, stack, cleared data, the trap handler, main. A trap that is no interrupt stops with
# all LEDs lit, until the watchdog resets the core.
    .section .init
    .globl _start, information
_start:
    j begin
# 0x04: filled in by `sluice build` (runtime/information.h); not part of the image's CRC.
information:
    .fill 15, 4, 0
    .globl image_start
image_start:
begin:
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la sp, stack_top
    la t0, bss_start
    la t1, bss_end
1:  bgeu t0, t1, 2f
    sw zero, 0(t0)
    addi t0, t0, 4
    j 1b
2:  la t0, trap
    csrw mtvec, t0
    li t0, 0x880
    csrw mie, t0
    csrsi mstatus, 8
    call main
1:  j 1b

    .balign 4
trap:
    addi sp, sp, -64
    sw ra, 0(sp)
    sw t0, 4(sp)
    sw t1, 8(sp)
    sw t2, 12(sp)
    sw t3, 16(sp)
    sw t4, 20(sp)
    sw t5, 24(sp)
    sw t6, 28(sp)
    sw a0, 32(sp)
    sw a1, 36(sp)
    sw a2, 40(sp)
    sw a3, 44(sp)
    sw a4, 48(sp)
    sw a5, 52(sp)
    sw a6, 56(sp)
    sw a7, 60(sp)
    csrr a0, mcause
    bgez a0, stop
    andi a0, a0, 15
    call interrupt
    lw ra, 0(sp)
    lw t0, 4(sp)
    lw t1, 8(sp)
    lw t2, 12(sp)
    lw t3, 16(sp)
    lw t4, 20(sp)
    lw t5, 24(sp)
    lw t6, 28(sp)
    lw a0, 32(sp)
    lw a1, 36(sp)
    lw a2, 40(sp)
    lw a3, 44(sp)
    lw a4, 48(sp)
    lw a5, 52(sp)
    lw a6, 56(sp)
    lw a7, 60(sp)
    addi sp, sp, 64
    mret
stop:
    li t0, 0x80000008
    li t1, -1
    sw t1, 0(t0)
1:  j 1b
