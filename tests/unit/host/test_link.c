/* Exchanges over a line that loses, changes and doubles bytes: with the firmware's own monitor at
 * the other end, every one ends right. */
#include "tests/unit/fixture.h"
/* fixture.h first: it chooses what the system's headers show */
#include "host/board.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

enum { WORDS = 256, EVENT_WORDS = 2 };

/* The board: a thread with a monitor over memories of its own. */
static struct board {
    struct monitor monitor;
    int file, noise; /* of 1,000 bytes so many are damaged */
    uint64_t state;
    bool hears;
    uint32_t memory[WORDS], registers[128], loaded[WORDS];
    long plays, swaps, damaged;
} board;

static uint32_t next(void)
{
    uint64_t z = board.state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ z >> 31) >> 16);
}

static uint32_t *word_at(uint32_t address)
{
    if (address >= MEMORY_PLAYBACK) return &board.memory[(address - MEMORY_PLAYBACK) / 4 % WORDS];
    return &board.registers[(address - EVENTS_BASE) / 4 % 128];
}

bool monitor_may_touch(uint32_t address, unsigned words, bool write)
{
    (void)words, (void)write;
    return address >= EVENTS_BASE;
}

uint32_t monitor_read_word(uint32_t address)
{
    return *word_at(address);
}

void monitor_write_word(uint32_t address, uint32_t word)
{
    *word_at(address) = word;
    if (address == ADDRESS_CONTROL && word & CONTROL_PLAY) board.plays++;
}

void monitor_load_word(uint32_t place, uint32_t word)
{
    board.loaded[place % WORDS] = word;
}

uint8_t monitor_answer_other(struct frame *frame)
{
    (void)frame;
    return MONITOR_UNKNOWN;
}

void monitor_add_counts(struct frame *frame)
{
    while (frame->length < 4 * COUNTS_ALL)
        frame_add_word(frame, frame->length);
}

bool monitor_swap(void)
{
    board.swaps++;
    return true;
}

/* Delivers a byte, or what a bad line makes of it: at most two. */
static unsigned damage(uint8_t byte, uint8_t out[2])
{
    out[0] = byte;
    if ((int)(next() % 1000) >= board.noise) return 1;
    board.damaged++;
    switch (next() % 3) {
    case 0: return 0;
    case 1: out[1] = (uint8_t)next(); return 2;
    default: out[0] ^= (uint8_t)(1u << next() % 8); return 1;
    }
}

static void say(struct frame *frame)
{
    unsigned count = frame_seal(frame);
    for (unsigned i = 0; i < count; i++) {
        uint8_t out[2];
        unsigned bytes = damage(((const uint8_t *)frame)[i], out);
        assert_true(write(board.file, out, bytes) == (ssize_t)bytes);
    }
}

static void answer(void)
{
    struct frame frame = board.monitor.reader.frame;
    monitor_answer(&board.monitor, &frame);
    if (board.hears) say(&frame);
}

/* As the firmware: answers frames, tells of damaged ones, gives up those that break off. */
static void *run_board(void *unused)
{
    (void)unused;
    struct frame_reader *reader = &board.monitor.reader;
    for (;;) {
        struct pollfd wait = {.fd = board.file, .events = POLLIN};
        uint8_t byte, out[2];
        uint32_t damaged = reader->damaged;
        if (poll(&wait, 1, 5) == 0) {
            for (bool found = frame_give_up(reader); found; found = frame_next(reader))
                answer();
        } else if (read(board.file, &byte, 1) == 1) {
            unsigned count = damage(byte, out);
            for (unsigned i = 0; i < count; i++)
                for (bool found = frame_read(reader, out[i]); found; found = frame_next(reader))
                    answer();
        } else {
            return NULL;
        }
        if (reader->damaged != damaged && reader->count == 0 && board.hears) {
            struct frame told = {0};
            monitor_refuse(&told, MONITOR_DAMAGED);
            say(&told);
        }
    }
}

static pthread_t thread;

static void start(struct host_board *host, int noise)
{
    int ends[2];
    board = (struct board){.noise = noise, .state = 5, .hears = true};
    board.monitor.name = "test";
    board.monitor.network = 7;
    board.registers[6] = STATUS_LOADABLE | STATUS_LOAD_READY;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    board.file = ends[1];
    assert_int_equal(pthread_create(&thread, NULL, run_board, NULL), 0);
    *host = (struct host_board){.chunk_words = 60};
    host->port = (struct host_port){.file = ends[0], .name = "test"};
    host_link_init(&host->link, &host->port);
    host->link.byte_s = 1e-5;
    host->loadable = true;
}

static void stop(struct host_board *host)
{
    host_port_close(&host->port);
    pthread_join(thread, NULL);
    close(board.file);
}

static void check_exchanges(int noise, int rounds)
{
    struct host_board host;
    uint32_t words[WORDS], back[WORDS];
    start(&host, noise);
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < WORDS; i++)
            words[i] = (uint32_t)i * 2654435761u + (uint32_t)round;
        host_write(&host, MEMORY_PLAYBACK, words, WORDS);
        host_read(&host, MEMORY_PLAYBACK, back, WORDS);
        assert_memory_equal(words, back, sizeof words);
        host_write_word(&host, ADDRESS_CONTROL, CONTROL_PLAY);
        assert_int_equal(board.plays, round + 1); /* once, however often it was asked */
    }
    host_load(&host, words, WORDS);
    host_swap(&host, words, WORDS);
    assert_memory_equal(board.loaded, words, sizeof words);
    assert_int_equal(board.swaps, 1);
    stop(&host);
}

