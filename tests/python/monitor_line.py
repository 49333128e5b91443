"""Frames of the monitor over a pseudo-terminal, without any package: for the end-to-end tests."""
import os, struct, zlib

EVENTS = 0x80010000
FROZEN = 0x40


class Line:
    def __init__(self, path):
        self.file = os.open(path, os.O_RDWR | os.O_NOCTTY)
        self.number = 0
        self.frozen = 0  # notices heard

    def send(self, kind, payload=b""):
        self.number = self.number % 255 + 1
        body = bytes([len(payload), self.number, kind]) + payload
        os.write(self.file, b"\xc5" + body + struct.pack("<I", zlib.crc32(body)))
        return self.number

    def take(self, count):
        got = b""
        while len(got) < count:
            got += os.read(self.file, count - len(got))
        return got

    def hear(self):
        """The next answer: (sequence, type, payload). Notices are counted and passed over."""
        while True:
            head = self.take(4)
            rest = self.take(head[1] + 4)
            assert head[0] == 0xC5 and struct.unpack("<I", rest[-4:])[0] == zlib.crc32(head[1:] + rest[:-4]), head
            if head[3] != FROZEN:
                return head[2], head[3], rest[:-4]
            assert struct.unpack("<II", rest[:-4])[1] & 8, "a notice of a spy that is not frozen"
            self.frozen += 1

    def ask(self, kind, payload=b""):
        number = self.send(kind, payload)
        answer = self.hear()
        assert answer[0] == number, answer
        return answer[1:]

    def send_read(self, address, count=1):
        return self.send(2, struct.pack("<IB", address, count))

    def read(self, address, count=1):
        return struct.unpack("<%dI" % count, self.ask(2, struct.pack("<IB", address, count))[1])

    def write(self, address, *words):
        assert self.ask(3, struct.pack("<%dI" % (1 + len(words)), address, *words))[0] == 0x83
