"""What a core with the software fall-back is asked over its line, whose terminal is the first argument: for the end-to-end tests."""
import os, random, select, struct, sys, time, zlib
from monitor_line import Line
line = Line(sys.argv[1])
def say(text):
    os.write(line.file, text.encode())
    heard, end = b"", time.time() + 20
    while time.time() < end and not heard.endswith(b"> "):
        if select.select([line.file], [], [], 0.2)[0]: heard += os.read(line.file, 4096)
    return heard.decode("latin1")
def ask(kind, *words, tail=b""):
    """Words of the answer, or the error's code as -CODE."""
    kind, payload = line.ask(kind, b"".join(struct.pack("<I", w) for w in words) + tail)
    return -payload[0] if kind == 0xff else list(struct.unpack("<%dI" % (len(payload) // 4), payload))
COUNTS, EVALUATE, RECHECK, LIVE = 4, 8, 9, 10
CONTROL, STATUS, STRIDES = 0x80010014, 0x80010018, 0x80010008
def read(address, words): return list(line.read(address, words))
write = line.write
def numbers(text): return dict(r.rsplit(" ", 1) for r in text.split("\r\n") if " " in r.strip() and r.rsplit(" ", 1)[1].isdigit())
def state(): return ask(COUNTS)[5]
def wait_for(what, limit_s=20):
    end = time.time() + limit_s
    while not what():
        assert time.time() < end, ask(COUNTS)
        time.sleep(0.3)
