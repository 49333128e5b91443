// Takes a network's answers, each in the cycle in which it is due, and compares them with those expected, or records them in their place.
//
// given_i is the network's valid_i, with which the answer is due LATENCY_CYCLES later; valid_i and data_i come from the network.
// Counted from the cycle of valid_i as cycle 0: answer_o is whole in cycle 1; word_o is its row w in cycle 1 + w, and word_take_o has bit w
// high then; there_o, due_o, mismatch_o and late_o stand in cycle ANSWER_ROWS + 3. late_o: an answer was missing, or came when none was
// due; such answers are not compared.
//
// An answer takes ANSWER_ROWS rows of LANES words of 32 bits (LANES a power of two), padded with 0, at most one row a cycle between two
// answers. The host's word address is row * LANES + lane; it reads (rdata_o, two cycles later) and writes while busy_i is low, as in
// rtl/event_player.v. After the event numbered as put_last_i said comes event 0. OUTPUT_FILE: a hexadecimal row a line.
`default_nettype none

module answer_checker #(
    parameter OUT_BITS       = 8,
    parameter LANES          = 1,
    parameter ANSWER_ROWS    = 1,
    parameter EVENTS         = 256,
    parameter LATENCY_CYCLES = 1,
    parameter OUTPUT_FILE    = "patterns_out.hex"
) (
    input  wire                   clk_i,
    input  wire                   rst_i,
    input  wire                   play_i,
    input  wire                   record_i,
    input  wire                   put_last_i,
    input  wire                   busy_i,
    input  wire                   write_i,
    input  wire [21:0]            address_i,
    input  wire [31:0]            wdata_i,
    output wire [31:0]            rdata_o,
    input  wire                   given_i,
    input  wire                   valid_i,
    input  wire [OUT_BITS-1:0]    data_i,
    output wire [OUT_BITS-1:0]    answer_o,
    output wire [32*LANES-1:0]    word_o,
    output wire [ANSWER_ROWS-1:0] word_take_o,
    output wire                   soon_o,  // due_o in the next cycle
    output wire                   due_o,
    output wire                   there_o,
    output wire                   mismatch_o,
    output wire                   late_o
);
    localparam ROWS       = EVENTS * ANSWER_ROWS;
    localparam ROW_BITS   = $clog2(ROWS);
    localparam LANE_BITS  = $clog2(LANES);
    localparam EVENT_BITS = $clog2(EVENTS);
    localparam WIDTH      = 32 * LANES;
    localparam PAIRS      = WIDTH / 2;  // one 4-input LUT compares two bits
    localparam LAST       = ANSWER_ROWS + 2;

    // ---- what is due, and what came; bit k of the chains is cycle k + 1
    wire         due;
    reg [LAST:0] due_q, there_q;
    delay_line #(
        .CYCLES(LATENCY_CYCLES)
    ) latency (
        .clk_i(clk_i),
        .rst_i(rst_i),
        .data_i(given_i),
        .data_o(due)
    );
    always @(posedge clk_i)
        if (rst_i) begin
            due_q   <= {LAST + 1{1'b0}};
            there_q <= {LAST + 1{1'b0}};
        end else begin
            due_q   <= {due_q[LAST-1:0], due};
            there_q <= {there_q[LAST-1:0], valid_i};
        end
    assign soon_o      = due_q[LAST-1];
    assign due_o       = due_q[LAST];
    assign there_o     = there_q[LAST];
    assign late_o      = due_q[LAST] != there_q[LAST];
    assign word_take_o = due_q[ANSWER_ROWS-1:0];

    // ---- the answer, its lowest row first; one that nobody asked for may come between playings too, while the host writes
    reg [WIDTH*ANSWER_ROWS-1:0] answer_q;
    wire [WIDTH-1:0]            word = answer_q[WIDTH-1:0];
    wire [WIDTH*ANSWER_ROWS-1:0] padded;
    assign padded[OUT_BITS-1:0] = data_i;
    assign answer_o = answer_q[OUT_BITS-1:0];
    assign word_o   = word;
    wire unused     = &{1'b0, answer_q, address_i, next[0]};

    genvar i;
    generate
        if (WIDTH * ANSWER_ROWS > OUT_BITS) begin : g_pad
            assign padded[WIDTH*ANSWER_ROWS-1:OUT_BITS] = {WIDTH * ANSWER_ROWS - OUT_BITS{1'b0}};
        end
        if (ANSWER_ROWS == 1) begin : g_row
            always @(posedge clk_i) if (valid_i) answer_q <= padded;
        end else begin : g_rows
            always @(posedge clk_i)
                if (valid_i | (|there_q[ANSWER_ROWS-2:0]))
                    answer_q <= valid_i ? padded : {{WIDTH{1'b0}}, answer_q[WIDTH*ANSWER_ROWS-1:WIDTH]};
        end
    endgenerate

    // ---- expected answers: row w is read in cycle w and there, or written, in the next
    (* ram_style = "block" *) reg [WIDTH-1:0] rows[0:ROWS-1];
    initial $readmemh(OUTPUT_FILE, rows);

    reg  [EVENT_BITS:0] last_q = {EVENT_BITS + 1{1'b1}}, last_left_q;
    reg                 wrap_q;  // the answer is that of the last stored event
    reg  [ROW_BITS-1:0] place_q, place_then_q;  // the host's while nothing is played
    reg  [WIDTH-1:0]    row_q;
    wire [ROW_BITS-1:0] host_row = address_i[LANE_BITS +: ROW_BITS];
    wire [ROW_BITS:0]   next     = {place_q, 1'b1} + {{ROW_BITS{~busy_i}}, 1'b1};  // as in rtl/event_player.v: one cell a bit
    wire                records  = busy_i & record_i & (|(due_q[ANSWER_ROWS-1:0] & there_q[ANSWER_ROWS-1:0]));
    wire [ROW_BITS-1:0] put_row  = place_then_q;
    wire [WIDTH-1:0]    put_data = busy_i ? word : {LANES{wdata_i}};
    wire                reads, ends;
    wire                earlier   = ~(play_i | last_left_q[EVENT_BITS]);
    wire                meets    = (records | (write_i & ~busy_i)) && place_q == put_row;  // then nobody looks at what is read

    always @(posedge clk_i) row_q <= meets ? {WIDTH{1'bx}} : rows[place_q];
    always @(posedge clk_i) if (put_last_i) last_q <= {1'b0, wdata_i[EVENT_BITS-1:0]} - 1'b1;
    always @(posedge clk_i)
        if (play_i | due) last_left_q <= earlier ? last_left_q + {EVENT_BITS + 1{earlier}} : last_q;
    always @(posedge clk_i) if (due) wrap_q <= last_left_q[EVENT_BITS];
    always @(posedge clk_i)
        if (play_i | reads | ~busy_i)
            place_q <= play_i | (reads & ends) ? {ROW_BITS{1'b0}} : busy_i ? next[ROW_BITS:1] : host_row;
    always @(posedge clk_i) place_then_q <= place_q;

    generate
        if (ANSWER_ROWS == 1) begin : g_whole
            assign reads = due;
            assign ends  = last_left_q[EVENT_BITS];
            wire unused_wrap = wrap_q;
        end else begin : g_parts
            assign reads = due | (|due_q[ANSWER_ROWS-2:0]);
            assign ends  = due_q[ANSWER_ROWS-2] & wrap_q;
        end
        if (LANES == 1) begin : g_lane
            wire here = records | (write_i & ~busy_i);
            assign rdata_o = row_q;
            always @(posedge clk_i) if (here) rows[put_row] <= put_data;
        end else begin : g_lanes
            assign rdata_o = row_q[32 * address_i[LANE_BITS-1:0] +: 32];
            for (i = 0; i < LANES; i = i + 1) begin : lane
                wire [31:0] number = i;
                wire        here          = records || (write_i && !busy_i && address_i[LANE_BITS-1:0] == number[LANE_BITS-1:0]);
                wire        unused_number = &{1'b0, number};
                always @(posedge clk_i) if (here) rows[put_row][32*i +: 32] <= put_data[32*i +: 32];
            end
        end
    endgenerate

    // ---- compare: pairs of bits, then all of a row with the rows before it
    reg [PAIRS-1:0] pair_q;
    reg             differs_q, mismatch_q;
    generate
        for (i = 0; i < PAIRS; i = i + 1) begin : pair
            always @(posedge clk_i) pair_q[i] <= row_q[2*i +: 2] != word[2*i +: 2];
        end
    endgenerate
    // Cycles 2 + w and 3 + w; the first row starts anew.
    always @(posedge clk_i) differs_q  <= (|pair_q) | (differs_q & ~due_q[1]);
    always @(posedge clk_i) mismatch_q <= differs_q & due_q[LAST-1] & there_q[LAST-1] & ~record_i;
    assign mismatch_o = mismatch_q;
endmodule

`default_nettype wire
