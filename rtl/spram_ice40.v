// 64 KiB of the large memories of an iCE40 UltraPlus for the core: two SB_SPRAM256KA of 16K words of 16 bits, side by side. They have one port;
// no bitstream fills them, so they hold anything after configuration; a reset leaves them as they are.
//
// A cycle with enable_i writes the bytes of wstrb_i or, where there is none, reads: rdata_o is the word in the next cycle, and anything after it.
`default_nettype none

module spram_ice40 (
    input  wire        clk_i,
    input  wire        enable_i,
    input  wire [3:0]  wstrb_i,
    input  wire [13:0] address_i,  // of a word
    input  wire [31:0] wdata_i,
    output wire [31:0] rdata_o
);
    genvar g;
    generate
        for (g = 0; g < 2; g = g + 1) begin : g_halves
            SB_SPRAM256KA half (
                .CLOCK(clk_i),
                .CHIPSELECT(enable_i),
                .WREN(wstrb_i != 4'd0),
                .MASKWREN({{2{wstrb_i[2*g+1]}}, {2{wstrb_i[2*g]}}}),  // a bit for each half of a byte
                .ADDRESS(address_i),
                .DATAIN(wdata_i[16*g+:16]),
                .DATAOUT(rdata_o[16*g+:16]),
                .STANDBY(1'b0),
                .SLEEP(1'b0),
                .POWEROFF(1'b1)  // low is off
            );
        end
    endgenerate
endmodule

`default_nettype wire
