/* See link.h. A request is sent, and sent again when its answer has not come in the time that
 * exchanges have been taking, or when either side saw a frame damaged. */
#include "host/link.h"

#include "base/error.h"
#include "base/progress.h"
#include "runtime/registers.h"

#include <string.h>
#include <unistd.h>

/* Time for an answer: a fixed part, for the driver and the board's work, and SLACK times what the
 * bytes took lately; at first a byte of a slow simulation. */
static const double fixed_s = 0.1, slack = 8, first_byte_s = 0.004, longest_s = 20, gap_s = 0.02,
                    gap_bytes = 40;

/* A board that has been understood before, and is heard, if not rightly, is asked so much longer.
 */
enum { NOISY_FACTOR = 30, FIRST_NOTICE = 2 };

void host_link_init(struct host_link *link, struct host_port *port)
{
    *link = (struct host_link){.port = port, .byte_s = first_byte_s, .first_tries = LINK_TRIES};
    /* Another number than another program began with: see "once" in the protocol. */
    link->sequence = (uint8_t)(getpid() * 37);
}

/* What one call of hear() found. */
struct heard {
    bool answered, damaged;
};

/* The frame that the reader holds: *answer, if it answers `request`. */
static void take_frame(struct host_link *link, const struct frame *request, struct frame *answer,
                       struct heard *heard)
{
    const struct frame *frame = &link->reader.frame;
    bool is_error = frame->type == MONITOR_ERROR && frame->length == 1;
    link->counts.whole++;
    if (is_error && frame->payload[0] == MONITOR_DAMAGED) {
        heard->damaged = true;
    } else if (frame->type == MONITOR_FROZEN) {
        /* of a freeze before it was armed again: nothing */
        link->frozen |= frame->length == 8 && frame_word(frame, 1) & STATUS_FROZEN;
    } else if (request && !heard->answered && frame->sequence == request->sequence &&
               (is_error || frame->type == (request->type | MONITOR_ANSWER))) {
        *answer = *frame;
        heard->answered = true;
    } else {
        link->counts.stale++;
    }
}

/* Takes what comes within timeout_s; when nothing does, looks at what has begun and broke off. */
static struct heard hear(struct host_link *link, const struct frame *request, double timeout_s,
                         struct frame *answer)
{
    uint8_t bytes[1024];
    struct heard heard = {false, false};
    struct frame_reader *reader = &link->reader;
    uint32_t damaged = reader->damaged;
    size_t count = host_port_read(link->port, bytes, sizeof bytes, timeout_s);
    link->counts.bytes += (long)count;
    for (size_t i = 0; i < count; i++)
        for (bool found = frame_read(reader, bytes[i]); found; found = frame_next(reader))
            take_frame(link, request, answer, &heard);
    if (count == 0)
        for (bool found = frame_give_up(reader); found; found = frame_next(reader))
            take_frame(link, request, answer, &heard);
    link->counts.damaged += (long)(reader->damaged - damaged);
    heard.damaged = heard.damaged || reader->damaged != damaged;
    return heard;
}

/* One try, for `patience` times the usual time. A frame of the board whose bytes stop coming has
 * broken off. */
static bool try_once(struct host_link *link, struct frame *request, unsigned bytes, double patience,
                     struct frame *answer)
{
    unsigned count = frame_seal(request), whole = count + bytes + FRAME_OVERHEAD;
    double limit = patience * (fixed_s + slack * link->byte_s * whole);
    double start = clock_seconds(), now = start;
    if (limit > longest_s) limit = longest_s;
    host_port_write(link->port, (const uint8_t *)request, count);
    for (;; now = clock_seconds()) {
        double left = start + limit - now, gap = gap_s + gap_bytes * link->byte_s;
        if (left <= 0) return false;
        if (link->reader.count > 0 && gap < left) left = gap;
        struct heard heard = hear(link, request, left, answer);
        if (heard.answered) break;
        if (heard.damaged) return false;
    }
    double took = (clock_seconds() - start) / whole;
    link->byte_s = took > link->byte_s ? took : 0.9 * link->byte_s + 0.1 * took;
    return true;
}

bool host_link_listen(struct host_link *link, double timeout_s)
{
    double end = clock_seconds() + timeout_s, left = timeout_s;
    for (; !link->frozen && left > 0; left = end - clock_seconds())
        hear(link, NULL, left < gap_s ? left : gap_s, NULL);
    return link->frozen;
}

int host_link_ask(struct host_link *link, struct frame *request, unsigned bytes, int tries,
                  bool may_give_up, struct frame *answer)
{
    long repeats = link->counts.repeats;
    int most = may_give_up ? tries : tries * NOISY_FACTOR;
    request->sequence = ++link->sequence;
    for (int i = 0, silent = 0; i < most && silent < tries; i++) {
        long heard = link->counts.whole + link->counts.damaged;
        if (i > 0) link->counts.repeats++;
        if (try_once(link, request, bytes, 1 + 0.25 * silent, answer)) {
            link->counts.exchanges++;
            return answer->type == MONITOR_ERROR ? answer->payload[0] : 0;
        }
        bool hears = link->counts.whole + link->counts.damaged > heard;
        silent = hears && link->counts.whole > 0 && !may_give_up ? 0 : silent + 1;
        if (link->counts.bytes > 0) continue; /* the board has said something */
        if (silent == FIRST_NOTICE) info("%s: no answer yet", link->port->name);
        if (silent == link->first_tries) break;
    }
    if (may_give_up) return LINK_NOISY;
    fail("%s: no answer after %ld requests; is it a board with `control: core`, and its line's "
         "rate right?",
         link->port->name, link->counts.repeats - repeats + 1);
}