static void quiet_line(void **state)
{
    (void)state;
    check_exchanges(0, 3);
    assert_int_equal(board.damaged, 0);
}

static void noisy_line(void **state)
{
    (void)state;
    check_exchanges(10, 4);
    assert_true(board.damaged > 20);
    assert_true(board.monitor.reader.damaged > 0);
}

/* Long answers that cannot be asked for in parts: one in 80 comes whole. */
static void very_noisy_line(void **state)
{
    (void)state;
    struct host_board host;
    start(&host, 50);
    for (int round = 0; round < 6; round++) {
        uint32_t counts[COUNTS_ALL];
        host_monitor_counts(&host, counts);
        for (uint32_t i = COUNTS; i < COUNTS_ALL; i++)
            assert_int_equal(counts[i], 4 * i);
    }
    assert_true(host.link.counts.repeats > LINK_TRIES);
    stop(&host);
}

/* What the firmware says of its own accord. */
static void tell(uint32_t status)
{
    struct frame frame = {.type = MONITOR_FROZEN};
    frame_add_word(&frame, 0);
    frame_add_word(&frame, status);
    say(&frame);
}

static void notices_of_the_spy(void **state)
{
    (void)state;
    struct host_board host;
    start(&host, 0);
    assert_false(host_link_listen(&host.link, 0.02));
    tell(STATUS_ARMED); /* of a freeze before it was armed anew */
    assert_false(host_link_listen(&host.link, 0.02));
    tell(STATUS_FROZEN);
    assert_true(host_link_listen(&host.link, 10));
    host.link.frozen = false;
    tell(STATUS_FROZEN); /* among answers */
    host_read_word(&host, MEMORY_PLAYBACK);
    assert_true(host_link_listen(&host.link, 0));
    host_arm_spy(&host, 0, 0);
    assert_false(host.link.frozen);
    assert_int_equal(host.link.counts.stale, 0);
    assert_int_equal(host.link.counts.repeats, 0);
    stop(&host);
}

static void unfinished_image(void **state)
{
    (void)state;
    struct host_board host;
    start(&host, 0);
    struct frame request = {.type = MONITOR_SWAP}, got;
    frame_add_word(&request, 3);
    frame_add_word(&request, 0);
    assert_int_equal(host_link_ask(&host.link, &request, 0, 3, false, &got), MONITOR_INCOMPLETE);
    struct frame load = {.type = MONITOR_LOAD};
    frame_add_word(&load, 5); /* not the first place */
    frame_add_word(&load, 1);
    assert_int_equal(host_link_ask(&host.link, &load, 0, 3, false, &got), MONITOR_INCOMPLETE);
    assert_int_equal(board.swaps, 0);
    stop(&host);
}

static void silence(void **state)
{
    (void)state;
    struct host_board host;
    start(&host, 0);
    board.hears = false;
    struct frame request = {.type = MONITOR_ID}, got;
    EXPECT_FAIL(host_link_ask(&host.link, &request, 0, 2, false, &got),
                "no answer after 2 requests");
    stop(&host);
}

static void wrong_ports(void **state)
{
    (void)state;
    struct host_port port;
    EXPECT_FAIL(host_port_open(&port, "/dev/none-of-that-name", 1e6), "cannot open");
    EXPECT_FAIL(host_port_open(&port, "/dev/null", 1e6), "not a serial port");
    EXPECT_FAIL(host_port_open(&port, "tcp:none", 1e6), "a number from 1 to 65535");
}

/* Frames find their way out of any garbage before them. */
static void frames_after_garbage(void **state)
{
    (void)state;
    struct frame_reader reader = {0};
    struct frame frame = {.type = MONITOR_WRITE, .sequence = 9};
    for (uint32_t i = 0; i < 60; i++)
        frame_add_word(&frame, FRAME_MARK * i);
    unsigned count = frame_seal(&frame), found = 0, sent = 0;
    board.state = 11;
    for (int round = 0; round < 200; round++) {
        for (unsigned i = next() % 30; i > 0; i--)
            found += frame_read(&reader, next() % 4 ? (uint8_t)next() : FRAME_MARK) ? 100 : 0;
        for (unsigned copy = 0; copy < 3; copy++, sent++)
            for (unsigned i = 0; i < count; i++)
                for (bool whole = frame_read(&reader, ((const uint8_t *)&frame)[i]); whole;
                     whole = frame_next(&reader)) {
                    assert_memory_equal(&reader.frame, &frame, count);
                    found++;
                }
    }
    assert_in_range(found, sent - 2, sent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quiet_line),       cmocka_unit_test(notices_of_the_spy),
        cmocka_unit_test(noisy_line),       cmocka_unit_test(very_noisy_line),
        cmocka_unit_test(unfinished_image), cmocka_unit_test(silence),
        cmocka_unit_test(wrong_ports),      cmocka_unit_test(frames_after_garbage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
