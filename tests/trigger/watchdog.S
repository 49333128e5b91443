/* LEDs: 2 after power-up, 3 after the watchdog's reset; then 4 with the spy's interrupt and 8 with a byte's, each of which must be enabled alone. An
   access around the network in between must wait for its end: LEDs 16 if it reads what it should. */
    lui t0, 0x80000
    lw t1, 0x24(t0)
    srli t1, t1, 8
    addi t1, t1, 2
    sw t1, 8(t0)
    la t2, trap
    csrw mtvec, t2
    li t2, 2
    beq t1, t2, bite
    li t2, 0x800            /* external interrupts */
    csrw mie, t2
    li t2, 2                /* that of the spy alone */
    sw t2, 0x28(t0)
    csrsi mstatus, 8
1:  j 1b
bite:
    li t3, 0x81000010
    li t4, 0x12345678
    sw t4, 0(t3)
    lw t5, 0(t3)
    bne t4, t5, 1f
    li t4, 16
    sw t4, 8(t0)
1:  li t2, 2
    sw t2, 0x24(t0)
2:  j 2b
    .balign 4
trap:
    lw t2, 0x28(t0)         /* which is enabled, what is there */
    andi t3, t2, 2
    beqz t3, byte
    andi t2, t2, 0x200
    beqz t2, wrong
    li t4, 4
    sw t4, 8(t0)
    li t4, 1                /* from now on bytes alone */
    sw t4, 0x28(t0)
    mret
byte:
    andi t2, t2, 0x100
    beqz t2, wrong
    lw t3, 0x0c(t0)
    andi t3, t3, 0xff
    li t4, 0x55
    bne t3, t4, wrong
    li t4, 8
    sw t4, 8(t0)
    sw zero, 0x28(t0)
    mret
wrong:
    li t4, 0x80
    sw t4, 8(t0)
1:  j 1b
