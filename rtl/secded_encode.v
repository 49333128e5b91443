// A word with the check bits that let one wrong bit be corrected and two be seen: a Hamming code and one parity over all.
// code_o = {parity, check[HAMMING_BITS-1:0], data}: check bit j is the parity of the data bits whose position has bit j
// set, position of a data bit: 3, 5, 6, 7, 9 ..., the numbers that are no powers of two. 0 is encoded as 0. Combinational.
// DATA_BITS from 1 to 63; HAMMING_BITS: the fewest with 2^HAMMING_BITS >= DATA_BITS + HAMMING_BITS + 1.
`default_nettype none

module secded_encode #(
    parameter DATA_BITS    = 8,
    parameter HAMMING_BITS = 4
) (
    input  wire [DATA_BITS-1:0]              data_i,
    output wire [DATA_BITS+HAMMING_BITS:0]   code_o
);
    // Row j: the data bits that check bit j covers.
    function [DATA_BITS*HAMMING_BITS-1:0] find_rows(input integer first);
        integer bit_number, row, position;
        begin
            position = first;
            for (bit_number = 0; bit_number < DATA_BITS; bit_number = bit_number + 1) begin
                if ((position & (position - 1)) == 0) position = position + 1;
                for (row = 0; row < HAMMING_BITS; row = row + 1)
                    find_rows[row * DATA_BITS + bit_number] = position[row];
                position = position + 1;
            end
        end
    endfunction

    localparam [DATA_BITS*HAMMING_BITS-1:0] ROWS = find_rows(3);

    wire [HAMMING_BITS-1:0] check;

    genvar j;
    generate
        for (j = 0; j < HAMMING_BITS; j = j + 1) begin : row
            assign check[j] = ^(data_i & ROWS[j*DATA_BITS+:DATA_BITS]);
        end
    endgenerate

    assign code_o = {^{check, data_i}, check, data_i};
endmodule

`default_nettype wire
