// The soft core with its memory, a UART, a timer, a watchdog, LEDs, a CRC, and a port for what stands around the network.
//
// Memory: MEMORY_WORDS words from address 0 on (at least 256, any number), loaded from MEMORY_FILE (hexadecimal words, one a
// line). Below 0x80000000 it repeats with the next power of two, what is between reads as anything; with SPRAM, from 0x40000000 on,
// the 64 KiB of rtl/spram_ice40.v repeat in its place. Registers (runtime/registers.txt) from 0x80000000 on; what is not listed reads 0.
// Every access takes two cycles.
//
// The port ext_* takes the accesses to 0x80010000 and above: ext_valid_o with a word address (bits 24 to 22: which window, 0 the
// registers, 21 to 0: the word in it), data and direction, all held until ext_ready_i is high for a cycle together with the word
// that was read. ext_rdata_i must be 0 while no access is under way (rtl/bus_bridge.v).
//
// The external interrupt is what INTERRUPT enables of: a byte has been received, frozen_i is high (synchronous to clk_i).
// The watchdog resets all but LEDs and its own flag. leds_o: a bit per LED, high is lit.
`default_nettype none

module core_system #(
    parameter MEMORY_WORDS = 2048,
    parameter MEMORY_FILE  = "firmware.hex",
    parameter SPRAM        = 0,
    parameter UART_DIVIDER = 4,
    parameter UART_MEASURE = 0,
    parameter FIFO_BITS    = 8,
    parameter LEDS         = 8
) (
    input  wire            clk_i,
    input  wire            rst_i,
    input  wire            rx_i,
    output wire            tx_o,
    output wire [LEDS-1:0] leds_o,
    output wire            ext_valid_o,
    output wire            ext_write_o,
    output wire [24:0]     ext_address_o,
    output wire [31:0]     ext_wdata_o,
    input  wire            ext_ready_i,
    input  wire [31:0]     ext_rdata_i,
    input  wire            frozen_i
);
`include "registers.vh"
    localparam MEMORY_BITS = $clog2(MEMORY_WORDS);

    // ---- core and bus
    wire        valid;
    wire [31:0] address, wdata;
    wire [3:0]  wstrb;
    reg         ready_q, from_memory_q;
    reg  [31:0] memory_q, register_q;
    wire        external   = address[31] & (address[26] | address[25] | address[24] | address[16]);
    wire        ask        = valid & ~ready_q & ~external & ~(address[31] & crc_busy);
    wire        writes     = ask & (wstrb != 4'd0);
    wire        in_spram   = SPRAM != 0 & address[31:30] == 2'b01;
    wire        in_memory  = ~address[31] & ~in_spram;
    wire [5:0]  number     = address[7:2];
    wire        listed     = address[31] & (address[30:8] == 23'd0);
    wire        put        = writes & listed;
    wire        get        = ask & (wstrb == 4'd0) & listed;
    wire        timer_irq, received;
    reg         external_irq_q, bitten_q;
    wire        rst        = rst_i | bitten_q;

    rv32i cpu (
        .clk_i(clk_i),
        .rst_i(rst),
        .bus_valid_o(valid),
        .bus_addr_o(address),
        .bus_wdata_o(wdata),
        .bus_wstrb_o(wstrb),
        .bus_ready_i(ready_q | ext_ready_i),
        .bus_rdata_i(from_memory_q ? memory_q : register_q | ext_rdata_i | spram_word),
        .timer_irq_i(timer_irq),
        .external_irq_i(external_irq_q)
    );

    assign ext_valid_o   = valid & external;
    assign ext_write_o   = wstrb != 4'd0;
    assign ext_address_o = {address[26:24], address[23:17], address[16] & (address[26:24] != 3'd0), address[15:2]};
    assign ext_wdata_o   = wdata;

    always @(posedge clk_i) ready_q       <= ask & ~rst;
    always @(posedge clk_i) from_memory_q <= in_memory;

    // ---- memory, a lane per byte
    (* ram_style = "block" *) reg [31:0] memory[0:MEMORY_WORDS-1];
    initial $readmemh(MEMORY_FILE, memory);
    wire [MEMORY_BITS-1:0] word = address[MEMORY_BITS+1:2];
    wire [3:0]             lane = wstrb & {4{ask & in_memory}};
    always @(posedge clk_i) begin
        if (lane[0]) memory[word][7:0]   <= wdata[7:0];
        if (lane[1]) memory[word][15:8]  <= wdata[15:8];
        if (lane[2]) memory[word][23:16] <= wdata[23:16];
        if (lane[3]) memory[word][31:24] <= wdata[31:24];
        if (ask && wstrb == 4'd0) memory_q <= memory[word];
    end

    wire [31:0] spram_word;  // 0 unless it was read
    generate
        if (SPRAM != 0) begin : g_spram
            reg         from_spram_q;
            wire [31:0] rdata;
            spram_ice40 spram (
                .clk_i(clk_i),
                .enable_i(ask & in_spram),
                .wstrb_i(wstrb),
                .address_i(address[15:2]),
                .wdata_i(wdata),
                .rdata_o(rdata)
            );
            always @(posedge clk_i) from_spram_q <= in_spram;
            assign spram_word = rdata & {32{from_spram_q}};
        end else begin : g_none
            assign spram_word = 32'd0;
        end
    endgenerate

    // ---- UART
    wire [7:0] rx_data;
    wire       tx_full, framing, overrun;
    reg        framing_q, overrun_q;

    uart #(
        .DIVIDER(UART_DIVIDER),
        .MEASURE(UART_MEASURE),
        .FIFO_BITS(FIFO_BITS)  // the longest frame of the monitor fits
    ) uart (
        .clk_i(clk_i),
        .rst_i(rst),
        .rx_i(rx_i),
        .tx_o(tx_o),
        .rx_valid_o(received),
        .rx_data_o(rx_data),
        .rx_take_i(get & received & (number == REGISTER_UART_DATA)),
        .tx_give_i(put & (number == REGISTER_UART_DATA)),
        .tx_data_i(wdata[7:0]),
        .tx_full_o(tx_full),
        .framing_o(framing),
        .overrun_o(overrun)
    );

    wire reads_status = get & (number == REGISTER_UART_STATUS);
    always @(posedge clk_i)
        if (rst)   {framing_q, overrun_q} <= 2'b00;
        else       {framing_q, overrun_q} <= {framing | (framing_q & ~reads_status), overrun | (overrun_q & ~reads_status)};

    // ---- timer, LEDs, CRC
    reg  [31:0]     down_q, compare_q;  // down_q: the complement of TIME, so that TIME_COMPARE is kept as it is written
    wire [31:0]     now       = ~down_q;
    reg  [LEDS-1:0] leds_q;
    reg  [31:0]     crc_q;
    wire [31:0]     early     = compare_q + down_q;  // TIME_COMPARE - TIME - 1: its sign says that it is time
    reg             timer_q;
    wire            unused    = &{1'b0, address[1:0], early[30:0]};
    assign          timer_irq = timer_q;
    assign          leds_o    = leds_q;

    // CRC-32, a bit a cycle; registers wait until it is done.
    localparam [31:0] POLYNOMIAL = 32'hedb8_8320;
    reg  [7:0]  crc_data_q;
    reg  [3:0]  crc_left_q;  // bits to come, less 1; negative: none
    wire        crc_busy  = ~crc_left_q[3];
    wire [31:0] crc_next  = {1'b0, crc_q[31:1]} ^ (POLYNOMIAL & {32{crc_q[0] ^ crc_data_q[0]}});

    always @(posedge clk_i)
        if (rst) begin
            down_q    <= 32'hffff_ffff;
            compare_q <= 32'h8000_0000;
            timer_q   <= 1'b0;
        end else begin
            down_q  <= down_q - 32'd1;
            timer_q <= early[31];
            if (put && number == REGISTER_TIME_COMPARE) compare_q <= wdata;
        end
    always @(posedge clk_i)
        if (rst_i)                                leds_q <= {LEDS{1'b0}};
        else if (put && number == REGISTER_LEDS)  leds_q <= wdata[LEDS-1:0];
    always @(posedge clk_i)
        if (put && number == REGISTER_CRC) crc_q <= ~wdata;
        else if (crc_busy)                 crc_q <= crc_next;
    always @(posedge clk_i) crc_data_q <= crc_busy ? {1'b0, crc_data_q[7:1]} : wdata[7:0];
    always @(posedge clk_i)
        if (rst)                                     crc_left_q <= 4'b1111;
        else if (put && number == REGISTER_CRC_DATA) crc_left_q <= 4'd7;
        else if (crc_busy)                           crc_left_q <= crc_left_q - 4'd1;

    // ---- watchdog: counts at each multiple of 2^16 of the time; interrupts
    reg  [7:0] left_q;
    reg        carry_q, bit_q;  // bit_q: the last reset was the watchdog's
    reg  [1:0] enable_q;
    wire       expires = carry_q & (left_q == 8'd1);
    wire       sets    = put && number == REGISTER_WATCHDOG;
    wire       counts  = carry_q & (left_q != 8'd0) & ~sets;

    always @(posedge clk_i) carry_q <= ~(|down_q[15:0]);
    always @(posedge clk_i)
        if (rst)                                     left_q <= 8'd0;
        else if (sets | counts)                      left_q <= counts ? left_q + {8{counts}} : wdata[7:0];
    always @(posedge clk_i) bitten_q <= ~rst & expires;
    always @(posedge clk_i) bit_q    <= ~rst_i & (bit_q | bitten_q);
    always @(posedge clk_i)
        if (rst)                                      enable_q <= 2'b00;
        else if (put && number == REGISTER_INTERRUPT) enable_q <= wdata[1:0];
    always @(posedge clk_i) external_irq_q <= |(enable_q & {frozen_i, received});

    // ---- what is read: all of the sources but one are 0, which takes fewer cells than a choice
    wire is_id        = listed & (number == REGISTER_ID);
    wire is_version   = listed & (number == REGISTER_VERSION);
    wire is_leds      = listed & (number == REGISTER_LEDS);
    wire is_data      = listed & (number == REGISTER_UART_DATA) & received;
    wire is_status    = listed & (number == REGISTER_UART_STATUS);
    wire is_time      = listed & (number == REGISTER_TIME);
    wire is_crc       = listed & (number == REGISTER_CRC);
    wire is_watchdog  = listed & (number == REGISTER_WATCHDOG);
    wire is_interrupt = listed & (number == REGISTER_INTERRUPT);
    always @(posedge clk_i)
        if (is_id)
            register_q <= 32'h534c_5543;  // sets and clears, for which no cell's inputs are needed
        else
            register_q <= (32'd2 & {32{is_version}}) | ({{32 - LEDS{1'b0}}, leds_q} & {32{is_leds}}) |
                      ({23'd0, 1'b1, rx_data} & {32{is_data}}) |
                      ({28'd0, framing_q, overrun_q, tx_full, received} & {32{is_status}}) | (now & {32{is_time}}) |
                      (~crc_q & {32{is_crc}}) | ({23'd0, bit_q, left_q} & {32{is_watchdog}}) |
                      ({22'd0, frozen_i, received, 6'd0, enable_q} & {32{is_interrupt}});
endmodule

`default_nettype wire
