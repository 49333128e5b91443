// The verdict on a board's LEDs, high = lit before ACTIVE_LOW turns single LEDs over.
//   3 and more: pass, fail, heartbeat, then the count of wrong answers, lowest bit first
//   2:          pass (blinks slowly), fail
//   1:          slow blinking = pass, fast blinking = fail, dark = no answer yet
// The slow blink has a period of 2^BLINK_BITS cycles, the fast one an eighth of it. BLINK_BITS 16 to 32.
`default_nettype none

module status_leds #(
    parameter             LEDS       = 3,
    parameter [LEDS-1:0]  ACTIVE_LOW = {LEDS{1'b0}},
    parameter             BLINK_BITS = 26,
    parameter             COUNT_BITS = 5
) (
    input  wire                  clk_i,
    input  wire                  rst_i,
    input  wire                  pass_i,
    input  wire                  fail_i,
    input  wire [COUNT_BITS-1:0] mismatches_i,
    output wire [LEDS-1:0]       leds_o
);
    localparam LOW_BITS  = 12;
    localparam HIGH_BITS = BLINK_BITS - LOW_BITS;

    // Two short counters instead of a long one: its carry chain would be the slowest path on the chip.
    reg [LOW_BITS-1:0]  low_q;
    reg                 carry_q;
    reg [HIGH_BITS-1:0] high_q;

    always @(posedge clk_i)
        if (rst_i) begin
            low_q   <= {LOW_BITS{1'b0}};
            carry_q <= 1'b0;
            high_q  <= {HIGH_BITS{1'b0}};
        end else begin
            low_q   <= low_q + 1'b1;
            carry_q <= &low_q;
            if (carry_q) high_q <= high_q + 1'b1;
        end

    wire slow = high_q[HIGH_BITS-1];
    wire fast = high_q[HIGH_BITS-4];

    reg [LEDS-1:0] leds_q;
    assign leds_o = leds_q ^ ACTIVE_LOW;

    genvar i;
    generate
        if (LEDS == 1) begin : one
            always @(posedge clk_i) leds_q <= fail_i ? fast : pass_i & slow;
        end else if (LEDS == 2) begin : two
            always @(posedge clk_i) leds_q <= {fail_i, pass_i & slow};
        end else begin : more
            always @(posedge clk_i) leds_q[2:0] <= {slow, fail_i, pass_i};
            for (i = 3; i < LEDS; i = i + 1) begin : count
                if (i - 3 < COUNT_BITS) begin : shown
                    always @(posedge clk_i) leds_q[i] <= mismatches_i[i-3];
                end else begin : dark
                    always @(posedge clk_i) leds_q[i] <= 1'b0;
                end
            end
        end
    endgenerate

    wire unused = &{1'b0, fast, mismatches_i};  // by some numbers of LEDs
endmodule

`default_nettype wire
