// For simulation, of a board's top and of a netlist alike: the iCE40 UltraPlus's memory of 16K words of 16 bits. What the part does not promise is
// a word that is wrong: what it holds at first, and its output but in the cycle after a read. It is never put to sleep.
// verilator lint_off DECLFILENAME
`default_nettype none

module SB_SPRAM256KA (
    input  wire [13:0] ADDRESS,
    input  wire [15:0] DATAIN,
    input  wire [3:0]  MASKWREN,
    input  wire        WREN,
    input  wire        CHIPSELECT,
    input  wire        CLOCK,
    input  wire        STANDBY,
    input  wire        SLEEP,
    input  wire        POWEROFF,
    output reg  [15:0] DATAOUT
);
    reg [15:0] words[0:16383];
    integer i;
    initial for (i = 0; i < 16384; i = i + 1) words[i] = 16'h5eed ^ i[15:0];
    wire works = CHIPSELECT & POWEROFF & ~STANDBY & ~SLEEP;
    always @(posedge CLOCK) begin
        if (works && WREN && MASKWREN[0]) words[ADDRESS][3:0] <= DATAIN[3:0];
        if (works && WREN && MASKWREN[1]) words[ADDRESS][7:4] <= DATAIN[7:4];
        if (works && WREN && MASKWREN[2]) words[ADDRESS][11:8] <= DATAIN[11:8];
        if (works && WREN && MASKWREN[3]) words[ADDRESS][15:12] <= DATAIN[15:12];
        DATAOUT <= works && !WREN ? words[ADDRESS] : ~DATAOUT;
    end
endmodule

`default_nettype wire
