// Finds how long a bit of a serial line is, for clocks whose rate is only roughly known (ring oscillators).
//
// The first byte after the line was idle for IDLE_BITS bits is measured, if its lowest bits are 1 and 0, as those of the monitor's
// frame mark (0xc5) and of Enter (0x0d) are: from the start bit's falling edge to the next one are two bits. last_o is then the
// number of clock cycles of a bit less one; before that, and if what was measured is not within a quarter of DIVIDER, it stays what it was,
// DIVIDER - 1 after reset. framing_i (a byte had no stop bit) makes it measure again. The rate found is exact to half a cycle of a
// bit, so bytes are read safely from 12 cycles a bit on: DIVIDER 12 to 4095.
`default_nettype none

module baud_meter #(
    parameter DIVIDER   = 16,
    parameter IDLE_BITS = 11,
    parameter BITS      = 5   // of last_o: enough for 5/4 of DIVIDER
) (
    input  wire            clk_i,
    input  wire            rst_i,
    input  wire            line_i,
    input  wire            framing_i,
    output wire [BITS-1:0] last_o
);
    localparam [31:0] IDLE = IDLE_BITS * DIVIDER, LEAST = 2 * DIVIDER - DIVIDER / 2, MOST = 2 * DIVIDER + DIVIDER / 2, FIRST = DIVIDER - 1;
    localparam        WIDE = $clog2(IDLE_BITS * DIVIDER + 1);

    localparam [1:0] WAIT = 2'd0,   // for an idle line
                     READY = 2'd1,  // for a start bit
                     COUNT = 2'd2,  // until the next falling edge
                     KNOWN = 2'd3;
    reg  [1:0]      state_q;
    reg             line_q;
    reg  [WIDE-1:0] count_q;  // cycles the line has been high, or since the start bit began
    reg  [BITS-1:0] last_q;
    wire            falls = line_q & ~line_i;
    wire            fits  = count_q >= LEAST[WIDE-1:0] && count_q <= MOST[WIDE-1:0];
    wire [BITS:0]   less  = count_q[BITS:0] - {{BITS{1'b0}}, 1'b1};
    wire            unused = less[0];

    assign last_o = last_q;

    always @(posedge clk_i) line_q <= line_i | rst_i;
    always @(posedge clk_i)
        if (state_q == WAIT ? ~line_i : falls)
            count_q <= {{WIDE - 1{1'b0}}, state_q != WAIT};
        else if (count_q != IDLE[WIDE-1:0])
            count_q <= count_q + 1'b1;
    always @(posedge clk_i)
        if (rst_i) begin
            state_q <= WAIT;
            last_q  <= FIRST[BITS-1:0];
        end else begin
            case (state_q)
                WAIT:    if (count_q == IDLE[WIDE-1:0]) state_q <= READY;
                READY:   if (falls) state_q <= COUNT;
                COUNT:   if (falls) state_q <= fits ? KNOWN : WAIT;
                         else if (count_q == IDLE[WIDE-1:0]) state_q <= WAIT;
                default: if (framing_i) state_q <= WAIT;
            endcase
            if (state_q == COUNT && falls && fits) last_q <= less[BITS:1];
        end
endmodule

`default_nettype wire
