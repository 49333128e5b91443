// Events from a block memory that is narrower than they are: at each tick the next one, word by word, lowest first.
// valid_o is WORDS + 2 cycles behind the tick, and data_o whole in that cycle. After 2^ADDRESS_BITS events the first is
// next. Ranges: WORDS from 2; ticks at least WORDS + 2 cycles apart. The file holds one hexadecimal word a line. Reset
// restarts from event 0.
`default_nettype none

module event_words #(
    parameter BITS         = 128,
    parameter WORD_BITS    = 16,
    parameter ADDRESS_BITS = 5,
    parameter FILE         = "patterns_in.hex"
) (
    input  wire            clk_i,
    input  wire            rst_i,
    input  wire            tick_i,
    output wire            valid_o,
    output wire [BITS-1:0] data_o
);
    localparam WORDS = (BITS + WORD_BITS - 1) / WORD_BITS;
    localparam COUNT = WORDS << ADDRESS_BITS;
    localparam PLACE = $clog2(COUNT);

    (* rom_style = "block" *) reg [WORD_BITS-1:0] words[0:COUNT-1];
    initial $readmemh(FILE, words);

    // ---- one bit a word: which are still to be read
    reg [WORDS-1:0]           left_q;
    reg [PLACE-1:0]           place_q;
    reg [WORD_BITS-1:0]       word_q;
    reg                       taken_q, done_q, valid_q;
    reg [WORDS*WORD_BITS-1:0] data_q;

    assign valid_o = valid_q;
    assign data_o  = data_q[BITS-1:0];

    always @(posedge clk_i) word_q <= words[place_q];
    always @(posedge clk_i) if (taken_q) data_q <= {word_q, data_q[WORDS*WORD_BITS-1:WORD_BITS]};
    always @(posedge clk_i)
        if (rst_i) begin
            left_q  <= {WORDS{1'b0}};
            taken_q <= 1'b0;
            done_q  <= 1'b0;
            valid_q <= 1'b0;
        end else begin
            left_q  <= tick_i ? {WORDS{1'b1}} : left_q >> 1;
            taken_q <= left_q[0];
            done_q  <= left_q == {{(WORDS - 1) {1'b0}}, 1'b1};
            valid_q <= done_q;
        end
    localparam [31:0] LAST = COUNT - 1;
    always @(posedge clk_i)
        if (rst_i)
            place_q <= {PLACE{1'b0}};
        else if (left_q[0])
            place_q <= place_q == LAST[PLACE-1:0] ? {PLACE{1'b0}} : place_q + 1'b1;
endmodule

`default_nettype wire
