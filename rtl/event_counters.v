// Counters of 32 bits and the settings as they were written, all in one block memory of 128 words, each two halves of 16 bits. Each
// counter's source counts a few bits by itself; in turn they are added to the words in the memory. So a word is up to 4 * (COUNTERS + 3) cycles
// behind. The words' first content is CONSTANTS, word 0 lowest; the others begin as 0. Nothing is ever cleared, by reset neither.
//
// pulses_i: each counter's, one a cycle at most; those without a bit in EVERY_CYCLE come INTERVAL_CYCLES apart at least.
// Those with a bit in ABSENT are always 0. The host: start_i begins an access to word_i (the counters are 64 and on), which is done within
// 10 cycles; a read's halves are on half_o while take_o has their bit, the low one first. All of its inputs stay during the access.
`default_nettype none

module event_counters #(
    parameter             COUNTERS        = 13,
    parameter             INTERVAL_CYCLES = 1,
    parameter [31:0]      EVERY_CYCLE     = 32'h0000_004a,
    parameter [31:0]      ABSENT          = 32'h0000_0080,
    parameter [5*32-1:0]  CONSTANTS       = 160'd0
) (
    input  wire                clk_i,
    input  wire                rst_i,
    input  wire [COUNTERS-1:0] pulses_i,
    input  wire                start_i,
    input  wire                write_i,
    input  wire [6:0]          word_i,
    input  wire [31:0]         wdata_i,
    output wire [15:0]         half_o,
    output wire [1:0]          take_o
);
    // ---- slots of four cycles: read the low half, the high half, write the low, the high; the host's, or a counter's
    reg  [3:0]          phase_q;
    reg  [COUNTERS-1:0] hot_q;  // whose turn it is, in the first cycle of its slot
    reg  [4:0]          turn_q; // whose turn is next
    reg  [6:0]          word_q;
    reg                 host_q, waiting_q, keeps_q;
    wire                next = phase_q[3];
    wire                goes = next & ~waiting_q;
    wire                last = hot_q[COUNTERS-1];

    always @(posedge clk_i)
        if (rst_i) begin
            phase_q   <= 4'b0001;
            host_q    <= 1'b0;
            waiting_q <= 1'b0;
        end else begin
            phase_q   <= {phase_q[2:0], phase_q[3]};
            waiting_q <= start_i | (waiting_q & ~next);
            if (next) host_q <= waiting_q;
        end
    always @(posedge clk_i)
        if (rst_i | last) turn_q <= 5'd0;
        else if (goes)    turn_q <= turn_q + 5'd1;
    always @(posedge clk_i)
        if (next) {keeps_q, word_q} <= waiting_q ? {~write_i, word_i} : {1'b0, 2'b10, turn_q};

    // ---- the sources' own bits, from the start when they are added
    function integer bits_of(input integer counter);
        bits_of = $clog2(4 * (COUNTERS + 3) / (((EVERY_CYCLE >> counter) & 1) != 0 ? 1 : INTERVAL_CYCLES) + 3);
    endfunction
    localparam LOW_BITS = $clog2(4 * (COUNTERS + 3) + 3);
    wire [LOW_BITS*COUNTERS-1:0] chosen;  // of the counter whose turn it is, 0 of the others
    reg  [LOW_BITS-1:0]          low;
    integer c;
    always @(*) begin
        low = {LOW_BITS{1'b0}};
        for (c = 0; c < COUNTERS; c = c + 1) low = low | chosen[LOW_BITS*c +: LOW_BITS];
    end
    genvar i;
    generate
        for (i = 0; i < COUNTERS; i = i + 1) begin : counter
            localparam BITS = bits_of(i);
            wire [31:0] number = i;
            wire unused_number = &{1'b0, number};
            always @(posedge clk_i) hot_q[i] <= rst_i | (goes && turn_q == number[4:0]);  // a reset clears what the sources have
            if (((ABSENT >> i) & 1) != 0) begin : g_absent
                wire unused_pulse = pulses_i[i];
                assign chosen[LOW_BITS*i +: BITS] = {BITS{1'b0}};
            end else begin : g_present
                reg  [BITS-1:0] own_q;
                wire [BITS-1:0] more = own_q + {{BITS-1{1'b0}}, pulses_i[i]};
                always @(posedge clk_i) own_q <= {more[BITS-1:1] & {BITS-1{~hot_q[i]}}, hot_q[i] ? pulses_i[i] : more[0]};
                assign chosen[LOW_BITS*i +: BITS] = own_q & {BITS{hot_q[i]}};
            end
            if (BITS < LOW_BITS) begin : g_fill
                assign chosen[LOW_BITS*i+BITS +: LOW_BITS-BITS] = {LOW_BITS - BITS{1'b0}};
            end
        end
    endgenerate

    // ---- the memory, and the sum of half a word
    (* ram_style = "block" *) reg [15:0] halves[0:255];
    integer w;
    initial begin
        for (w = 0; w < 256; w = w + 1) halves[w] = 16'd0;
        for (w = 0; w < 10; w = w + 1) halves[w] = CONSTANTS[16*w +: 16];
    end
    wire        high   = phase_q[1] | phase_q[3];
    wire        writes = phase_q[2] | phase_q[3];
    wire [7:0]  place  = {word_q, high};
    wire        put    = writes & ~keeps_q;
    reg  [15:0] half_q;
    reg  [15:0] sum_q;
    reg         carry_q;  // of the low half, while the high one is added: gated before the register, as the sum begins with it
    // To the half that was read comes the counter's low part, or the carry of the low half; what the host writes goes through instead.
    reg  [15:0] addend_q;
    always @(posedge clk_i)
        if (host_q) addend_q <= phase_q[0] ? wdata_i[15:0] : wdata_i[31:16];
        else        addend_q <= {{16 - LOW_BITS{1'b0}}, low};

    always @(posedge clk_i) if (put) halves[place] <= sum_q;
    always @(posedge clk_i) half_q <= put ? 16'bx : halves[place];
    wire [17:0] sum = {1'b0, half_q, 1'b1} + {1'b0, addend_q, carry_q};
    wire        unused_sum = sum[0];
    always @(posedge clk_i) sum_q   <= host_q ? addend_q : sum[16:1];
    always @(posedge clk_i) carry_q <= sum[17] & phase_q[1] & ~host_q;

    assign half_o = half_q;
    assign take_o = {2{host_q}} & phase_q[2:1];
endmodule

`default_nettype wire
