// A small RV32I core for control: machine mode, Zicsr, timer and external interrupt, traps on illegal instructions and
// misaligned addresses (fence and fence.i are there and have nothing to do; wfi does not wait).
// MULDIV = 1 adds the M extension, a bit a cycle; COUNTERS = 1 adds mcycle and minstret with their upper halves. Both cost
// cells (docs/reference/soft-core.md) and are off unless asked for.
//
// Bus: bus_valid_o with address (of a word), write data and byte strobes (0: a read) until bus_ready_i, which comes with the
// read data. Strobes are 0 while bus_valid_o is low. A fetch does not look at bus_ready_i in its first cycle and goes on asking: a memory that answers one cycle
// after it is asked, as block memories do, makes it lose nothing. Loads and stores take it in any cycle.
// Cycles with such a memory: 3 for arithmetic and branches not taken, 4 for jumps, 5 for branches taken and mret,
// 6 for loads and stores, 4 + n for shifts by n, 5 for CSR instructions, 8 for what traps, 6 before the first
// instruction of an interrupt's handler; 37 for multiplications, 38 for divisions, 2 more where a result is negated.
//
// CSRs: mstatus (MIE, MPIE; MPP is machine mode), misa, mie and mip (timer 7, external 11), mtvec (direct), mscratch, mepc,
// mcause, mtval (the address of a misaligned access or jump, else 0), mvendorid, marchid, mimpid and mhartid (all 0). Most of them
// are words of the memory that holds the registers, so they cost no flip-flops.
//
// Interrupt lines are levels, synchronous to clk_i; between two instructions the external one goes first.
// Reset: execution starts at RESET_PC (a multiple of 4) with interrupts off; the registers keep what they held. The
// initial content of the memory (x0, misa and the like) must come with the configuration, as on any FPGA.
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
`ifdef RVFI
    // The RISC-V Formal Interface: one instruction a cycle with rvfi_valid; a trap is the instruction that trapped.
    ,
    output reg         rvfi_valid,
    output reg  [63:0] rvfi_order,
    output reg  [31:0] rvfi_insn,
    output reg         rvfi_trap,
    output reg         rvfi_halt,
    output reg         rvfi_intr,
    output reg  [1:0]  rvfi_mode,
    output reg  [1:0]  rvfi_ixl,
    output reg  [4:0]  rvfi_rs1_addr,
    output reg  [4:0]  rvfi_rs2_addr,
    output reg  [31:0] rvfi_rs1_rdata,
    output reg  [31:0] rvfi_rs2_rdata,
    output reg  [4:0]  rvfi_rd_addr,
    output reg  [31:0] rvfi_rd_wdata,
    output reg  [31:0] rvfi_pc_rdata,
    output reg  [31:0] rvfi_pc_wdata,
    output reg  [31:0] rvfi_mem_addr,
    output reg  [3:0]  rvfi_mem_rmask,
    output reg  [3:0]  rvfi_mem_wmask,
    output reg  [31:0] rvfi_mem_rdata,
    output reg  [31:0] rvfi_mem_wdata
`endif
);
    // ---- state, one bit each
    localparam FETCH       = 0,   // wait for the instruction at pc
               EXEC        = 1,   // operands are there, the first in acc: most instructions end here, and the next is asked for
               MEM         = 2,   // wait for the access at acc
               SHIFT       = 3,   // acc by 1 until count is 0, then to rd
               BRANCH      = 4,   // taken: acc = target; the fetch that EXEC began has to end
               JUMP        = 5,   // go to acc, the address after the jump to rd
               LEAP        = 6,   // go to acc
               CSR_READ    = 7,   // old value to rd
               CSR_WRITE   = 8,   // new value
               TRAP_PC     = 9,   // mepc
               TRAP_CAUSE  = 10,  // mcause
               TRAP_VALUE  = 11,  // mtval
               VECTOR      = 12,  // acc = mtvec or mepc
               M_LOAD      = 13,  // low = rs1, of a signed division its magnitude
               M_STEP      = 14,  // a bit of the product or the quotient, 32 times
               M_LAST      = 15,  // the last bit of the quotient: a remainder is found in front of each
               M_WRITE     = 16,  // to rd
               M_READ      = 17,  // rd is read back
               M_NEGATE    = 18,  // and its negative written
               READ        = 19,  // acc = rs1, while rs2 is read
               STATES      = 20;
    reg [STATES-1:0] state_q, state_d;

    // Words of the register memory behind x31: bits 10, 6 and 2 to 0 of the CSR's number.
    localparam [5:0] SLOT_ZERO = 6'd0, SLOT_NONE = 6'b111111, SLOT_MSTATUS = 6'b100000, SLOT_MISA = 6'b100001, SLOT_MTVEC = 6'b100101,
                     SLOT_MEPC = 6'b101001, SLOT_MCAUSE = 6'b101010, SLOT_MTVAL = 6'b101011;

    reg [31:0] instr_q;
    reg [29:0] pc_q;     // word address of the instruction; of the next one from the end of EXEC on
    reg [31:0] acc_q;    // rs1, then address, jump target, shifted value, operand of a CSR
    reg [4:0]  count_q;  // shifts to do
    reg [4:0]  cause_q;  // interrupt, code
    reg        mie_q, mpie_q, mtie_q, meie_q;
    reg        passed_q;  // a branch was not taken: pc_q follows in the first cycle of the fetch

    // ---- decoding
    // The class of the instruction, none if it is not one of 32 bits that the core knows, is found while it is fetched: the
    // longest paths begin with it.
    wire [2:0] f3 = instr_q[14:12];
    wire [6:0] f7 = instr_q[31:25];
    reg is_lui, is_auipc, is_jal, is_jalr, is_branch, is_load, is_store, is_imm, is_reg, is_fence, is_system, is_mul;
    reg inverts;  // the second operand, in EXEC
    wire [2:0] next_f3   = bus_rdata_i[14:12];
    wire       next_imm  = bus_rdata_i[6:0] == 7'b0010011;
    wire       next_reg  = bus_rdata_i[6:0] == 7'b0110011;
    wire       next_sys  = bus_rdata_i[6:0] == 7'b1110011;
    wire       next_jump = bus_rdata_i[6:0] == 7'b1100011;
    wire       next_mul  = MULDIV != 0 & next_reg & bus_rdata_i[25];
    always @(posedge clk_i)
        if (state_q[FETCH] & bus_ready_i) begin
            instr_q   <= bus_rdata_i;
            is_lui    <= bus_rdata_i[6:0] == 7'b0110111;
            is_auipc  <= bus_rdata_i[6:0] == 7'b0010111;
            is_jal    <= bus_rdata_i[6:0] == 7'b1101111;
            is_jalr   <= bus_rdata_i[6:0] == 7'b1100111;
            is_branch <= next_jump;
            is_load   <= bus_rdata_i[6:0] == 7'b0000011;
            is_store  <= bus_rdata_i[6:0] == 7'b0100011;
            is_imm    <= next_imm;
            is_reg    <= next_reg & ~next_mul;
            is_mul    <= next_mul;
            is_fence  <= bus_rdata_i[6:0] == 7'b0001111;
            is_system <= next_sys;
            inverts   <= next_jump | ((next_reg | next_imm) & (next_f3[2:1] == 2'b01)) |
                         (next_reg & bus_rdata_i[30] & (next_f3 == 3'd0)) | (next_sys & (next_f3[1:0] == 2'b11));
        end
    wire is_alu       = is_imm | is_reg;
    wire is_shift     = is_alu & (f3[1:0] == 2'b01);
    wire is_compare   = is_alu & (f3[2:1] == 2'b01);
    wire is_csr       = is_system & (f3[1:0] != 2'b00);
    wire is_private   = is_system & (f3 == 3'd0);
    wire is_ecall     = is_private & (instr_q[31:20] == 12'h000);
    wire is_ebreak    = is_private & (instr_q[31:20] == 12'h001);
    wire is_mret      = is_private & (instr_q[31:20] == 12'h302);
    wire is_wfi       = is_private & (instr_q[31:20] == 12'h105);

    wire [11:0] csr      = instr_q[31:20];
    wire        csr_low  = csr[11:7] == 5'b00110 && csr[5:3] == 3'd0;  // 0x30x, 0x34x with x below 8
    wire        csr_rw   = csr_low & (csr[6] ? ~csr[2] | (csr[1:0] == 2'd0)                            // 340 to 344
                                             : ~csr[1]);                                               // 300, 301, 304, 305
    wire        csr_ro   = csr[11:3] == 9'b111100010 && csr[2:0] != 3'd0 && ~(csr[2] & (csr[1:0] != 2'd0));  // F11 to F14
    wire        csr_cnt  = COUNTERS != 0 & csr[11:8] == 4'hb & csr[6:2] == 5'd0 & ~csr[0];  // B00, B02, B80, B82
    wire        csr_puts = ~f3[1] | (instr_q[19:15] != 5'd0);  // whether the instruction writes
    wire [5:0]  slot     = csr_cnt ? SLOT_NONE : {1'b1, csr[10], csr[6], csr[2:0]};
    reg         on_mstatus, on_mie, on_mip, on_counter;  // known a cycle after EXEC, when they are needed
    always @(posedge clk_i) begin
        on_mstatus <= slot == SLOT_MSTATUS;
        on_mie     <= slot == 6'b100100;
        on_mip     <= slot == 6'b101100;
        on_counter <= csr_cnt;
    end

    // The next instruction is asked for at once after `ahead` ones. Each term is short: most paths go on from here.
    wire plain   = f7 == 7'd0;
    wire other   = f7 == 7'b0100000;
    wire is_bare = is_private & (instr_q[19:15] == 5'd0) & (instr_q[11:7] == 5'd0);
    wire ahead   = is_lui | is_auipc |
                   (is_branch & (f3[2:1] != 2'b01)) |
                   (is_imm & (f3[1:0] != 2'b01)) |
                   (is_reg & (f3[1:0] != 2'b01) & (plain | (other & (f3 == 3'd0)))) |
                   (is_fence & (f3[2:1] == 2'b00)) |
                   (is_bare & is_wfi);
    wire legal   = ahead | is_jal |
                   (is_jalr & (f3 == 3'd0)) |
                   (is_load & (f3[1:0] != 2'b11) & (f3 != 3'b110)) |
                   (is_store & ~f3[2] & (f3[1:0] != 2'b11)) |
                   (is_shift & (plain | (other & f3[2]))) |
                   (is_csr & (csr_rw | csr_cnt | (csr_ro & ~csr_puts))) |
                   (is_mul & (f7 == 7'd1)) |
                   (is_bare & (is_ecall | is_ebreak | is_mret));

    // I, S, B, U, J; for CSR instructions the 5-bit operand, 0 if it is a register.
    reg [31:0] imm;
    always @(*) begin
        imm = {{20{instr_q[31]}}, instr_q[31:20]};
        if (is_store)          imm = {{20{instr_q[31]}}, instr_q[31:25], instr_q[11:7]};
        if (is_branch)         imm = {{20{instr_q[31]}}, instr_q[7], instr_q[30:25], instr_q[11:8], 1'b0};
        if (is_lui | is_auipc) imm = {instr_q[31:12], 12'd0};
        if (is_jal)            imm = {{12{instr_q[31]}}, instr_q[19:12], instr_q[20], instr_q[30:21], 1'b0};
        if (is_system)         imm = {27'd0, instr_q[19:15] & {5{f3[2]}}};
    end

    // ---- registers and CSRs: one memory, read for one operand after the other
    reg  [31:0] regs[0:63];
    reg  [31:0] reg_q;
    reg  [5:0]  raddr, waddr;
    reg         write;
    wire [31:0] wdata;

    integer k;
    initial begin
        for (k = 0; k < 64; k = k + 1) regs[k] = 32'd0;
        regs[SLOT_MSTATUS] = 32'h0000_1800;
        regs[SLOT_MISA]    = MULDIV != 0 ? 32'h4000_1100 : 32'h4000_0100;
    end

    // What is read while it is written is never looked at: saying so saves a bypass in synthesis.
    wire meet = write & (waddr == raddr);
    always @(posedge clk_i) if (write) regs[waddr] <= wdata;
    always @(posedge clk_i) reg_q <= meet ? 32'bx : regs[raddr];

    always @(*) begin
        raddr = {1'b0, state_q[FETCH] ? bus_rdata_i[19:15] : instr_q[24:20]};
        if (state_q[EXEC] & is_system)                   raddr = is_private ? SLOT_MEPC : slot;
        if (state_q[EXEC] & is_mul)                      raddr = {1'b0, instr_q[19:15]};
        if (state_q[M_READ])                             raddr = {1'b0, instr_q[11:7]};
        if (state_q[CSR_READ])                           raddr = slot;
        if (state_q[TRAP_PC])                            raddr = SLOT_ZERO;
        if (state_q[TRAP_CAUSE] | state_q[TRAP_VALUE])   raddr = SLOT_MTVEC;
    end

    // ---- operands and results; where the result comes from outside, nothing is added to it
    wire        outside  = state_q[MEM] | (state_q[M_WRITE] & to_low);
    wire        a_pc     = state_q[BRANCH] | state_q[JUMP] | state_q[TRAP_PC] | (state_q[EXEC] & (is_auipc | is_jal));
    wire        a_zero   = state_q[READ] | state_q[CSR_READ] | state_q[TRAP_CAUSE] | state_q[VECTOR] | state_q[M_LOAD] |
                           state_q[M_NEGATE] | outside | (state_q[EXEC] & (is_lui | (is_system & f3[2])));
    wire        b_reg    = state_q[READ] | state_q[CSR_READ] | state_q[CSR_WRITE] | state_q[TRAP_CAUSE] | state_q[VECTOR] | in_mul |
                           (state_q[EXEC] & (is_reg | is_branch));
    wire        invert   = (state_q[EXEC] & inverts) | mul_inverts;
    wire        in_csr   = state_q[CSR_READ] | state_q[CSR_WRITE];

    reg [31:0] special;  // bits of CSRs that are not in the memory
    always @(*) begin
        special     = in_csr & on_counter ? counter : 32'd0;
        special[3]  = special[3] | (in_csr & on_mstatus & mie_q);
        special[7]  = special[7] | (in_csr & ((on_mstatus & mpie_q) | (on_mie & mtie_q) | (on_mip & timer_irq_i)));
        special[11] = special[11] | (in_csr & ((on_mie & meie_q) | (on_mip & external_irq_i)));
        if (state_q[TRAP_CAUSE]) begin
            special[31]  = cause_q[4];
            special[3:0] = cause_q[3:0];
        end
    end

    wire [31:0] a  = a_zero ? 32'd0 : a_pc ? {pc_q, 2'b00} : acc_q;
    wire [31:0] b  = (b_reg ? reg_q | special : imm) ^ {32{invert}};
    wire        by_sign = is_branch ? ~f3[1] : is_mul & ~f3[2] ? f3[1:0] == 2'b01 : ~f3[0];
    wire        divides = (state_q[M_STEP] | state_q[M_LAST]) & f3[2];
    // 33 bits and the carry that comes in; bit 32 of a difference says less.
    wire [33:0] sums = {by_sign & a[31] & ~divides, a, 1'b1} + {by_sign ? b[31] : invert, b, invert};
    wire [31:0] sum  = sums[32:1];
    wire        less = sums[33];
    wire        unused = &{1'b0, sums[0], instr_q[6:0]};

    // xor, first operand, or, and: numbered as funct3 does.
    wire [1:0]  logic_op = state_q[EXEC] & (is_system | is_branch) ? 2'b00
                         : state_q[EXEC] | state_q[CSR_WRITE]      ? f3[1:0]
                                                                   : 2'b01;
    wire [31:0] logics   = logic_op == 2'b00 ? a ^ b : logic_op == 2'b01 ? a : logic_op == 2'b10 ? a | b : a & b;
    wire        is_logic = state_q[EXEC] ? (is_alu & (f3[2] | f3[0]) & ~is_compare) | is_system
                         : state_q[M_STEP] | state_q[M_LAST] ? (f3[2] ? less : ~low_q[0])
                                         : ~(state_q[READ] | state_q[CSR_READ] | state_q[TRAP_CAUSE] | state_q[VECTOR] |
                                             state_q[BRANCH] | state_q[M_LOAD] | state_q[M_NEGATE]);
    wire        is_less  = state_q[EXEC] & is_compare;
    wire [31:0] result   = is_logic ? logics : is_less ? {31'd0, less} : sum;

    wire equal = &logics;  // of a branch the second operand is inverted
    wire taken = is_branch & ((f3[2] ? less : equal) ^ f3[0]);

    // ---- multiplication and division
    // Product: acc and low are its upper and lower half; low begins as the multiplier rs1, whose lowest bit says whether rs2 is
    // added before both move right. The sign bit of a signed multiplier counts negative: the last step subtracts.
    // Quotient: low begins as the dividend's magnitude and moves left through acc, the remainder, from which the divisor's
    // magnitude is taken where it goes (a negative divisor is added). Signs are put right at the end, by reading rd back.
    wire in_mul = state_q[M_LOAD] | state_q[M_STEP] | state_q[M_LAST] | state_q[M_NEGATE];
    reg  [31:0] low_q;
    reg         minus1_q;    // of a signed division, dividend and divisor are negative
    reg         minus2_q;
    reg         by_zero_q;
    wire        to_low  = f3[2] ? ~f3[1] : f3[1:0] == 2'b00;  // mul, div and divu have their result in low
    wire        negate  = f3[2] & (f3[1] ? minus1_q : (minus1_q ^ minus2_q) & ~by_zero_q);
    wire        mul_inverts = (state_q[M_LOAD] & minus1_q) | state_q[M_NEGATE] | (divides & ~minus2_q) |
                              (state_q[M_STEP] & ~f3[2] & (f3[1] ^ f3[0]) & shifted);
    generate
        if (MULDIV != 0) begin : muldiv
            always @(posedge clk_i)
                if (state_q[EXEC]) begin
                    minus1_q  <= f3[2] & ~f3[0] & acc_q[31];
                    minus2_q  <= f3[2] & ~f3[0] & reg_q[31];
                end
            always @(posedge clk_i)
                if (state_q[M_LOAD]) by_zero_q <= 1'b1;
                else if (state_q[M_STEP] & less) by_zero_q <= 1'b0;  // by anything else the first bit is 0
            always @(posedge clk_i)
                if (state_q[M_LOAD])
                    low_q <= result;
                else if (state_q[M_STEP] | state_q[M_LAST])
                    low_q <= f3[2] ? {low_q[30:0], ~less} : {result[0], low_q[31:1]};
        end else begin : no_muldiv
            always @(*) {low_q, minus1_q, minus2_q, by_zero_q} = 35'd0;
        end
    endgenerate

    // ---- counters
    // A write puts one half; the counter stands still while the instruction looks at it.
    reg  [63:0] cycle_q, retired_q;
    wire [63:0] chosen  = csr[1] ? retired_q : cycle_q;
    wire [31:0] counter = csr[7] ? chosen[63:32] : chosen[31:0];
    generate
        if (COUNTERS != 0) begin : counters
            reg  trapped_q;
            wire holds   = on_counter & in_csr & csr_puts;
            wire put     = on_counter & state_q[CSR_WRITE] & csr_puts;
            reg  retires_q;
            always @(posedge clk_i)
                retires_q <= state_d[FETCH] & ~state_q[FETCH] & ~(state_q[LEAP] & trapped_q) & ~(put & csr[1]) & ~rst_i;
            always @(posedge clk_i)
                if (state_q[EXEC]) trapped_q <= 1'b0;
                else if (state_q[TRAP_PC]) trapped_q <= 1'b1;
            always @(posedge clk_i)
                if (rst_i) cycle_q <= 64'd0;
                else if (put & ~csr[1]) cycle_q <= csr[7] ? {result, cycle_q[31:0]} : {cycle_q[63:32], result};
                else cycle_q <= cycle_q + {63'd0, ~(holds & ~csr[1])};
            always @(posedge clk_i)
                if (rst_i) retired_q <= 64'd0;
                else if (put & csr[1]) retired_q <= csr[7] ? {result, retired_q[31:0]} : {retired_q[63:32], result};
                else retired_q <= retired_q + {63'd0, retires_q};
        end else begin : no_counters
            always @(*) {cycle_q, retired_q} = 128'd0;
        end
    endgenerate

    // ---- loads and stores
    wire        is_byte  = f3[1:0] == 2'b00;
    wire        is_word  = f3[1];
    wire [15:0] half     = acc_q[1] ? bus_rdata_i[31:16] : bus_rdata_i[15:0];
    wire [7:0]  low      = acc_q[0] ? half[15:8] : half[7:0];
    wire        fill     = ~f3[2] & ~is_word & (is_byte ? low[7] : half[15]);
    wire [31:0] loaded   = {bus_rdata_i[31:16] & {16{is_word}} | {16{fill}}, is_byte ? {8{fill}} : half[15:8], low} & {32{state_q[MEM]}};
    wire [15:0] pair     = {is_byte ? reg_q[7:0] : reg_q[15:8], reg_q[7:0]};
    wire        mis_data = (is_load | is_store) & ((is_word & (sum[1] | sum[0])) | (f3[0] & sum[0]));
    wire        mis_jump = (is_jal | is_jalr) & sum[1];

    assign bus_wdata_o = {is_word ? reg_q[31:16] : pair, pair};
    assign bus_wstrb_o = {4{state_q[MEM] & is_store}} &
                         (is_word ? 4'b1111 : is_byte ? 4'b0001 << acc_q[1:0] : {{2{acc_q[1]}}, {2{~acc_q[1]}}});

    wire traps = ~legal | is_ecall | is_ebreak | mis_data | mis_jump;
    wire irq   = mie_q & ((mtie_q & timer_irq_i) | (meie_q & external_irq_i));

    // ---- program counter and bus
    wire        use_acc = state_q[MEM] | state_q[JUMP] | state_q[LEAP];
    wire        further = state_q[EXEC] | state_q[BRANCH] | passed_q;
    // What is added where the sum is not used lets the choice share the cells of the sum (iCE40).
    wire [30:0] fetch   = {pc_q, further} + {{30{use_acc}}, further};
    wire [29:0] address = use_acc ? acc_q[31:2] : fetch[30:1];
    wire        unused_fetch = fetch[0];
    wire        shifted = count_q == 5'd0;

    assign bus_addr_o  = {address, 2'b00};
    assign bus_valid_o = ~rst_i & (state_q[FETCH] | state_q[MEM] | state_q[BRANCH] | state_q[JUMP] | state_q[LEAP] |
                                   state_q[CSR_WRITE] | (state_q[M_WRITE] & ~negate) | state_q[M_NEGATE] | (state_q[SHIFT] & shifted) | (state_q[EXEC] & ahead));

    always @(posedge clk_i)
        if (rst_i)
            pc_q <= RESET_PC[31:2];
        else if ((state_q[EXEC] & ~traps & ~is_branch) | passed_q | state_q[JUMP] | state_q[LEAP])
            pc_q <= address;
    always @(posedge clk_i) passed_q <= ~rst_i & state_q[EXEC] & legal & is_branch & ~taken;

    // ---- accumulator and shifts
    wire        counts  = state_q[SHIFT] | state_q[M_STEP];
    wire [31:0] moved   = f3[2] ? {instr_q[30] & acc_q[31], acc_q[31:1]} : {acc_q[30:0], 1'b0};
    wire        clear   = (state_q[FETCH] & irq) | (state_q[EXEC] & (~legal | is_ecall | is_ebreak | is_mul));

    always @(posedge clk_i)
        if (clear)
            acc_q <= 32'd0;
        else if (state_q[READ] | state_q[EXEC] | state_q[BRANCH] | state_q[VECTOR] | state_q[SHIFT] | state_q[M_STEP] | state_q[M_LAST])
            acc_q <= state_q[SHIFT]            ? moved
                   : state_q[M_STEP] &  f3[2]  ? {result[30:0], low_q[31]}
                   : state_q[M_STEP]           ? {low_q[0] ? sums[33] : by_sign & a[31], result[31:1]}
                                               : {result[31:1], result[0] & ~(is_jalr & ~state_q[READ])};
    always @(posedge clk_i)
        if (state_q[EXEC] | counts) count_q <= counts ? count_q + {5{counts}} : b[4:0] | {5{is_mul}};

    // ---- what is written, and where
    wire [31:0] value  = result | loaded | (low_q & {32{state_q[M_WRITE] & to_low}});
    assign wdata[31:2] = value[31:2];
    assign wdata[1:0]  = value[1:0] & {2{~(state_q[CSR_WRITE] & (slot == SLOT_MEPC || slot == SLOT_MTVEC))}};
    wire in_memory = csr_rw & ~(on_mstatus | on_mie | on_mip | (slot == SLOT_MISA));

    always @(*) begin
        waddr = {1'b0, instr_q[11:7]};
        write = 1'b0;
        if (state_q[EXEC])       write = legal & (is_lui | is_auipc | (is_alu & ~is_shift));
        if (state_q[MEM])        write = is_load & bus_ready_i;
        if (state_q[SHIFT])      write = shifted;
        if (state_q[JUMP])       write = 1'b1;
        if (state_q[M_WRITE] | state_q[M_NEGATE]) write = 1'b1;
        if (state_q[CSR_READ])   write = 1'b1;
        if (instr_q[11:7] == 5'd0) write = 1'b0;
        if (state_q[CSR_WRITE]) begin
            waddr = slot;
            write = in_memory;
        end
        if (state_q[TRAP_PC] | state_q[TRAP_CAUSE] | state_q[TRAP_VALUE]) begin
            waddr = state_q[TRAP_PC] ? SLOT_MEPC : state_q[TRAP_CAUSE] ? SLOT_MCAUSE : SLOT_MTVAL;
            write = 1'b1;
        end
    end

    // ---- interrupts
    always @(posedge clk_i)
        if (rst_i) begin
            {mie_q, mpie_q, mtie_q, meie_q} <= 4'd0;
        end else begin
            if (state_q[CSR_WRITE] & on_mstatus) {mpie_q, mie_q}  <= {result[7], result[3]};
            if (state_q[CSR_WRITE] & on_mie)     {meie_q, mtie_q} <= {result[11], result[7]};
            if (state_q[TRAP_PC])                {mpie_q, mie_q}  <= {mie_q, 1'b0};
            if (state_q[EXEC] & legal & is_mret) {mpie_q, mie_q}  <= {1'b1, mpie_q};
        end

    always @(posedge clk_i)
        if (state_q[FETCH])
            cause_q <= {1'b1, meie_q & external_irq_i ? 4'd11 : 4'd7};
        else if (state_q[EXEC] | state_q[BRANCH])
            cause_q <= {1'b0, ~legal ? 4'd2 : is_ecall ? 4'd11 : is_ebreak ? 4'd3 : is_load ? 4'd4 : is_store ? 4'd6 : 4'd0};

    // ---- next state
    always @(*) begin
        state_d             = {STATES{1'b0}};
        state_d[FETCH]      = (state_q[FETCH] & ~bus_ready_i) | (state_q[EXEC] & ahead & ~taken) |
                              (state_q[MEM] & bus_ready_i) | (state_q[SHIFT] & shifted) | state_q[JUMP] | state_q[LEAP] |
                              state_q[CSR_WRITE] | (state_q[M_WRITE] & ~negate) | state_q[M_NEGATE];
        state_d[READ]       = state_q[FETCH] & bus_ready_i & ~irq;
        state_d[EXEC]       = state_q[READ];
        state_d[MEM]        = (state_q[EXEC] & legal & (is_load | is_store) & ~mis_data) | (state_q[MEM] & ~bus_ready_i);
        state_d[SHIFT]      = (state_q[EXEC] & legal & is_shift) | (state_q[SHIFT] & ~shifted);
        state_d[BRANCH]     = (state_q[EXEC] & legal & taken) | (state_q[BRANCH] & ~bus_ready_i);
        state_d[JUMP]       = state_q[EXEC] & legal & (is_jal | is_jalr) & ~mis_jump;
        state_d[LEAP]       = (state_q[BRANCH] & bus_ready_i & ~sum[1]) | state_q[VECTOR];
        state_d[CSR_READ]   = state_q[EXEC] & legal & is_csr;
        state_d[CSR_WRITE]  = state_q[CSR_READ];
        state_d[TRAP_PC]    = (state_q[FETCH] & bus_ready_i & irq) | (state_q[EXEC] & traps) |
                              (state_q[BRANCH] & bus_ready_i & sum[1]);
        state_d[TRAP_CAUSE] = state_q[TRAP_PC];
        state_d[TRAP_VALUE] = state_q[TRAP_CAUSE];
        state_d[VECTOR]     = state_q[TRAP_VALUE] | (state_q[EXEC] & legal & is_mret);
        if (MULDIV != 0) begin
            state_d[M_LOAD]     = state_q[EXEC] & legal & is_mul;
            state_d[M_STEP]     = state_q[M_LOAD] | (state_q[M_STEP] & ~shifted);
            state_d[M_LAST]     = state_q[M_STEP] & shifted & f3[2];
            state_d[M_WRITE]    = (state_q[M_STEP] & shifted & ~f3[2]) | state_q[M_LAST];
            state_d[M_READ]     = state_q[M_WRITE] & negate;
            state_d[M_NEGATE]   = state_q[M_READ];
        end
    end

    always @(posedge clk_i)
        if (rst_i) state_q <= {{STATES-1{1'b0}}, 1'b1};
        else       state_q <= state_d;

`ifdef RVFI
    reg        f_trapping, f_interrupted, f_after_irq;
    reg [31:0] f_pc, f_rs1, f_rs2;
    wire       f_rd   = write & ~waddr[5];
    wire       f_end  = (state_d[FETCH] & ~state_q[FETCH]) & ~(state_q[LEAP] & f_interrupted);
    wire       f_uses1 = is_jalr | is_branch | is_load | is_store | is_alu | is_mul | (is_csr & ~f3[2]);
    wire       f_uses2 = is_branch | is_store | is_reg | is_mul;

    always @(posedge clk_i) begin
        rvfi_halt <= 1'b0;
        rvfi_mode <= 2'd3;
        rvfi_ixl  <= 2'd1;
        rvfi_valid <= f_end & ~rst_i;
        if (state_q[FETCH]) begin
            f_pc          <= {address, 2'b00};
            f_trapping    <= 1'b0;
            f_interrupted <= bus_ready_i & irq;
            rvfi_rd_addr  <= 5'd0;
            rvfi_rd_wdata <= 32'd0;
        end
        if (state_q[EXEC]) begin
            f_rs1 <= acc_q;
            f_rs2 <= reg_q;
        end
        if (state_q[TRAP_PC]) f_trapping <= ~f_interrupted;
        if (f_rd) begin
            rvfi_rd_addr  <= waddr[4:0];
            rvfi_rd_wdata <= wdata;
        end
        if (f_end) begin
            rvfi_order     <= rvfi_order + 64'd1;
            rvfi_insn      <= instr_q;
            rvfi_trap      <= f_trapping;
            rvfi_intr      <= f_after_irq;
            rvfi_rs1_addr  <= f_uses1 ? instr_q[19:15] : 5'd0;
            rvfi_rs2_addr  <= f_uses2 ? instr_q[24:20] : 5'd0;
            rvfi_rs1_rdata <= f_uses1 ? (state_q[EXEC] ? acc_q : f_rs1) : 32'd0;
            rvfi_rs2_rdata <= f_uses2 ? (state_q[EXEC] ? reg_q : f_rs2) : 32'd0;
            rvfi_pc_rdata  <= f_pc;
            rvfi_pc_wdata  <= state_q[EXEC] | use_acc & ~state_q[MEM] ? {address, 2'b00} : {pc_q, 2'b00};
            rvfi_mem_addr  <= state_q[MEM] ? {acc_q[31:2], 2'b00} : 32'd0;
            rvfi_mem_rmask <= state_q[MEM] & is_load ? (is_word ? 4'b1111 : is_byte ? 4'b0001 << acc_q[1:0]
                                                      : {{2{acc_q[1]}}, {2{~acc_q[1]}}}) : 4'd0;
            rvfi_mem_wmask <= bus_wstrb_o;
            rvfi_mem_rdata <= bus_rdata_i;
            rvfi_mem_wdata <= bus_wdata_o;
            f_after_irq    <= 1'b0;
        end
        if (state_q[LEAP] & f_interrupted) f_after_irq <= 1'b1;
        if (rst_i) begin
            rvfi_order    <= 64'hffff_ffff_ffff_ffff;
            f_interrupted <= 1'b0;
            f_after_irq   <= 1'b0;
        end
    end
`endif
endmodule

`default_nettype wire
