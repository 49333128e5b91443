// Stands around a memory of codes (secded_encode.v) with one reading and one writing port: corrects what is read, and
// writes it back; reads on, word after word, in cycles in which nobody reads (scrubbing).
// Fixed latency 1 + CORRECTION_CYCLES (1 or 2), a word a cycle: addr_i in cycle t with busy_i high, the corrected word on
// data_o in cycle t + 1 + CORRECTION_CYCLES. The
// memory answers ram_addr_o on ram_code_i a cycle later. Words on the load port are written in the same cycle, whatever
// else there is to do; a load and a read of one word in one cycle must not come. What is being put right while a word is
// loaded is dropped: the next round finds it again. A word is not written in a cycle in which it is read.
// corrected_o and uncorrectable_o are high for a cycle for each such word read. Reset: none needed; what the registers
// hold at power-up can write no word but one that was just read.
`default_nettype none

module secded_guard #(
    parameter DATA_BITS    = 8,
    parameter HAMMING_BITS = 4,
    parameter ADDRESS_BITS = 4,
    parameter CORRECTION_CYCLES = 1 // 2: the memory's answer goes into a register first
) (
    input  wire                            clk_i,
    input  wire                            busy_i,
    input  wire [ADDRESS_BITS-1:0]         addr_i,
    input  wire                            load_we_i,
    input  wire [ADDRESS_BITS-1:0]         load_addr_i,
    input  wire [DATA_BITS+HAMMING_BITS:0] load_code_i,
    output wire [ADDRESS_BITS-1:0]         ram_addr_o,
    input  wire [DATA_BITS+HAMMING_BITS:0] ram_code_i,
    output wire                            ram_we_o,
    output wire [ADDRESS_BITS-1:0]         ram_write_addr_o,
    output wire [DATA_BITS+HAMMING_BITS:0] ram_write_code_o,
    output wire [DATA_BITS-1:0]            data_o,
    output wire                            corrected_o,
    output wire                            uncorrectable_o
);
    localparam CODE_BITS = DATA_BITS + HAMMING_BITS + 1;

    // Cycle t: the address, the event's or the scrubber's, which leaves out cycles in which a word is written.
    reg  [ADDRESS_BITS-1:0] scrub_q;
    wire                    scrubs = !busy_i && !ram_we_o;
    initial scrub_q = {ADDRESS_BITS{1'b0}};
    always @(posedge clk_i) if (scrubs) scrub_q <= scrub_q + 1'b1;
    assign ram_addr_o = busy_i ? addr_i : scrub_q;

    // Cycle t + 1: the memory's answer, and a cycle later if that takes a register.
    reg                    read_q, load_q;
    reg [ADDRESS_BITS-1:0] addr_q;
    initial read_q = 1'b0;
    always @(posedge clk_i) begin
        read_q <= busy_i || scrubs;
        addr_q <= ram_addr_o;
        load_q <= load_we_i;
    end
    wire                    read, load;
    wire [ADDRESS_BITS-1:0] addr;
    wire [CODE_BITS-1:0]    answer;
    generate
        if (CORRECTION_CYCLES > 1) begin : late
            reg                    late_read_q, late_load_q;
            reg [ADDRESS_BITS-1:0] late_addr_q;
            reg [CODE_BITS-1:0]    answer_q;
            initial late_read_q = 1'b0;
            always @(posedge clk_i) begin
                late_read_q <= read_q;
                late_load_q <= load_q;
                late_addr_q <= addr_q;
                answer_q    <= ram_code_i;
            end
            assign read   = late_read_q;
            assign load   = load_q || late_load_q;
            assign addr   = late_addr_q;
            assign answer = answer_q;
        end else begin : early
            assign read   = read_q;
            assign load   = load_q;
            assign addr   = addr_q;
            assign answer = ram_code_i;
        end
    endgenerate

    // What is wrong with it.
    wire [DATA_BITS-1:0] data;
    wire [CODE_BITS-1:0] code;
    wire                 single, double;
    secded_decode #(.DATA_BITS(DATA_BITS), .HAMMING_BITS(HAMMING_BITS)) u_decode (
        .code_i(answer), .data_o(data), .code_o(code), .single_o(single), .double_o(double)
    );

    // The cycle after: the word, and the code to be written back.
    reg                     single_q, double_q, fix_q;
    reg  [ADDRESS_BITS-1:0] fix_addr_q;
    reg  [CODE_BITS-1:0]    code_q;
    initial {single_q, double_q, fix_q} = 3'b0;
    always @(posedge clk_i) begin
        single_q   <= read && single;
        double_q   <= read && double;
        fix_q      <= read && single && !load && !load_we_i;
        fix_addr_q <= addr;
        code_q     <= code;
    end
    assign data_o           = code_q[DATA_BITS-1:0];
    assign corrected_o      = single_q;
    assign uncorrectable_o  = double_q;
    wire fixes = fix_q && !(busy_i && addr_i == fix_addr_q);
    assign ram_we_o         = load_we_i || fixes;
    assign ram_write_addr_o = load_we_i ? load_addr_i : fix_addr_q;
    assign ram_write_code_o = load_we_i ? load_code_i : code_q;
    wire unused = &{1'b0, data};
endmodule

`default_nettype wire
