// The word of a code of secded_encode.v: right if at most one bit of the code is wrong, which single_o then says; double_o
// if two are (more look like one or like two), and then data_o is worth nothing. code_o is the code
// with its wrong bit put right. Combinational.
`default_nettype none

module secded_decode #(
    parameter DATA_BITS    = 8,
    parameter HAMMING_BITS = 4
) (
    input  wire [DATA_BITS+HAMMING_BITS:0] code_i,
    output wire [DATA_BITS-1:0]            data_o,
    output wire [DATA_BITS+HAMMING_BITS:0] code_o,
    output wire                            single_o,
    output wire                            double_o
);
    localparam CODE_BITS = DATA_BITS + HAMMING_BITS + 1;

    // Position of the code's bit in the Hamming code; 0 of the parity over all.
    function integer position_of(input integer bit_number);
        integer k, position;
        begin
            position = 3;
            for (k = 0; k < DATA_BITS; k = k + 1) begin
                if ((position & (position - 1)) == 0) position = position + 1;
                if (k < bit_number) position = position + 1;
                else k = DATA_BITS;
            end
            if ((position & (position - 1)) == 0) position = position + 1;
            if (bit_number >= DATA_BITS) position = 1 << (bit_number - DATA_BITS);
            if (bit_number == DATA_BITS + HAMMING_BITS) position = 0;
            position_of = position;
        end
    endfunction

    // What the bits say beside what they should: the position of the wrong one.
    wire [CODE_BITS-1:0] again;
    secded_encode #(.DATA_BITS(DATA_BITS), .HAMMING_BITS(HAMMING_BITS)) u_again (
        .data_i(code_i[DATA_BITS-1:0]), .code_o(again)
    );
    wire [HAMMING_BITS-1:0] syndrome = again[DATA_BITS+:HAMMING_BITS] ^ code_i[DATA_BITS+:HAMMING_BITS];
    wire is_odd = ^code_i;
    wire [CODE_BITS-1:0] wrong;

    genvar k;
    generate
        for (k = 0; k < CODE_BITS; k = k + 1) begin : each
            localparam [31:0] POSITION = position_of(k);
            assign wrong[k] = is_odd && syndrome == POSITION[HAMMING_BITS-1:0];
        end
    endgenerate

    assign code_o = code_i ^ wrong;
    assign data_o = code_o[DATA_BITS-1:0];
    assign single_o = |wrong;
    assign double_o = is_odd ? !(|wrong) : |syndrome;
    wire unused = again[CODE_BITS-1];
endmodule

`default_nettype wire
