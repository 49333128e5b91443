// A UART, 8 data bits, no parity, 1 stop bit, with a FIFO for each direction.
//
// One bit takes DIVIDER cycles of clk_i (4 to 65535): 3 Mbaud from 12 MHz is 4. The line is sampled in the middle of a bit, behind
// two flip-flops. A byte whose stop bit is low is dropped and sets framing_o for a cycle; one that finds the FIFO full is dropped and
// sets overrun_o for a cycle. With MEASURE 1 the length of a bit, DIVIDER give or take a quarter, is measured (rtl/baud_meter.v), and
// DIVIDER is from 12 to 4095.
//
// rx_data_o is the oldest byte received while rx_valid_o is high; rx_take_i takes it. tx_give_i gives tx_data_i to the
// transmitter, which is ignored while tx_full_o is high. Both FIFOs hold 2^FIFO_BITS bytes. Reset empties them and lets the line idle.
`default_nettype none

module uart #(
    parameter DIVIDER   = 4,
    parameter FIFO_BITS = 5,
    parameter MEASURE   = 0
) (
    input  wire       clk_i,
    input  wire       rst_i,
    input  wire       rx_i,
    output wire       tx_o,
    output wire       rx_valid_o,
    output wire [7:0] rx_data_o,
    input  wire       rx_take_i,
    input  wire       tx_give_i,
    input  wire [7:0] tx_data_i,
    output wire       tx_full_o,
    output reg        framing_o,
    output reg        overrun_o
);
    localparam [31:0] LAST = DIVIDER - 1, MIDDLE = DIVIDER / 2 < 3 ? 0 : DIVIDER / 2 - 2;
    localparam BITS = $clog2(MEASURE != 0 ? DIVIDER + DIVIDER / 4 + 1 : DIVIDER);
    localparam [BITS-1:0] NONE = 0, ONE = 1;

    // ---- cycles of a bit, and to the middle of the start bit, less what the registers take
    wire [BITS-1:0] whole, half;
    wire            line;
    generate
        if (MEASURE != 0) begin : g_measured
            wire unused = &{1'b0, MIDDLE, LAST};
            assign half = {1'b0, whole[BITS-1:1]} - ONE;
            baud_meter #(
                .DIVIDER(DIVIDER),
                .BITS(BITS)
            ) meter (
                .clk_i(clk_i),
                .rst_i(rst_i),
                .line_i(line),
                .framing_i(framing_o),
                .last_o(whole)
            );
        end else begin : g_given
            assign whole = LAST[BITS-1:0];
            assign half  = MIDDLE[BITS-1:0];
        end
    endgenerate

    // ---- receive: the start bit's middle, then a bit every DIVIDER cycles
    reg  [1:0]  line_q;
    reg  [BITS-1:0] rx_wait_q;
    reg         rx_start_q; // in the start bit
    reg         rx_busy_q;  // behind it
    reg  [8:0]  rx_shift_q; // a 1 goes before the bits: at the end when the stop bit comes next
    reg         rx_byte_q;  // a byte is complete
    wire        sample = rx_wait_q == NONE;
    wire        rx_waits = (rx_start_q || rx_busy_q) && !sample;
    assign      line   = line_q[1];

    always @(posedge clk_i) line_q <= rst_i ? 2'b11 : {line_q[0], rx_i};
    always @(posedge clk_i)
        if (rst_i) begin
            rx_busy_q  <= 1'b0;
            rx_start_q <= 1'b0;
            rx_byte_q  <= 1'b0;
            framing_o  <= 1'b0;
        end else begin
            rx_byte_q <= 1'b0;
            framing_o <= 1'b0;
            if (rx_start_q) begin
                if (sample) begin
                    rx_start_q <= 1'b0;
                    rx_busy_q  <= ~line;
                end
            end else if (rx_busy_q) begin
                if (sample && rx_shift_q[0]) begin
                    rx_busy_q <= 1'b0;
                    rx_byte_q <= line;
                    framing_o <= ~line;
                end
            end else begin
                rx_start_q <= ~line;
            end
        end
    // As masks, not as a choice: a bit that is loaded as 0 would become a register with a reset, which iCE40 does not take into the
    // tile of the other bits' chain.
    wire [BITS-1:0] rx_less = rx_wait_q + {BITS{rx_waits}}, rx_load = rx_start_q || rx_busy_q ? whole : half;
    always @(posedge clk_i) rx_wait_q <= (rx_less & {BITS{rx_waits}}) | (rx_load & {BITS{~rx_waits}});
    always @(posedge clk_i)
        if (rx_start_q)                                 rx_shift_q <= 9'h100;
        else if (rx_busy_q && sample && !rx_shift_q[0]) rx_shift_q <= {line, rx_shift_q[8:1]};

    wire rx_full;
    always @(posedge clk_i) overrun_o <= ~rst_i & rx_byte_q & rx_full;

    byte_fifo #(
        .BITS(FIFO_BITS)
    ) received (
        .clk_i(clk_i),
        .rst_i(rst_i),
        .give_i(rx_byte_q),
        .data_i(rx_shift_q[8:1]),
        .full_o(rx_full),
        .valid_o(rx_valid_o),
        .data_o(rx_data_o),
        .take_i(rx_take_i)
    );

    // ---- send: start bit, data, stop bit
    reg  [BITS-1:0] tx_wait_q;
    reg  [3:0]  tx_left_q;
    reg  [9:0]  tx_shift_q;
    wire        tx_valid;
    wire [7:0]  tx_next;
    wire        tx_idle = tx_left_q == 4'd0;
    wire        tx_due  = tx_wait_q == NONE;
    wire        tx_load = tx_idle & tx_valid;
    wire        tx_waits = ~(tx_load | tx_due);
    reg         tx_q;
    assign tx_o = tx_q;

    always @(posedge clk_i)
        if (rst_i) begin
            tx_left_q <= 4'd0;
            tx_q      <= 1'b1;
        end else begin
            if (tx_load)                 tx_left_q <= 4'd10;
            else if (!tx_idle && tx_due) tx_left_q <= tx_left_q - 4'd1;
            tx_q <= tx_idle | tx_shift_q[0];
        end
    always @(posedge clk_i)
        if (tx_load)     tx_shift_q <= {1'b1, tx_next, 1'b0};
        else if (tx_due) tx_shift_q <= {1'b1, tx_shift_q[9:1]};
    wire [BITS-1:0] tx_less = tx_wait_q + {BITS{tx_waits}};
    always @(posedge clk_i) tx_wait_q <= (tx_less & {BITS{tx_waits}}) | (whole & {BITS{~tx_waits}});

    byte_fifo #(
        .BITS(FIFO_BITS)
    ) sent (
        .clk_i(clk_i),
        .rst_i(rst_i),
        .give_i(tx_give_i),
        .data_i(tx_data_i),
        .full_o(tx_full_o),
        .valid_o(tx_valid),
        .data_o(tx_next),
        .take_i(tx_load)
    );
endmodule

`default_nettype wire
