/* What the build knows of the board, in words 1 to 15 of the firmware's image (start.S); all 0 in a
 * firmware that no build has filled in. */
#ifndef SLUICE_RUNTIME_INFORMATION_H
#define SLUICE_RUNTIME_INFORMATION_H

#include <stdint.h>

enum { INFORMATION_WORD = 1, INFORMATION_WORDS = 15, INFORMATION_NAME_BYTES = 44 };

struct information {
    uint32_t network;                  /* identity: CRC-32 of program.sluice */
    uint32_t network_khz;              /* of the network's clock */
    uint32_t core_khz;                 /* of the core's clock */
    uint32_t memory_bytes;             /* of the core; 0: the least, 6 KiB */
    char name[INFORMATION_NAME_BYTES]; /* "NETWORK on BOARD", ended by 0 */
};

#endif
