#!/usr/bin/env python3
"""A board from Python: who it is, its stored events played and compared on the chip, thresholds, rates, the spy.

    python3 board.py /dev/ttyUSB1 1500000                  a real board
    sluice run DIR --serve --tcp 5000                      a simulated one, in another terminal; then
    python3 board.py socket://127.0.0.1:5000

Needs pyserial (Debian's python3-serial, or PyPI). The protocol is docs/reference/monitor.md, the registers docs/reference/registers.md.
"""
import random
import struct
import sys
import time
import zlib

import serial

ID, READ, WRITE, COUNTS, ANSWER, ERROR = 1, 2, 3, 4, 0x80, 0xFF
GEOMETRY, MEMORIES, CLASSES, CONTROL, STATUS = 0x80010000, 0x80010004, 0x80010010, 0x80010014, 0x80010018
PLAY_LAST, SPY_TRIGGER, SPY_STATE, ACCEPT_MASK = 0x8001001C, 0x80010034, 0x8001003C, 0x80010040
THRESHOLD, PRESCALE, COUNTER, SPY = 0x80010080, 0x800100C0, 0x80010100, 0x83000000
PLAY, STOP, APPLY, ARM, FREEZE = 1, 2, 4, 8, 16


class Board:
    def __init__(self, port, baud=115200):
        self.line = serial.serial_for_url(port, baudrate=baud, timeout=0.05, exclusive=True)
        self.sequence = random.randrange(256)
        self.received = b""
        answer = self.ask(ID, b"")
        self.version, self.network, self.network_khz, self.core_khz = struct.unpack("<4I", answer[:16])
        self.name = answer[16:].decode()

    def ask(self, kind, payload, tries=40):
        """Sends a request until its answer comes; each is carried out once."""
        self.sequence = (self.sequence + 1) % 256
        body = bytes([len(payload), self.sequence, kind]) + payload
        for _ in range(tries):
            self.line.write(b"\xc5" + body + struct.pack("<I", zlib.crc32(body)))
            end = time.time() + 2
            while time.time() < end:
                self.received += self.line.read(max(1, self.line.in_waiting))
                for answer in self.frames():
                    if answer[1] == self.sequence and answer[2] == kind | ANSWER:
                        return answer[3:]
                    if answer[1] == self.sequence and answer[2] == ERROR and answer[3] != 4:
                        raise ValueError("request %d refused: error %d" % (kind, answer[3]))
        raise TimeoutError("the board does not answer")

    def frames(self):
        """The whole frames among what has been received; what fits none is dropped."""
        while self.received:
            mark = self.received.find(b"\xc5")
            self.received = self.received[mark:] if mark >= 0 else b""
            if len(self.received) < 2 or len(self.received) < self.received[1] + 8:
                return
            end = self.received[1] + 4
            body, crc = self.received[1:end], self.received[end:end + 4]
            right = body[0] <= 240 and struct.pack("<I", zlib.crc32(body)) == crc
            self.received = self.received[end + 4 if right else 1:]
            if right:
                yield body

    def read(self, address, count=1):
        words = []
        while len(words) < count:
            part = min(60, count - len(words))
            words += struct.unpack("<%dI" % part, self.ask(READ, struct.pack("<IB", address + 4 * len(words), part)))
        return words if count > 1 else words[0]

    def write(self, address, *words):
        self.ask(WRITE, struct.pack("<I%dI" % len(words), address, *(w & 0xFFFFFFFF for w in words)))

    def counters(self):
        names = ["events", "answers", "mismatches", "late", "accepts", "dead", "refused", "upsets"]
        classes = self.read(CLASSES) & 0xFF
        return dict(zip(names + ["class %d" % k for k in range(classes)], self.read(COUNTER, 8 + classes)))

    def play(self, events, gap=0):
        """Plays so many events and returns by how much the counters grew."""
        stored = self.read(MEMORIES) & 0xFFFF
        before = self.counters()
        self.write(PLAY_LAST, stored - 1, events, gap, 0, 0, 0)
        self.write(CONTROL, PLAY)
        while self.read(STATUS) & 1:
            pass
        return {name: (count - before[name]) % 2**32 for name, count in self.counters().items()}


if __name__ == "__main__":
    board = Board(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 115200)
    print("%s, network %08x at %g MHz" % (board.name, board.network, board.network_khz / 1000))
    classes = board.read(CLASSES) & 0xFF
    board.write(THRESHOLD, *[0] * classes)
    board.write(PRESCALE, *[1] * classes)
    board.write(ACCEPT_MASK, 1)  # class 0 alone accepts
    board.write(SPY_TRIGGER, 1, 0)  # at an accepted event, at once
    board.write(CONTROL, APPLY | ARM)
    grown = board.play(10000, gap=3)
    print(", ".join("%s %d" % item for item in grown.items()))
    if board.read(STATUS) & 8:
        place = (board.read(SPY_STATE) - 1) % (board.read(MEMORIES) >> 16)
        head = board.read(SPY + 4 * place * (board.read(0x80010008) >> 16 & 0xFF))
        print("the spy froze at event %d, classes %s" % (head & 0xFFFF, bin(head >> 16 & 0x7FFF)))
    assert grown["events"] == grown["answers"] == 10000 and grown["mismatches"] == grown["late"] == 0
