// What stands around a network: stored events are played into it, its answers decided on, compared or recorded, counted and
// spied on, all in the network's clock. docs/reference/trigger-system.md says how; runtime/registers.txt is the register map.
//
// The network: fixed latency, valid_o/data_o in, valid_i/data_i LATENCY_CYCLES later, a reset before each playing (network_rst_o). scores_i: from
// answer_o, which is data_i a cycle later, each score sign-extended to SCORE_BITS, class 0 lowest; with CLASS_NUMBER the number of a class.
// load_*: the network's load port, if LOAD_DATA_BITS is not 0 (a word wider than 32 bits comes in parts). seen_i: its counters of upsets, bits 31 to 8 of STATUS.
//
// The bus: start_i begins an access, active_i is high during it; address, data and direction stay. ready_o comes 16 cycles later; rdata_o is what
// was read until active_i falls, then 0 (rtl/bus_bridge.v).
//
// Rows: EVENT_ROWS * EVENT_LANES words of 32 bits hold an event, ANSWER_ROWS * ANSWER_LANES an answer (lanes powers of two, rows at most
// INTERVAL_CYCLES). EVENTS: stored ones. RECORDS of the spy: a power of two; SPY_INPUTS: it keeps events too.
`default_nettype none

module trigger_system #(
    parameter IN_BITS         = 24,
    parameter OUT_BITS        = 20,
    parameter LATENCY_CYCLES  = 3,
    parameter INTERVAL_CYCLES = 1,
    parameter CLASSES         = 2,
    parameter SCORE_BITS      = 10,
    parameter PRESCALE_BITS   = 8,
    parameter CLASS_NUMBER    = 0,
    parameter EVENT_LANES     = 1,
    parameter EVENT_ROWS      = 1,
    parameter ANSWER_LANES    = 1,
    parameter ANSWER_ROWS     = 1,
    parameter EVENTS          = 256,
    parameter RECORDS         = 64,
    parameter SPY_INPUTS      = 1,
    parameter LOAD_ADDRESS_BITS = 1,
    parameter LOAD_DATA_BITS  = 0,
    parameter VOTED           = 0,  // thresholds, prescales and mask are in three copies that vote
    parameter INPUT_FILE      = "patterns_in.hex",
    parameter OUTPUT_FILE     = "patterns_out.hex"
) (
    input  wire                                                    clk_i,
    input  wire                                                    rst_i,
    input  wire                                                    start_i,
    input  wire                                                    active_i,
    input  wire                                                    write_i,
    input  wire [24:0]                                             address_i,
    input  wire [31:0]                                             wdata_i,
    output wire                                                    ready_o,
    output wire [31:0]                                             rdata_o,
    output wire                                                    frozen_o,
    output wire                                                    network_rst_o,
    output wire                                                    valid_o,
    output wire [IN_BITS-1:0]                                      data_o,
    input  wire                                                    valid_i,
    input  wire [OUT_BITS-1:0]                                     data_i,
    input  wire                                                    error_i,
    output wire [OUT_BITS-1:0]                                     answer_o,
    input  wire [(CLASS_NUMBER != 0 ? 1 : CLASSES)*SCORE_BITS-1:0] scores_i,
    output wire                                                    load_valid_o,
    output wire                                                    load_swap_o,
    output wire [LOAD_ADDRESS_BITS-1:0]                            load_address_o,
    output wire [(LOAD_DATA_BITS > 0 ? LOAD_DATA_BITS : 1)-1:0]    load_data_o,
    input  wire                                                    load_ready_i,
    input  wire                                                    load_bank_i,
    input  wire [23:0]                                             seen_i
);
`include "event_registers.vh"
    localparam DECIDED  = ANSWER_ROWS + 3;  // cycles from an answer to its record
    localparam COUNTERS = 8 + CLASSES;
    // Cycles in which an event is on its way to its record, and events that can be; without their inputs, answers.
    localparam WAY_CYCLES = (SPY_INPUTS != 0 ? LATENCY_CYCLES + EVENT_ROWS : 0) + DECIDED + 4;
    localparam UNDERWAY   = WAY_CYCLES / INTERVAL_CYCLES + 1;
    localparam REST_CYCLES = LATENCY_CYCLES + EVENT_ROWS + DECIDED + 4 * (COUNTERS + 3);  // until the last event is counted
    localparam RECORD_WORDS = 1 << $clog2(1 + ANSWER_LANES * ANSWER_ROWS);
    localparam INPUT_WORDS  = SPY_INPUTS != 0 ? EVENT_LANES << $clog2(EVENT_ROWS) : 0;
    localparam THRESHOLD_BITS = CLASS_NUMBER != 0 ? 0 : SCORE_BITS;

    // ---- the bus: 16 cycles; what is written is written in the twelfth, one flip-flop for each place that it can be written to
    reg        busy_q, strobe_q, show_q, ready_q, put_events_q, put_answers_q;
    reg  [3:0] cycle_q;
    reg [31:0] rdata_q;
    reg  [7:0] put_q;
    wire [2:0] window  = address_i[24:22];
    wire [6:0] number  = address_i[6:0];
    wire       live    = number == EVENTS_STATUS || number == EVENTS_SPY_STATE;  // not a word of the memory
    wire       listed  = window == 3'd0 && address_i[21:7] == 15'd0;
    wire       put     = strobe_q & write_i;
    wire       control = put & listed && number == EVENTS_CONTROL;
    localparam LAST = 0, GAP = 1, BURST = 2, PAUSE = 3, MODE = 4, TRIGGER = 5, AFTER = 6, MASK = 7;

    assign ready_o = ready_q;
    always @(posedge clk_i)
        if (rst_i) begin
            cycle_q  <= 4'd0;
            busy_q   <= 1'b0;
            strobe_q <= 1'b0;
            show_q   <= 1'b0;
            ready_q  <= 1'b0;
        end else begin
            cycle_q  <= start_i ? 4'd1 : cycle_q + {3'd0, busy_q};
            busy_q   <= active_i & (start_i | (busy_q & ~(&cycle_q)));
            strobe_q <= busy_q && cycle_q == 4'd9;
            show_q   <= busy_q && cycle_q == 4'd13;
            ready_q  <= busy_q & (&cycle_q);
        end
    always @(posedge clk_i) begin
        put_q[LAST]    <= put & listed && number == EVENTS_PLAY_LAST;
        put_q[GAP]     <= put & listed && number == EVENTS_PLAY_GAP;
        put_q[BURST]   <= put & listed && number == EVENTS_PLAY_BURST;
        put_q[PAUSE]   <= put & listed && number == EVENTS_PLAY_PAUSE;
        put_q[MODE]    <= put & listed && number == EVENTS_MODE;
        put_q[TRIGGER] <= put & listed && number == EVENTS_SPY_TRIGGER;
        put_q[AFTER]   <= put & listed && number == EVENTS_SPY_AFTER;
        put_q[MASK]    <= put & listed && number == EVENTS_ACCEPT_MASK;
        put_events_q   <= ~rst_i && put && window == 3'd1;
        put_answers_q  <= ~rst_i && put && window == 3'd2;
    end
    // A bit for each class.
    reg  [CLASSES-1:0] put_threshold_q, put_prescale_q;
    genvar k;
    generate
        for (k = 0; k < CLASSES; k = k + 1) begin : g_put
            wire [31:0] place        = k;
            wire        unused_place = &{1'b0, place};
            always @(posedge clk_i) begin
                put_threshold_q[k] <= put & listed && number == {EVENTS_THRESHOLD[6:4], place[3:0]};
                put_prescale_q[k]  <= put & listed && number == {EVENTS_PRESCALE[6:4], place[3:0]};
            end
        end
    endgenerate

    // ---- playing, until the last answer has come and is counted
    localparam REST_BITS = $clog2(REST_CYCLES + 1) + 1;
    localparam [31:0] REST = REST_CYCLES;
    reg                 play_q, stop_q, apply_q, arm_q, freeze_q, swap_q, record_q, rst_q;
    reg [REST_BITS-1:0] rest_q;
    wire                running, given;
    wire                playing = running | play_q | ~rest_q[REST_BITS-1];
    wire                rests   = ~(running | play_q);
    assign network_rst_o = rst_q;
    always @(posedge clk_i) rst_q <= rst_i | (control & wdata_i[0] & ~playing);
    always @(posedge clk_i)
        if (rst_i)        rest_q <= {REST_BITS{1'b1}};
        else if (playing) rest_q <= rests ? rest_q + {REST_BITS{rests}} : REST[REST_BITS-1:0];
    always @(posedge clk_i) play_q   <= control & wdata_i[0] & ~playing & ~rst_i;
    always @(posedge clk_i) stop_q   <= control & wdata_i[1];
    always @(posedge clk_i) apply_q  <= control & wdata_i[2];
    always @(posedge clk_i) arm_q    <= control & wdata_i[3];
    always @(posedge clk_i) freeze_q <= control & wdata_i[4];
    always @(posedge clk_i) swap_q   <= control & wdata_i[5];
    initial record_q = 1'b0;
    always @(posedge clk_i) if (put_q[MODE]) record_q <= wdata_i[0];

    // ---- events in; how many was read when CONTROL was written
    wire [31:0]               played, expected;
    wire [15:0]               half;
    wire [1:0]                half_take;
    wire [32*EVENT_LANES-1:0] row;
    wire [EVENT_ROWS-1:0]     row_take;
    assign valid_o = given;
    event_player #(
        .IN_BITS(IN_BITS),
        .LANES(EVENT_LANES),
        .EVENT_ROWS(EVENT_ROWS),
        .EVENTS(EVENTS),
        .INTERVAL_CYCLES(INTERVAL_CYCLES),
        .INPUT_FILE(INPUT_FILE)
    ) player (
        .clk_i(clk_i),
        .rst_i(rst_i),
        .play_i(play_q),
        .count_i(rdata_q[23:0]),
        .stop_i(stop_q),
        .put_last_i(put_q[LAST]),
        .put_gap_i(put_q[GAP]),
        .put_burst_i(put_q[BURST]),
        .put_pause_i(put_q[PAUSE]),
        .busy_i(playing),
        .write_i(put_events_q),
        .address_i(address_i[21:0]),
        .wdata_i(wdata_i),
        .rdata_o(played),
        .running_o(running),
        .valid_o(given),
        .data_o(data_o),
        .row_o(row),
        .take_o(row_take)
    );

    // ---- answers out
    wire [32*ANSWER_LANES-1:0] word;
    wire [ANSWER_ROWS-1:0]     word_take;
    wire                       soon, due, there, mismatch, late;
    answer_checker #(
        .OUT_BITS(OUT_BITS),
        .LANES(ANSWER_LANES),
        .ANSWER_ROWS(ANSWER_ROWS),
        .EVENTS(EVENTS),
        .LATENCY_CYCLES(LATENCY_CYCLES),
        .OUTPUT_FILE(OUTPUT_FILE)
    ) answers (
        .clk_i(clk_i),
        .rst_i(rst_i),
        .play_i(play_q),
        .record_i(record_q),
        .put_last_i(put_q[LAST]),
        .busy_i(playing),
        .write_i(put_answers_q),
        .address_i(address_i[21:0]),
        .wdata_i(wdata_i),
        .rdata_o(expected),
        .given_i(given),
        .valid_i(valid_i),
        .data_i(data_i),
        .answer_o(answer_o),
        .word_o(word),
        .word_take_o(word_take),
        .soon_o(soon),
        .due_o(due),
        .there_o(there),
        .mismatch_o(mismatch),
        .late_o(late)
    );

    wire [CLASSES-1:0] passes;
    wire               accept, upset;
    decision #(
        .CLASSES(CLASSES),
        .SCORE_BITS(SCORE_BITS),
        .PRESCALE_BITS(PRESCALE_BITS),
        .CLASS_NUMBER(CLASS_NUMBER),
        .VOTED(VOTED)
    ) decision (
        .clk_i(clk_i),
        .rst_i(rst_i),
        .put_threshold_i(put_threshold_q),
        .put_prescale_i(put_prescale_q),
        .put_mask_i(put_q[MASK]),
        .wdata_i(wdata_i),
        .apply_i(apply_q),
        .valid_i(valid_i),
        .scores_i(scores_i),
        .passes_o(passes),
        .accept_o(accept),
        .upset_o(upset)
    );

    // ---- the decision goes on to where the comparison is done: passes from cycle 2, accept from cycle 3
    reg [CLASSES*ANSWER_ROWS-1:0] passes_q;
    reg [ANSWER_ROWS-1:0]         accept_q;  // the last stands beside due
    wire                          accept_soon;
    generate
        if (ANSWER_ROWS == 1) begin : g_row
            always @(posedge clk_i) passes_q <= passes;
            always @(posedge clk_i) accept_q <= accept;
            assign accept_soon = accept;
        end else begin : g_rows
            always @(posedge clk_i) passes_q <= {passes_q[CLASSES*(ANSWER_ROWS-1)-1:0], passes};
            always @(posedge clk_i) accept_q <= {accept_q[ANSWER_ROWS-2:0], accept};
            assign accept_soon = accept_q[ANSWER_ROWS-2];
        end
    endgenerate
    wire accepts = accept_q[ANSWER_ROWS-1];

    // ---- spy
    wire        armed, frozen;
    wire [15:0] next, taken;
    wire [31:0] spied, spied_event;
    assign frozen_o = frozen;
    spy_memory #(
        .RECORDS(RECORDS),
        .CLASSES(CLASSES),
        .OUT_LANES(ANSWER_LANES),
        .ANSWER_ROWS(ANSWER_ROWS),
        .IN_LANES(EVENT_LANES),
        .EVENT_ROWS(EVENT_ROWS),
        .INPUTS(SPY_INPUTS),
        .INTERVAL_CYCLES(INTERVAL_CYCLES),
        .UNDERWAY(UNDERWAY),
        .ARM_CYCLES(WAY_CYCLES)
    ) spy (
        .clk_i(clk_i),
        .rst_i(rst_i),
        .play_i(play_q),
        .arm_i(arm_q),
        .freeze_i(freeze_q),
        .put_trigger_i(put_q[TRIGGER]),
        .put_after_i(put_q[AFTER]),
        .wdata_i(wdata_i),
        .take_i(row_take),
        .row_i(row),
        .word_take_i(word_take),
        .word_i(word),
        .soon_i(soon),
        .accept_i(accept_soon),
        .passes_i(passes_q[CLASSES*(ANSWER_ROWS-1) +: CLASSES]),
        .due_i(due),
        .mismatch_i(mismatch),
        .late_i(late),
        .armed_o(armed),
        .frozen_o(frozen),
        .next_o(next),
        .taken_o(taken),
        .address_i(address_i[21:0]),
        .record_o(spied),
        .event_o(spied_event)
    );

    // ---- load port
    wire load_refused;
    generate
        if (LOAD_DATA_BITS > 0) begin : g_load
            reg [LOAD_ADDRESS_BITS-1:0] load_address_q;
            reg                         load_valid_q, put_address_q;
            always @(posedge clk_i) put_address_q <= put & listed && number == EVENTS_LOAD_ADDRESS;
            always @(posedge clk_i)
                if (put_address_q)         load_address_q <= wdata_i[LOAD_ADDRESS_BITS-1:0];
                else if (load_valid_q)     load_address_q <= load_address_q + 1'b1;
            localparam PARTS = (LOAD_DATA_BITS + 31) / 32;  // writes that make a word, its lowest part first
            wire put_data = put & listed && number == EVENTS_LOAD_DATA, last_part;
            always @(posedge clk_i) load_valid_q <= put_data & last_part;
            assign load_valid_o   = load_valid_q;
            assign load_swap_o    = swap_q;
            assign load_address_o = load_address_q;
            assign load_refused   = (load_valid_q | swap_q) & ~load_ready_i;
            if (PARTS > 1) begin : g_parts
                reg  [PARTS-1:0]        part_q;  // a bit a part
                reg  [32*(PARTS-1)-1:0] low_q;
                wire [32*PARTS-1:0]     parts = {wdata_i, low_q};
                wire                    unused_parts = &{1'b0, parts};
                always @(posedge clk_i)
                    if (put_address_q) part_q <= {{PARTS - 1{1'b0}}, 1'b1};
                    else if (put_data) part_q <= {part_q[PARTS-2:0], part_q[PARTS-1]};
                always @(posedge clk_i) if (put_data & ~last_part) low_q <= parts[32*PARTS-1:32];
                assign last_part   = part_q[PARTS-1];
                assign load_data_o = parts[LOAD_DATA_BITS-1:0];
            end else begin : g_whole
                assign last_part   = 1'b1;
                assign load_data_o = wdata_i[LOAD_DATA_BITS-1:0];
            end
        end else begin : g_no_load
            assign load_valid_o   = 1'b0;
            assign load_swap_o    = 1'b0;
            assign load_address_o = {LOAD_ADDRESS_BITS{1'b0}};
            assign load_data_o    = 1'b0;
            assign load_refused   = 1'b0;
            wire   unused_load    = swap_q;
        end
    endgenerate

    // ---- counters, settings and status
    reg                 refused_q, error_q;
    wire [COUNTERS-1:0] pulses   = {passes, upset, refused_q, accepts & frozen, accepts, late, mismatch, there, given};
    wire                loadable = LOAD_DATA_BITS > 0;
    wire [7:0]          status   = {loadable, load_bank_i, load_ready_i, error_q, frozen, armed, apply_q, playing};
    localparam [31:0] GEOMETRY = OUT_BITS << 16 | IN_BITS, MEMORIES = RECORDS << 16 | EVENTS, TIMING = INTERVAL_CYCLES << 16 | LATENCY_CYCLES,
                      STRIDES = INPUT_WORDS << 24 | RECORD_WORDS << 16 | (ANSWER_LANES * ANSWER_ROWS) << 8 | EVENT_LANES * EVENT_ROWS,
                      SIZES = COUNTERS << 24 | PRESCALE_BITS << 16 | THRESHOLD_BITS << 8 | CLASSES;

    always @(posedge clk_i) error_q   <= error_i;
    always @(posedge clk_i) refused_q <= (strobe_q & playing & (window == 3'd1 || window == 3'd2)) | load_refused;

    event_counters #(
        .COUNTERS(COUNTERS),
        .INTERVAL_CYCLES(INTERVAL_CYCLES),
        .EVERY_CYCLE(32'h0000_00ca),
        .CONSTANTS({SIZES, TIMING, STRIDES, MEMORIES, GEOMETRY})
    ) counters (
        .clk_i(clk_i),
        .rst_i(rst_i),
        .pulses_i(pulses),
        .start_i(start_i & listed & ~live),
        .write_i(write_i & ~number[6] & ((|number[5:3]) | (&number[2:1]))),  // above EVENTS_CONTROL, 5, without a carry chain
        .word_i(number == EVENTS_CONTROL ? EVENTS_PLAY_EVENTS : number),  // for the playing that may begin
        .wdata_i(wdata_i),
        .half_o(half),
        .take_o(half_take)
    );

    // ---- what is read, taken once, as some of it changes meanwhile: words of the counters' memory half by half
    reg  [31:0] chosen;
    wire        counted = listed & ~live;
    wire        hidden  = window == 3'd0 ? ~listed : window[2] | (window == 3'd3) ? ~frozen : playing;
    reg         hidden_q;  // a cycle later, as what is read is
    wire [1:0]  take    = counted ? half_take : {2{show_q}};
    always @(*)
        case (window)
            3'd0:    chosen = counted ? {half, half} : number[3] ? {taken, next} : {seen_i, status};
            3'd1:    chosen = played;
            3'd2:    chosen = expected;
            3'd3:    chosen = spied;
            default: chosen = spied_event;
        endcase
    assign rdata_o = rdata_q;
    always @(posedge clk_i) hidden_q <= hidden;
    always @(posedge clk_i) if (!active_i || take[0]) rdata_q[15:0]  <= active_i & ~hidden_q ? chosen[15:0] : 16'd0;
    always @(posedge clk_i) if (!active_i || take[1]) rdata_q[31:16] <= active_i & ~hidden_q ? chosen[31:16] : 16'd0;
endmodule

`default_nettype wire
