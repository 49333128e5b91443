// What each instruction has to do, from the ISA manual, judged on the core's RISC-V Formal Interface: an output per group of
// instructions, high when an instruction of the group retires and is wrong. For tests/rv32i/prove: bus, interrupts and what the
// registers hold are free, so a proof covers all programs up to the number of cycles asked for. With EXTENDED the core has the M
// extension, whose instructions take longer than any proof reaches (their results are left to the lockstep), and counters.
`default_nettype none

module rvfi_check (
    input  wire        clk_i,
    input  wire        bus_ready_i,
    input  wire [31:0] bus_rdata_i,
    input  wire        timer_irq_i,
    input  wire        external_irq_i,
    output wire [9:0]  wrong_o
);
    reg started_q = 1'b0;
    always @(posedge clk_i) started_q <= 1'b1;

    wire        valid, trap, intr, bus_valid;
    wire [31:0] i, pc, next, s1, s2, rd_value, address, rdata, wdata, bus_addr, bus_wdata;
    wire [4:0]  a1, a2, rd;
    wire [3:0]  rmask, wmask, bus_wstrb;

    rv32i #(
`ifdef EXTENDED
        .MULDIV(1),
        .COUNTERS(1)
`else
        .MULDIV(0),
        .COUNTERS(0)
`endif
    ) core (
        .clk_i(clk_i),
`ifdef BUGS
        .bug_i(`BUGS),
`endif
        .rst_i(~started_q),
        .bus_valid_o(bus_valid),
        .bus_addr_o(bus_addr),
        .bus_wdata_o(bus_wdata),
        .bus_wstrb_o(bus_wstrb),
        .bus_ready_i(bus_ready_i),
        .bus_rdata_i(bus_rdata_i),
        .timer_irq_i(timer_irq_i),
        .external_irq_i(external_irq_i),
        .rvfi_valid(valid),
        .rvfi_order(),
        .rvfi_insn(i),
        .rvfi_trap(trap),
        .rvfi_halt(),
        .rvfi_intr(intr),
        .rvfi_mode(),
        .rvfi_ixl(),
        .rvfi_rs1_addr(a1),
        .rvfi_rs2_addr(a2),
        .rvfi_rs1_rdata(s1),
        .rvfi_rs2_rdata(s2),
        .rvfi_rd_addr(rd),
        .rvfi_rd_wdata(rd_value),
        .rvfi_pc_rdata(pc),
        .rvfi_pc_wdata(next),
        .rvfi_mem_addr(address),
        .rvfi_mem_rmask(rmask),
        .rvfi_mem_wmask(wmask),
        .rvfi_mem_rdata(rdata),
        .rvfi_mem_wdata(wdata)
    );

    // ---- immediates and the result of each group
    wire [2:0]  f3    = i[14:12];
    wire [6:0]  f7    = i[31:25];
    wire [31:0] imm_i = {{21{i[31]}}, i[30:20]};
    wire [31:0] imm_s = {{21{i[31]}}, i[30:25], i[11:7]};
    wire [31:0] imm_b = {{20{i[31]}}, i[7], i[30:25], i[11:8], 1'b0};
    wire [31:0] imm_u = {i[31:12], 12'd0};
    wire [31:0] imm_j = {{12{i[31]}}, i[19:12], i[20], i[30:21], 1'b0};

    wire is_imm = i[6:0] == 7'b0010011, is_reg = i[6:0] == 7'b0110011;
    wire [31:0] o2 = is_reg ? s2 : imm_i;
    wire signed [31:0] sra = $signed(s1) >>> o2[4:0];
    reg  [31:0] alu;
    always @(*)
        case (f3)
            3'd0: alu = is_reg && f7[5] ? s1 - o2 : s1 + o2;
            3'd1: alu = s1 << o2[4:0];
            3'd2: alu = {31'd0, $signed(s1) < $signed(o2)};
            3'd3: alu = {31'd0, s1 < o2};
            3'd4: alu = s1 ^ o2;
            3'd5: alu = f7[5] ? sra : s1 >> o2[4:0];
            3'd6: alu = s1 | o2;
            3'd7: alu = s1 & o2;
        endcase
    reg taken;
    always @(*)
        case (f3)
            3'd0:    taken = s1 == s2;
            3'd1:    taken = s1 != s2;
            3'd4:    taken = $signed(s1) < $signed(s2);
            3'd5:    taken = $signed(s1) >= $signed(s2);
            3'd6:    taken = s1 < s2;
            default: taken = s1 >= s2;
        endcase

    // ---- memory
    wire        is_store = i[6:0] == 7'b0100011;
    wire [31:0] where    = s1 + (is_store ? imm_s : imm_i);
    wire [3:0]  bytes    = (f3[1:0] == 2'd0 ? 4'b0001 : f3[1:0] == 2'd1 ? 4'b0011 : 4'b1111) << where[1:0];
    wire        crooked  = (f3[1:0] == 2'd1 && where[0]) || (f3[1:0] == 2'd2 && where[1:0] != 2'd0);
    wire [31:0] got      = rdata >> {where[1:0], 3'd0};
    wire [31:0] loaded   = f3 == 3'd0 ? {{24{got[7]}}, got[7:0]} : f3 == 3'd1 ? {{16{got[15]}}, got[15:0]}
                         : f3 == 3'd4 ? {24'd0, got[7:0]} : f3 == 3'd5 ? {16'd0, got[15:0]} : got;
    wire [31:0] lanes    = {{8{bytes[3]}}, {8{bytes[2]}}, {8{bytes[1]}}, {8{bytes[0]}}};
    wire [31:0] put      = s2 << {where[1:0], 3'd0};

    // ---- what is legal
    wire shift = f3[1:0] == 2'b01;
    wire l_lui = i[6:0] == 7'b0110111, l_auipc = i[6:0] == 7'b0010111, l_jal = i[6:0] == 7'b1101111;
    wire l_jalr   = i[6:0] == 7'b1100111 && f3 == 3'd0;
    wire l_branch = i[6:0] == 7'b1100011 && f3 != 3'd2 && f3 != 3'd3;
    wire l_load   = i[6:0] == 7'b0000011 && (f3 <= 3'd2 || f3 == 3'd4 || f3 == 3'd5);
    wire l_store  = is_store && f3 <= 3'd2;
    wire l_imm    = is_imm && (!shift || f7 == 7'd0 || (f3 == 3'd5 && f7 == 7'h20));
    wire l_reg    = is_reg && (f7 == 7'd0 || (f7 == 7'h20 && (f3 == 3'd0 || f3 == 3'd5)));
    wire l_other  = (i[6:0] == 7'b0001111 && f3 <= 3'd1) || i == 32'h10500073;
`ifdef EXTENDED
    wire l_mul    = is_reg && f7 == 7'd1;
