// The oscillator inside an iCE40 UltraPlus, 48 MHz, for boards that have no other clock: a ring, a tenth too slow or too fast. It runs from
// configuration on. A simulation without the cell drives the clock from outside.
`default_nettype none

module oscillator_ice40 (
    output wire clk_o
);
    SB_HFOSC #(
        .CLKHF_DIV("0b00")
    ) oscillator (
        .CLKHFPU(1'b1),
        .CLKHFEN(1'b1),
        .CLKHF(clk_o)
    );
endmodule

`default_nettype wire
