/* Made from runtime/registers.txt by tools/register-map. */
#ifndef SLUICE_RUNTIME_REGISTERS_H
#define SLUICE_RUNTIME_REGISTERS_H

#include <stdint.h>

#define REGISTERS_BASE UINT32_C(0x80000000)
#define REGISTER_ID (*(volatile uint32_t *)(REGISTERS_BASE + 0x00))
#define REGISTER_VERSION (*(volatile uint32_t *)(REGISTERS_BASE + 0x04))
#define REGISTER_LEDS (*(volatile uint32_t *)(REGISTERS_BASE + 0x08))
#define REGISTER_UART_DATA (*(volatile uint32_t *)(REGISTERS_BASE + 0x0c))
#define REGISTER_UART_STATUS (*(volatile uint32_t *)(REGISTERS_BASE + 0x10))
#define REGISTER_TIME (*(volatile uint32_t *)(REGISTERS_BASE + 0x14))
#define REGISTER_TIME_COMPARE (*(volatile uint32_t *)(REGISTERS_BASE + 0x18))
#define REGISTER_CRC (*(volatile uint32_t *)(REGISTERS_BASE + 0x1c))
#define REGISTER_CRC_DATA (*(volatile uint32_t *)(REGISTERS_BASE + 0x20))

#endif