`else
    wire l_mul    = 1'b0;
`endif
    wire l_system = i[6:0] == 7'b1110011;  // its illegal ones are left to the lockstep

    // A straight instruction: traps or not, its rd and value, the next pc.
    wire        quiet   = rmask == 4'd0 && wmask == 4'd0;
    wire        no_trap = ~trap && next == pc + 32'd4;
    wire [4:0]  to      = i[11:7];
    wire        keeps   = rd == 5'd0 && rd_value == 32'd0;
    function sets(input [31:0] value);
        sets = rd == to && rd_value == (to == 5'd0 ? 32'd0 : value);
    endfunction
    wire [31:0] target = l_jal ? pc + imm_j : (s1 + imm_i) & ~32'd1;

    assign wrong_o = {10{valid}} & {
        ~(l_lui | l_auipc | l_jal | l_jalr | l_branch | l_load | l_store | l_imm | l_reg | l_mul | l_other | l_system) & ~(trap & keeps & quiet),
        l_other & ~(no_trap & keeps & quiet),
        l_reg & ~(no_trap & quiet & sets(alu) & a1 == i[19:15] & a2 == i[24:20]),
        l_imm & ~(no_trap & quiet & sets(alu) & a1 == i[19:15]),
        l_store & ~(crooked ? trap & keeps & quiet
                            : no_trap & keeps & rmask == 4'd0 & wmask == bytes & address == {where[31:2], 2'b00} &
                              ((wdata ^ put) & lanes) == 32'd0),
        l_load & ~(crooked ? trap & keeps & quiet
                           : no_trap & sets(loaded) & rmask == bytes & wmask == 4'd0 & address == {where[31:2], 2'b00}),
        l_branch & ~(keeps & quiet & (taken ? (imm_b[1] ^ pc[1] ? trap : ~trap & next == pc + imm_b) : no_trap)),
        (l_jal | l_jalr) & ~(quiet & (target[1] ? trap & keeps : ~trap & sets(pc + 32'd4) & next == target)),
        (l_lui | l_auipc) & ~(no_trap & quiet & sets(l_lui ? imm_u : pc + imm_u)),
        trap & (wmask != 4'd0 | rmask != 4'd0 | rd != 5'd0)};
endmodule

`default_nettype wire
