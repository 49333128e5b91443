// PyPI's picorv32 under the name and with the ports of rtl/rv32i.v, so that the same firmware runs on another core in the same system: a
// cross-check of core, system and firmware by an implementation that is none of ours.
//
// Its interrupts are not the standard's. Machine mode is made of them here: CSR instructions go over its co-processor port to
// the few CSRs the firmware uses; its fixed interrupt address holds a jump to mtvec, made up as it is fetched; mret is fetched
// as its own return, and reset begins with its own instruction that unmasks interrupts. Exceptions are not translated.
// Cycles differ, the wrapper's costs are not counted anywhere.
`default_nettype none

module rv32i #(
    parameter [31:0] RESET_PC = 32'h0000_0000,
    parameter        MULDIV   = 0,
    parameter        COUNTERS = 0
) (
    input  wire        clk_i,
    input  wire        rst_i,
    output wire        bus_valid_o,
    output wire [31:0] bus_addr_o,
    output wire [31:0] bus_wdata_o,
    output wire [3:0]  bus_wstrb_o,
    input  wire        bus_ready_i,
    input  wire [31:0] bus_rdata_i,
    input  wire        timer_irq_i,
    input  wire        external_irq_i
);
    // Words of our own, within reach of a jump from the firmware: interrupt at 0, reset at 16.
    localparam [31:0] OWN = 32'h0008_0000;
    localparam [31:0] MRET = 32'h3020_0073, RETIRQ = 32'h0400_000b, UNMASK = 32'h0600_000b;

    function [31:0] jump(input [31:0] from, input [31:0] to);
        reg [31:0] offset;
        begin
            offset = to - from;
            jump   = {offset[20], offset[10:1], offset[11], offset[19:12], 5'd0, 7'b1101111};
        end
    endfunction

    // ---- the bus
    wire        valid, fetch;
    wire [31:0] address, insn, rs1, eoi;
    wire [3:0]  wstrb;
    reg  [31:0] mtvec_q;
    wire        own = address[31:8] == OWN[31:8];
    wire [31:0] own_word = address[4:2] == 3'd4 ? UNMASK
                         : address[4:2] == 3'd5 ? jump(OWN + 32'd20, RESET_PC)
                                                : jump(OWN, mtvec_q);
    wire [31:0] word = own ? own_word : fetch && bus_rdata_i == MRET ? RETIRQ : bus_rdata_i;

    assign bus_valid_o = valid & ~own;
    assign bus_addr_o  = address;
    assign bus_wstrb_o = wstrb & {4{bus_valid_o}};

    // ---- CSRs
    wire        ask;
    reg         done_q;
    reg         mie_q, mtie_q, meie_q;
    reg  [31:0] mscratch_q;
    wire        is_csr  = insn[6:0] == 7'b1110011 && insn[13:12] != 2'b00;
    wire        is_none = insn[6:0] == 7'b0001111 || insn == 32'h1050_0073;  // fence, wfi
    wire        answers = ask & (is_csr | is_none) & ~done_q;
    wire [31:0] operand = insn[14] ? {27'd0, insn[19:15]} : rs1;
    reg  [31:0] old_q, old;
    always @(*)
        case (insn[31:20])
            12'h300: old = {28'h000_0180, mie_q, 3'd0};
            12'h301: old = 32'h4000_0100;
            12'h304: old = {20'd0, meie_q, 3'd0, mtie_q, 7'd0};
            12'h305: old = mtvec_q;
            12'h340: old = mscratch_q;
            12'h342: old = eoi[11] ? 32'h8000_000b : eoi[7] ? 32'h8000_0007 : 32'd2;
            12'h344: old = {20'd0, external_irq_i, 3'd0, timer_irq_i, 7'd0};
            default: old = 32'd0;
        endcase
    wire [31:0] fresh = insn[13:12] == 2'b01 ? operand : insn[13:12] == 2'b10 ? old | operand : old & ~operand;
    always @(posedge clk_i)
        if (rst_i) begin
            {mie_q, mtie_q, meie_q} <= 3'b000;
            done_q <= 1'b0;
        end else begin
            done_q <= answers;
            old_q  <= old;
            if (answers & is_csr)
                case (insn[31:20])
                    12'h300: mie_q <= fresh[3];
                    12'h304: {meie_q, mtie_q} <= {fresh[11], fresh[7]};
                    12'h305: mtvec_q <= fresh;
                    12'h340: mscratch_q <= fresh;
                    default: ;
                endcase
        end

    picorv32 #(
        .ENABLE_COUNTERS(0),
        .ENABLE_COUNTERS64(0),
        .ENABLE_PCPI(1),
        .ENABLE_MUL(MULDIV),
        .ENABLE_DIV(MULDIV),
        .ENABLE_IRQ(1),
        .ENABLE_IRQ_TIMER(0),
        .LATCHED_IRQ(32'h0000_0007),
        .PROGADDR_RESET(OWN + 32'd16),
        .PROGADDR_IRQ(OWN)
    ) cpu (
        .clk(clk_i),
        .resetn(~rst_i),
        .mem_valid(valid),
        .mem_instr(fetch),
        .mem_ready(own ? valid : bus_ready_i & valid),
        .mem_addr(address),
        .mem_wdata(bus_wdata_o),
        .mem_wstrb(wstrb),
        .mem_rdata(word),
        .pcpi_valid(ask),
        .pcpi_insn(insn),
        .pcpi_rs1(rs1),
        .pcpi_wr(done_q & is_csr),
        .pcpi_rd(old_q),
        .pcpi_wait(1'b0),
        .pcpi_ready(done_q),
        .irq({20'd0, external_irq_i & meie_q & mie_q, 3'd0, timer_irq_i & mtie_q & mie_q, 7'd0}),
        .eoi(eoi)
    );
endmodule

`default_nettype wire
