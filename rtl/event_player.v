// Plays stored events into a network: from event 0 to the last one that is to be played and again from event 0, at a gap from
// one to the next, in bursts with a pause between them, for a number of events or without end. All of that is programmable.
//
// An event takes EVENT_ROWS rows of LANES words of 32 bits (LANES a power of two), read one after the other, so gaps are at least
// EVENT_ROWS. The host's word address is row * LANES + lane; it reads (rdata_o, two cycles later) and writes while busy_i is low, which
// must be high from play_i until running_o has fallen. INPUT_FILE: a hexadecimal row a line.
//
// put_*: takes wdata_i as the setting of that name; they are kept through resets, and 0 by configuration: the least gap, one burst, event 0
// alone. play_i starts from event 0, with the number of events on count_i (0: without end), stop_i ends. valid_o with data_o is the event; row_o and take_o (a bit for each
// row) are its rows as they were read, the last in the cycle before valid_o.
`default_nettype none

module event_player #(
    parameter IN_BITS         = 8,
    parameter LANES           = 1,
    parameter EVENT_ROWS      = 1,
    parameter EVENTS          = 256,
    parameter INTERVAL_CYCLES = 1,
    parameter INPUT_FILE      = "patterns_in.hex"
) (
    input  wire                  clk_i,
    input  wire                  rst_i,
    input  wire                  play_i,
    input  wire [23:0]           count_i,
    input  wire                  stop_i,
    input  wire                  put_last_i,
    input  wire                  put_gap_i,
    input  wire                  put_burst_i,
    input  wire                  put_pause_i,
    input  wire                  busy_i,
    input  wire                  write_i,
    input  wire [21:0]           address_i,
    input  wire [31:0]           wdata_i,
    output wire [31:0]           rdata_o,
    output wire                  running_o,
    output wire                  valid_o,
    output wire [IN_BITS-1:0]    data_o,
    output wire [32*LANES-1:0]   row_o,
    output wire [EVENT_ROWS-1:0] take_o
);
    localparam ROWS       = EVENTS * EVENT_ROWS;
    localparam ROW_BITS   = $clog2(ROWS);
    localparam LANE_BITS  = $clog2(LANES);
    localparam EVENT_BITS = $clog2(EVENTS);
    localparam WIDTH      = 32 * LANES;
    localparam [31:0] LEAST = INTERVAL_CYCLES > EVENT_ROWS ? INTERVAL_CYCLES : EVENT_ROWS;
    localparam [31:0] LEAST_LOAD = LEAST - 2;
    localparam LEAST_BITS = $clog2(LEAST + 1) > 15 ? 15 : $clog2(LEAST + 1);

    // ---- settings, as what their counters start from: n - 2 down to -1, whose sign says that it is the n-th. Of gap and pause the top
    // bit is turned over: high as long as there is something to wait for.
    localparam [16:0] LEAST_GAP = LEAST_LOAD[16:0] ^ 17'h10000, NO_PAUSE = 17'h10000, LESS_2 = 17'h1fffe;
    wire [16:0]        gap_turned, pause_turned, burst;
    wire [16:0]        gap   = gap_turned ^ LEAST_GAP;
    wire [16:0]        pause = pause_turned ^ NO_PAUSE;
    reg [EVENT_BITS:0] last_q  = {EVENT_BITS + 1{1'b1}};
    reg                has_pause_q = 1'b0, has_bursts_q = 1'b0;

    wire        is_short = wdata_i[15:LEAST_BITS] == 0 && {1'b0, wdata_i[LEAST_BITS-1:0]} < LEAST[LEAST_BITS:0];
    sum_register #(.WIDTH(17), .ADDEND(LESS_2), .INITIAL(LEAST_GAP)) gaps (
        .clk_i(clk_i), .put_i(put_gap_i), .take_initial_i(is_short), .data_i({1'b1, wdata_i[15:0]}), .turned_o(gap_turned)
    );
    sum_register #(.WIDTH(17), .ADDEND(LESS_2), .INITIAL(NO_PAUSE)) pauses (
        .clk_i(clk_i), .put_i(put_pause_i), .take_initial_i(1'b0), .data_i({1'b1, wdata_i[15:0]}), .turned_o(pause_turned)
    );
    sum_register #(.WIDTH(17), .ADDEND(LESS_2)) bursts (
        .clk_i(clk_i), .put_i(put_burst_i), .take_initial_i(1'b0), .data_i({1'b0, wdata_i[15:0]}), .turned_o(burst)
    );
    always @(posedge clk_i) if (put_pause_i) has_pause_q  <= wdata_i[15:0] != 16'd0;
    always @(posedge clk_i) if (put_burst_i) has_bursts_q <= wdata_i[15:0] != 16'd0;
    always @(posedge clk_i) if (put_last_i) last_q <= {1'b0, wdata_i[EVENT_BITS-1:0]} - 1'b1;

    // ---- pace: a tick for each event
    reg                running_q, rest_q, tick_q, starts_q, wrap_q, has_end_q;
    reg [1:0]          start_q;  // two cycles before the first tick, in which the number of events loses 2
    reg [16:0]         gap_left_q, burst_left_q;
    reg [24:0]         events_left_q;
    reg [EVENT_BITS:0] last_left_q;
    wire               waits    = gap_left_q[16];
    wire               due      = ~waits;
    wire               tick     = running_q & due & ~rest_q;
    wire               done     = has_bursts_q & burst_left_q[16];  // a burst
    wire               complete = has_end_q & events_left_q[24];
    wire               in_burst = ~(play_i | done);
    wire               earlier   = ~(play_i | last_left_q[EVENT_BITS]);

    assign running_o = running_q | tick_q;

    always @(posedge clk_i)
        if (rst_i) begin
            running_q <= 1'b0;
            tick_q    <= 1'b0;
        end else begin
            running_q <= play_i | (running_q & ~stop_i & ~(tick & complete));
            tick_q    <= tick;
        end
    always @(posedge clk_i)
        if (play_i)   rest_q <= 1'b0;
        else if (due) rest_q <= tick & done & has_pause_q;
    always @(posedge clk_i) start_q  <= rst_i ? 2'b00 : {start_q[0], play_i};
    always @(posedge clk_i) starts_q <= ~rst_i & (play_i | start_q[0]);  // start_q is not 0
    // Counters that are loaded count down by adding a row of what says that they are not: load, sum, carry and register of a bit then
    // share one cell of iCE40, as the choice and the chain have an input in common.
    always @(posedge clk_i)
        if (play_i) gap_left_q <= 17'h10001;
        else        gap_left_q <= waits ? gap_left_q + {17{waits}} : rest_q ? pause : gap;
    always @(posedge clk_i)
        if (play_i | tick) burst_left_q <= in_burst ? burst_left_q + {17{in_burst}} : burst;
    always @(posedge clk_i)
        if (play_i | starts_q | tick) events_left_q <= running_q ? events_left_q + {25{running_q}} : {tick_q, count_i};
    // tick_q is 0 then: a constant would make the top bit a register with a reset, which iCE40 does not take into the chain's tiles.
    // 0 less 1 in its first cycle: there is no end.
    always @(posedge clk_i) if (start_q[1]) has_end_q <= ~events_left_q[24];
    always @(posedge clk_i)
        if (play_i | tick) last_left_q <= earlier ? last_left_q + {EVENT_BITS + 1{earlier}} : last_q;
    always @(posedge clk_i) if (tick) wrap_q <= last_left_q[EVENT_BITS];

    // ---- read: a bit a row, the one that is being read; after the last stored event the first is next
    (* ram_style = "block" *) reg [WIDTH-1:0] rows[0:ROWS-1];
    initial $readmemh(INPUT_FILE, rows);

    reg  [EVENT_ROWS-1:0] read_q, take_q;
    reg  [ROW_BITS-1:0]   place_q;  // the host's while nothing is played
    wire [ROW_BITS:0]     next     = {place_q, 1'b1} + {{ROW_BITS{~busy_i}}, 1'b1};  // as above
    reg  [WIDTH-1:0]      row_q;
    wire [ROW_BITS-1:0]   host_row = address_i[LANE_BITS +: ROW_BITS];
    wire                  write    = write_i & ~busy_i;
    wire                  ends     = read_q[EVENT_ROWS-1];
    wire                  meets    = write && place_q == host_row;  // then nobody looks at what is read: saying so saves a bypass in synthesis
    wire                  unused   = &{1'b0, address_i, next[0]};

    always @(posedge clk_i) row_q <= meets ? {WIDTH{1'bx}} : rows[place_q];
    always @(posedge clk_i)
        if (play_i | (|read_q) | ~busy_i)
            place_q <= play_i | (ends & wrap_q) ? {ROW_BITS{1'b0}} : busy_i ? next[ROW_BITS:1] : host_row;

    genvar i;
    generate
        if (EVENT_ROWS == 1) begin : g_row
            always @(posedge clk_i) read_q <= ~rst_i & tick;
        end else begin : g_rows
            always @(posedge clk_i) read_q <= rst_i ? {EVENT_ROWS{1'b0}} : {read_q[EVENT_ROWS-2:0], tick};
        end
        if (LANES == 1) begin : g_lane
            assign rdata_o = row_q;
            always @(posedge clk_i) if (write) rows[host_row] <= wdata_i;
        end else begin : g_lanes
            assign rdata_o = row_q[32 * address_i[LANE_BITS-1:0] +: 32];
            for (i = 0; i < LANES; i = i + 1) begin : lane
                wire [31:0] number = i;
                wire        here          = write && address_i[LANE_BITS-1:0] == number[LANE_BITS-1:0];
                wire        unused_number = &{1'b0, number};
                always @(posedge clk_i) if (here) rows[host_row][32*i +: 32] <= wdata_i;
            end
        end
    endgenerate

    always @(posedge clk_i) take_q <= rst_i ? {EVENT_ROWS{1'b0}} : read_q;
    assign row_o  = row_q;
    assign take_o = take_q;

    // ---- the event: its rows side by side
    reg                        valid_q;
    reg [WIDTH*EVENT_ROWS-1:0] data_q;
    assign valid_o = valid_q;
    assign data_o  = data_q[IN_BITS-1:0];
    wire   unused_padding = &{1'b0, data_q};
    always @(posedge clk_i) valid_q <= ~rst_i & take_q[EVENT_ROWS-1];
    generate
        for (i = 0; i < EVENT_ROWS; i = i + 1) begin : word
            always @(posedge clk_i) if (take_q[i]) data_q[WIDTH*i +: WIDTH] <= row_q;
        end
    endgenerate
endmodule

`default_nettype wire
