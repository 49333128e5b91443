// Plays 2^ADDRESS_BITS events from a block memory into a network, one every INTERVAL_CYCLES without end, and compares
// each answer with the one stored for it, in the very cycle in which it is due.
//
// Network's side: fixed latency, valid_o/data_o in, valid_i/data_i LATENCY_CYCLES later. An answer that differs, comes in
// another cycle, or is missing, and error_i, each set fail_o for good; pass_o rises when every stored event was
// answered rightly once, and falls with fail_o. mismatches_o counts wrong answers and stays at its largest value.
//
// Ranges: IN_BITS, OUT_BITS at least 1, INTERVAL_CYCLES 1 to 65535, LATENCY_CYCLES 1 to 65500. The files hold one
// hexadecimal word a line and end with a newline (Verilator 5.006 drops the last word otherwise): an event a line, or
// with WORD_BITS above 0 words of so many bits, the lowest of an event first, which saves block memories where the
// interval leaves time to read them (rtl/event_words.v).
// Reset (at least 2 cycles) restarts from event 0 and clears the verdict; the memories keep their content.
`default_nettype none

module pattern_player #(
    parameter IN_BITS         = 8,
    parameter OUT_BITS        = 8,
    parameter ADDRESS_BITS    = 8,
    parameter INTERVAL_CYCLES = 1,
    parameter LATENCY_CYCLES  = 1,
    parameter COUNT_BITS      = 5,
    parameter WORD_BITS       = 0,
    parameter INPUT_FILE      = "patterns_in.hex",
    parameter OUTPUT_FILE     = "patterns_out.hex"
) (
    input  wire                  clk_i,
    input  wire                  rst_i,
    output wire                  valid_o,
    output wire [IN_BITS-1:0]    data_o,
    input  wire                  valid_i,
    input  wire [OUT_BITS-1:0]   data_i,
    input  wire                  error_i,
    output wire                  pass_o,
    output wire                  fail_o,
    output wire [COUNT_BITS-1:0] mismatches_o
);
    localparam PAIRS  = (OUT_BITS + 1) / 2;  // one 4-input LUT compares two bits
    localparam GROUPS = (PAIRS + 15) / 16;
    localparam WIDTH      = WORD_BITS > 0 ? WORD_BITS : 1;
    localparam IN_WORDS   = WORD_BITS > 0 ? (IN_BITS + WIDTH - 1) / WIDTH : 1;
    localparam OUT_WORDS  = WORD_BITS > 0 ? (OUT_BITS + WIDTH - 1) / WIDTH : 1;
    localparam IN_CYCLES  = IN_WORDS > 1 ? IN_WORDS + 2 : 2;  // from a tick to its event
    localparam OUT_CYCLES = OUT_WORDS > 1 ? OUT_WORDS + 2 : 2;

    // ---- play: memory, then a register that the network sees
    wire                    play_tick;
    wire [ADDRESS_BITS-1:0] play_index;

    event_ticker #(
        .ADDRESS_BITS(ADDRESS_BITS),
        .DELAY_CYCLES(0),
        .INTERVAL_CYCLES(INTERVAL_CYCLES)
    ) play_ticker (
        .clk_i(clk_i),
        .rst_i(rst_i),
        .tick_o(play_tick),
        .index_o(play_index)
    );

    generate
        if (IN_WORDS > 1) begin : g_play_words
            wire unused = &{1'b0, play_index};
            event_words #(
                .BITS(IN_BITS),
                .WORD_BITS(WIDTH),
                .ADDRESS_BITS(ADDRESS_BITS),
                .FILE(INPUT_FILE)
            ) inputs (
                .clk_i(clk_i),
                .rst_i(rst_i),
                .tick_i(play_tick),
                .valid_o(valid_o),
                .data_o(data_o)
            );
        end else begin : g_play
            (* rom_style = "block" *) reg [IN_BITS-1:0] inputs[0:(1<<ADDRESS_BITS)-1];
            initial $readmemh(INPUT_FILE, inputs);

            reg [IN_BITS-1:0] played_q, data_q;
            reg               played_valid_q, valid_q;

            assign data_o  = data_q;
            assign valid_o = valid_q;

            always @(posedge clk_i) played_q <= inputs[play_index];
            always @(posedge clk_i) data_q   <= played_q;
            always @(posedge clk_i)
                if (rst_i) {played_valid_q, valid_q} <= 2'b00;
                else       {played_valid_q, valid_q} <= {play_tick, played_valid_q};
        end
    endgenerate

    // ---- expect: the answer to event n is due LATENCY_CYCLES after its valid_o
    wire                    due_tick;
    wire [ADDRESS_BITS-1:0] due_index;

    event_ticker #(
        .ADDRESS_BITS(ADDRESS_BITS),
        .DELAY_CYCLES(LATENCY_CYCLES + IN_CYCLES - OUT_CYCLES),
        .INTERVAL_CYCLES(INTERVAL_CYCLES)
    ) due_ticker (
        .clk_i(clk_i),
        .rst_i(rst_i),
        .tick_o(due_tick),
        .index_o(due_index)
    );

    wire [OUT_BITS-1:0] expected;
    wire                due, last;

    generate
        if (OUT_WORDS > 1) begin : g_expect_words
            reg last_q;
            assign last = due & last_q;
            always @(posedge clk_i) if (due_tick) last_q <= &due_index;
            event_words #(
                .BITS(OUT_BITS),
                .WORD_BITS(WIDTH),
                .ADDRESS_BITS(ADDRESS_BITS),
                .FILE(OUTPUT_FILE)
            ) outputs (
                .clk_i(clk_i),
                .rst_i(rst_i),
                .tick_i(due_tick),
                .valid_o(due),
                .data_o(expected)
            );
        end else begin : g_expect
            (* rom_style = "block" *) reg [OUT_BITS-1:0] outputs[0:(1<<ADDRESS_BITS)-1];
            initial $readmemh(OUTPUT_FILE, outputs);

            reg [OUT_BITS-1:0] read_q, expected_q;
            reg [1:0]          read_due_q, read_last_q;

            assign expected = expected_q;
            assign due      = read_due_q[1];
            assign last     = read_last_q[1];

            always @(posedge clk_i) read_q     <= outputs[due_index];
            always @(posedge clk_i) expected_q <= read_q;
            always @(posedge clk_i)
                if (rst_i) begin
                    read_due_q  <= 2'b00;
                    read_last_q <= 2'b00;
                end else begin
                    read_due_q  <= {read_due_q[0], due_tick};
                    read_last_q <= {read_last_q[0], due_tick & (&due_index)};
                end
        end
    endgenerate

    // ---- compare, in three registered steps: pairs of bits, 16 pairs, all
    reg  [PAIRS-1:0]     pair_q;
    reg  [GROUPS-1:0]    group_q;
    reg                  differs_q;
    reg  [2:0]           step_due_q, step_last_q;
    wire [2*PAIRS-1:0]   difference;
    wire [16*GROUPS-1:0] paired;

    assign difference[OUT_BITS-1:0] = data_i ^ expected;
    assign paired[PAIRS-1:0]        = pair_q;

    genvar i;
    generate
        for (i = OUT_BITS; i < 2*PAIRS; i = i + 1) begin : fill_pairs
            assign difference[i] = 1'b0;
        end
        for (i = PAIRS; i < 16*GROUPS; i = i + 1) begin : fill_groups
            assign paired[i] = 1'b0;
        end
        for (i = 0; i < PAIRS; i = i + 1) begin : pairs
            always @(posedge clk_i) pair_q[i] <= |difference[2*i +: 2];
        end
        for (i = 0; i < GROUPS; i = i + 1) begin : groups
            always @(posedge clk_i) group_q[i] <= |paired[16*i +: 16];
        end
    endgenerate

    always @(posedge clk_i) differs_q <= |group_q;
    always @(posedge clk_i)
        if (rst_i) begin
            step_due_q  <= 3'b000;
            step_last_q <= 3'b000;
        end else begin
            step_due_q  <= {step_due_q[1:0], due};
            step_last_q <= {step_last_q[1:0], last};
        end

    // ---- verdict
    reg                  late_q, fail_q, complete_q, wrong_q;
    reg [COUNT_BITS-1:0] mismatches_q;

    assign fail_o       = fail_q;
    assign pass_o       = complete_q & ~fail_q;
    assign mismatches_o = mismatches_q;

    always @(posedge clk_i)
        if (rst_i) begin
            late_q     <= 1'b0;
            wrong_q    <= 1'b0;
            fail_q     <= 1'b0;
            complete_q <= 1'b0;
        end else begin
            late_q     <= valid_i != due;
            wrong_q    <= step_due_q[2] & differs_q;
            fail_q     <= fail_q | late_q | wrong_q | error_i;
            complete_q <= complete_q | step_last_q[2];
        end

    always @(posedge clk_i)
        if (rst_i)
            mismatches_q <= {COUNT_BITS{1'b0}};
        else if (wrong_q & ~(&mismatches_q))
            mismatches_q <= mismatches_q + 1'b1;
endmodule

`default_nettype wire
