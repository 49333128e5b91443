    .section .init
    .globl _start
_start:
    lui sp, %hi(0x2000)
    j run
