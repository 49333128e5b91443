// The one crossing between the core's clock and the network's, which are taken as unrelated: an access of the core's bus becomes one
// of the other side, and the core waits for its end.
//
// core_valid_i, address, data and direction stay until core_ready_o is high for a cycle with the word that was read. On the
// other side active_o is high during the access, and start_o in its first cycle; ready_i in any later cycle ends it, and rdata_i, which
// must be 0 while active_o is low, stays from then on until active_o falls.
//
// How each signal crosses: request and answer are levels, each through two flip-flops (request up, answer up, request down,
// answer down), so that a reset of either side leaves nothing behind; address and data go across unregistered, held at least a cycle
// of the core and two of the other side before they are looked at, and the word that was read held as long before the core takes it;
// frozen_i is a level through two flip-flops.
//
// A request that is withdrawn (the core's watchdog) has to stay away for four cycles of the slower clock, which a core that starts anew
// does; a write may have been done by then. A reset of clk_i's side during an access begins it anew.
`default_nettype none

module bus_bridge (
    input  wire        core_clk_i,
    input  wire        core_rst_i,
    input  wire        core_valid_i,
    input  wire        core_write_i,
    input  wire [24:0] core_address_i,
    input  wire [31:0] core_wdata_i,
    output wire        core_ready_o,
    output wire [31:0] core_rdata_o,
    output wire        core_frozen_o,
    input  wire        clk_i,
    input  wire        rst_i,
    output wire        active_o,
    output wire        start_o,
    output wire        write_o,
    output wire [24:0] address_o,
    output wire [31:0] wdata_o,
    input  wire        ready_i,
    input  wire [31:0] rdata_i,
    input  wire        frozen_i
);
    // ---- the core's side
    reg       request_q, done_q;
    reg       answer_q;
    reg [1:0] answered_q, frozen_q;

    assign core_ready_o  = done_q;
    assign core_rdata_o  = rdata_i;
    assign core_frozen_o = frozen_q[1];

    always @(posedge core_clk_i) frozen_q <= {frozen_q[0], frozen_i};
    always @(posedge core_clk_i)
        if (core_rst_i) begin
            answered_q <= 2'b00;
            request_q  <= 1'b0;
            done_q     <= 1'b0;
        end else begin
            answered_q <= {answered_q[0], answer_q};
            request_q  <= core_valid_i & ~done_q & (request_q | ~answered_q[1]);
            done_q     <= core_valid_i & ~done_q & request_q & answered_q[1];
        end

    // ---- the network's side
    reg [2:0] asked_q;

    assign active_o  = asked_q[1];
    assign start_o   = asked_q[1] & ~asked_q[2];
    assign write_o   = core_write_i;
    assign address_o = core_address_i;
    assign wdata_o   = core_wdata_i;

    always @(posedge clk_i)
        if (rst_i) begin
            asked_q  <= 3'b000;
            answer_q <= 1'b0;
        end else begin
            asked_q  <= {asked_q[1:0], request_q};
            answer_q <= asked_q[1] & (answer_q | ready_i);
        end
endmodule

`default_nettype wire
