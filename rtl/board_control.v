// Control of a network on a board: the soft core's system in its clock, the trigger system in the network's, the crossing between
// them, and both resets. Parameters are those of rtl/core_system.v and rtl/trigger_system.v; LED_LOW has a bit for each LED that a low
// level lights. What the core does is its firmware's business (runtime/).
`default_nettype none

module board_control #(
    parameter            MEMORY_WORDS      = 1536,
    parameter            FIRMWARE_FILE     = "firmware.hex",
    parameter            SPRAM             = 0,
    parameter            UART_DIVIDER      = 10,
    parameter            UART_MEASURE      = 0,
    parameter            LEDS              = 8,
    parameter [LEDS-1:0] LED_LOW           = {LEDS{1'b0}},
    parameter            IN_BITS           = 24,
    parameter            OUT_BITS          = 20,
    parameter            LATENCY_CYCLES    = 3,
    parameter            INTERVAL_CYCLES   = 1,
    parameter            CLASSES           = 2,
    parameter            SCORE_BITS        = 10,
    parameter            PRESCALE_BITS     = 8,
    parameter            CLASS_NUMBER      = 0,
    parameter            EVENT_LANES       = 1,
    parameter            EVENT_ROWS        = 1,
    parameter            ANSWER_LANES      = 1,
    parameter            ANSWER_ROWS       = 1,
    parameter            EVENTS            = 256,
    parameter            RECORDS           = 64,
    parameter            SPY_INPUTS        = 1,
    parameter            LOAD_ADDRESS_BITS = 1,
    parameter            LOAD_DATA_BITS    = 0,
    parameter            VOTED             = 0
) (
    input  wire                                                    clk_core_i,
    input  wire                                                    clk_i,     // the network's
    input  wire                                                    locked_i,  // both clocks are good
    input  wire                                                    rx_i,
    output wire                                                    tx_o,
    output wire [LEDS-1:0]                                         leds_o,
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
    wire        rst, rst_core;
    wire        core_valid, core_write, core_ready, core_frozen;
    wire [24:0] core_address, address;
    wire [31:0] core_wdata, core_rdata, wdata, rdata;
    wire        active, start, write, ready, frozen;
    wire [LEDS-1:0] leds;
    assign leds_o = leds ^ LED_LOW;

    reset_sync #(
        .HOLD_BITS(11)
    ) reset (
        .clk_i(clk_i),
        .locked_i(locked_i),
        .rst_o(rst)
    );
    // Behind the other, which has waited long enough: iCE40's PLL has one place from which its lock can be read.
    reset_sync #(
        .HOLD_BITS(0)
    ) core_reset (
        .clk_i(clk_core_i),
        .locked_i(~rst),
        .rst_o(rst_core)
    );

    core_system #(
        .MEMORY_WORDS(MEMORY_WORDS),
        .MEMORY_FILE(FIRMWARE_FILE),
        .SPRAM(SPRAM),
        .UART_DIVIDER(UART_DIVIDER),
        .UART_MEASURE(UART_MEASURE),
        .LEDS(LEDS)
    ) core (
        .clk_i(clk_core_i),
        .rst_i(rst_core),
        .rx_i(rx_i),
        .tx_o(tx_o),
        .leds_o(leds),
        .ext_valid_o(core_valid),
        .ext_write_o(core_write),
        .ext_address_o(core_address),
        .ext_wdata_o(core_wdata),
        .ext_ready_i(core_ready),
        .ext_rdata_i(core_rdata),
        .frozen_i(core_frozen)
    );

    bus_bridge bridge (
        .core_clk_i(clk_core_i),
        .core_rst_i(rst_core),
        .core_valid_i(core_valid),
        .core_write_i(core_write),
        .core_address_i(core_address),
        .core_wdata_i(core_wdata),
        .core_ready_o(core_ready),
        .core_rdata_o(core_rdata),
        .core_frozen_o(core_frozen),
        .clk_i(clk_i),
        .rst_i(rst),
        .active_o(active),
        .start_o(start),
        .write_o(write),
        .address_o(address),
        .wdata_o(wdata),
        .ready_i(ready),
        .rdata_i(rdata),
        .frozen_i(frozen)
    );

    trigger_system #(
        .IN_BITS(IN_BITS),
        .OUT_BITS(OUT_BITS),
        .LATENCY_CYCLES(LATENCY_CYCLES),
        .INTERVAL_CYCLES(INTERVAL_CYCLES),
        .CLASSES(CLASSES),
        .SCORE_BITS(SCORE_BITS),
        .PRESCALE_BITS(PRESCALE_BITS),
        .CLASS_NUMBER(CLASS_NUMBER),
        .EVENT_LANES(EVENT_LANES),
        .EVENT_ROWS(EVENT_ROWS),
        .ANSWER_LANES(ANSWER_LANES),
        .ANSWER_ROWS(ANSWER_ROWS),
        .EVENTS(EVENTS),
        .RECORDS(RECORDS),
        .SPY_INPUTS(SPY_INPUTS),
        .LOAD_ADDRESS_BITS(LOAD_ADDRESS_BITS),
        .LOAD_DATA_BITS(LOAD_DATA_BITS),
        .VOTED(VOTED)
    ) trigger (
        .clk_i(clk_i),
        .rst_i(rst),
        .start_i(start),
        .active_i(active),
        .write_i(write),
        .address_i(address),
        .wdata_i(wdata),
        .ready_o(ready),
        .rdata_o(rdata),
        .frozen_o(frozen),
        .network_rst_o(network_rst_o),
        .valid_o(valid_o),
        .data_o(data_o),
        .valid_i(valid_i),
        .data_i(data_i),
        .error_i(error_i),
        .answer_o(answer_o),
        .scores_i(scores_i),
        .load_valid_o(load_valid_o),
        .load_swap_o(load_swap_o),
        .load_address_o(load_address_o),
        .load_data_o(load_data_o),
        .load_ready_i(load_ready_i),
        .load_bank_i(load_bank_i),
        .seen_i(seen_i)
    );
endmodule

`default_nettype wire
