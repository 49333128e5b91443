// Flow control around a network of fixed latency: valid/ready (AXI-Stream's rules) on both sides, whatever the sink does.
//
// Credits: an event is accepted only when a place for its result is free, so that the network, which cannot wait, never
// has to. Of FIFO_DEPTH credits one is taken by each accepted event and given back when the sink takes its result:
//   credits left + events in the network + results in the memory + result at the output = FIFO_DEPTH.
// A result is at the output LATENCY_CYCLES + 2 cycles after its event was accepted, and its credit is back one cycle
// later. Hence FIFO_DEPTH = ceil((LATENCY_CYCLES + 3 + STALL_CYCLES) / INTERVAL_CYCLES): a sink that stalls for at most
// STALL_CYCLES in all while events come as fast as they may never makes the source wait. A longer stall makes it wait and
// loses nothing.
//
// The event's data go straight to the network: start_o is its valid_i. s_ready_o depends on registers and rst_i alone,
// m_valid_o and m_data_o are registers: no path from one side to the other within a cycle.
// Ranges: OUT_BITS, LATENCY_CYCLES, INTERVAL_CYCLES from 1; STALL_CYCLES from 0; all below 2^16.
// Reset (the network's too, in the same cycles) drops whatever is under way; the memory has none.
`default_nettype none

module axis_shell #(
    parameter OUT_BITS        = 8,
    parameter LATENCY_CYCLES  = 1,
    parameter INTERVAL_CYCLES = 1,
    parameter STALL_CYCLES    = 0
) (
    input  wire                clk_i,
    input  wire                rst_i,
    input  wire                s_valid_i,
    output wire                s_ready_o,
    output wire                start_o,
    input  wire                result_valid_i,
    input  wire [OUT_BITS-1:0] result_data_i,
    output wire                m_valid_o,
    input  wire                m_ready_i,
    output wire [OUT_BITS-1:0] m_data_o
);
    // Bits of a counter from values - 2 down to -1, whose sign says that nothing is left: one level of logic.
    function integer counter_bits(input integer values);
        integer bits;
        begin
            bits = 1;
            while ((1 << (bits - 1)) < values - 1) bits = bits + 1;
            counter_bits = bits;
        end
    endfunction

    function integer address_bits(input integer words);
        integer bits;
        begin
            bits = 1;
            while ((1 << bits) < words) bits = bits + 1;
            address_bits = bits;
        end
    endfunction

    localparam        FIFO_DEPTH   = (LATENCY_CYCLES + 2 + STALL_CYCLES + INTERVAL_CYCLES) / INTERVAL_CYCLES;
    localparam        ADDRESS_BITS = address_bits(FIFO_DEPTH);
    localparam        CREDIT_BITS  = counter_bits(FIFO_DEPTH + 1);
    localparam [31:0] ALL_CREDITS  = FIFO_DEPTH - 1;

    // ---- accept: a credit is there and the interval is over
    wire rested;  // INTERVAL_CYCLES since the last event
    wire give;    // the sink takes a result

    reg [CREDIT_BITS-1:0] credits_q;  // credits left - 1

    assign s_ready_o = ~credits_q[CREDIT_BITS-1] & rested & ~rst_i;
    assign start_o   = s_valid_i & s_ready_o;
    assign give      = m_valid_o & m_ready_i;

    always @(posedge clk_i)
        if (rst_i)
            credits_q <= ALL_CREDITS[CREDIT_BITS-1:0];
        else if (start_o != give)
            credits_q <= start_o ? credits_q - 1'b1 : credits_q + 1'b1;

    generate
        if (INTERVAL_CYCLES > 1) begin : pace
            localparam        BITS  = counter_bits(INTERVAL_CYCLES);
            localparam [31:0] AGAIN = INTERVAL_CYCLES - 2;
            reg [BITS-1:0] wait_q;  // cycles until the next event may start - 1
            assign rested = wait_q[BITS-1];
            always @(posedge clk_i)
                if (rst_i)
                    wait_q <= {BITS{1'b1}};
                else if (start_o)
                    wait_q <= AGAIN[BITS-1:0];
                else if (!rested)
                    wait_q <= wait_q - 1'b1;
        end else begin : no_pace
            assign rested = 1'b1;
        end
    endgenerate

    // ---- keep: a memory whose output register is the port; the pointers' top bits tell full from empty
    reg [OUT_BITS-1:0]   memory[0:(1<<ADDRESS_BITS)-1];
    reg [ADDRESS_BITS:0] write_q, read_q;
    reg [OUT_BITS-1:0]   data_q;
    reg                  valid_q;

    wire stored = write_q != read_q;
    wire fetch  = stored & (~valid_q | m_ready_i);

    assign m_valid_o = valid_q;
    assign m_data_o  = data_q;

    always @(posedge clk_i) if (result_valid_i) memory[write_q[ADDRESS_BITS-1:0]] <= result_data_i;
    // Never read and written in the same cycle at one address (promise 3): saying so saves a bypass in synthesis.
    wire meet = result_valid_i & (write_q[ADDRESS_BITS-1:0] == read_q[ADDRESS_BITS-1:0]);
    always @(posedge clk_i) if (fetch) data_q <= meet ? {OUT_BITS{1'bx}} : memory[read_q[ADDRESS_BITS-1:0]];
    always @(posedge clk_i)
        if (rst_i) begin
            write_q <= {ADDRESS_BITS+1{1'b0}};
            read_q  <= {ADDRESS_BITS+1{1'b0}};
            valid_q <= 1'b0;
        end else begin
            if (result_valid_i) write_q <= write_q + 1'b1;
            if (fetch)          read_q  <= read_q + 1'b1;
            valid_q <= fetch | (valid_q & ~m_ready_i);
        end

`ifdef FORMAL
    // Proved by tests/e2e/axis.sh for several latencies and intervals. The network is a row of valid bits, and the result
    // of the n-th event is n: whatever is lost, doubled or out of order shows as a wrong number.
    localparam DRAIN = LATENCY_CYCLES + FIFO_DEPTH + 1;  // cycles in which a sink that takes empties everything

    reg                      f_started = 1'b0, f_ready_always, f_held;
    reg [LATENCY_CYCLES+1:0] f_row;  // f_row[k]: an event was accepted k + 1 cycles ago
    reg [OUT_BITS-1:0]       f_arrived, f_taken, f_held_data;
    reg [7:0]                f_quiet;  // cycles without a new event and with a sink that takes, at most DRAIN

    wire [ADDRESS_BITS:0] f_stored  = write_q - read_q;
    wire [31:0]           f_words   = {{31-ADDRESS_BITS{1'b0}}, f_stored};
    wire [31:0]           f_credits = {{32-CREDIT_BITS{credits_q[CREDIT_BITS-1]}}, credits_q} + 32'd1;
    wire [OUT_BITS-1:0]   f_next    = f_taken + {{OUT_BITS-1{1'b0}}, valid_q};  // number of the first stored result
    integer               f_count, i;

    always @(*) begin
        f_count = 0;
        for (i = 0; i < LATENCY_CYCLES; i = i + 1) f_count = f_count + {31'd0, f_row[i]};
    end

    always @(posedge clk_i) begin
        f_started   <= 1'b1;
        f_held      <= m_valid_o & ~m_ready_i & ~rst_i;
        f_held_data <= m_data_o;
        if (rst_i) begin
            f_row          <= {LATENCY_CYCLES+2{1'b0}};
            f_arrived      <= {OUT_BITS{1'b0}};
            f_taken        <= {OUT_BITS{1'b0}};
            f_ready_always <= 1'b1;
            f_quiet        <= 8'd0;
        end else begin
            f_row <= {f_row[LATENCY_CYCLES:0], start_o};
            if (result_valid_i) f_arrived <= f_arrived + 1'b1;
            if (give)           f_taken   <= f_taken + 1'b1;
            f_ready_always <= f_ready_always & m_ready_i;
            f_quiet        <= start_o | ~m_ready_i ? 8'd0 : f_quiet == DRAIN ? f_quiet : f_quiet + 8'd1;
        end
    end

    always @(*) begin
        assume (f_started | rst_i);
        assume (result_valid_i == f_row[LATENCY_CYCLES-1]);
        assume (result_data_i == f_arrived);
    end

    genvar g, h;
    generate
        for (g = 0; g < LATENCY_CYCLES + 2; g = g + 1) begin : f_distance
            for (h = g + 1; h < LATENCY_CYCLES + 2 && h < g + INTERVAL_CYCLES; h = h + 1) begin : f_near
                always @(*) if (f_started) assert (!(f_row[g] && f_row[h]));  // 5
            end
        end
    endgenerate

    always @(*) if (f_started) begin
        // 1. What is offered stays until it is taken.
        assert (!f_held || rst_i || m_valid_o);
        assert (!f_held || rst_i || m_data_o == f_held_data);
        // 2. The results leave in order, each once.
        assert (!m_valid_o || m_data_o == f_taken);
        // 3. An arriving result finds a free word.
        assert (!result_valid_i || f_words < FIFO_DEPTH);
        // 4. Every credit is somewhere.
        assert (f_credits <= FIFO_DEPTH && f_words <= FIFO_DEPTH);
        assert (f_credits + f_count + {31'd0, m_valid_o} + f_words == FIFO_DEPTH);
        // 5. Events keep their distance (above).
        // 6. A sink that never stalled never made the source wait.
        assert (rst_i || !f_ready_always || s_ready_o == rested);
        // 7. A reset accepts nothing.
        assert (!rst_i || !start_o);
        // 8. Nothing stays behind.
        assert (f_quiet != DRAIN || f_credits == FIFO_DEPTH);

        // What is always true, for the induction: numbers, content of the memory, and how both rows drain.
        assert (f_arrived == f_next + f_words[OUT_BITS-1:0]);
        for (i = 0; i < FIFO_DEPTH; i = i + 1)
            assert (i >= f_words || memory[(read_q + i) & ((1 << ADDRESS_BITS) - 1)] == f_next + i[OUT_BITS-1:0]);
        assert (f_quiet <= DRAIN);
        for (i = 0; i < LATENCY_CYCLES; i = i + 1)
            assert (i >= f_quiet || !f_row[i]);
        assert (f_quiet < LATENCY_CYCLES || f_quiet + (stored ? f_words + 32'd1 : {31'd0, m_valid_o}) <= DRAIN);
        assert (!f_ready_always || (f_words == {31'd0, f_row[LATENCY_CYCLES]} && m_valid_o == f_row[LATENCY_CYCLES+1]));
    end
`endif
endmodule

`default_nettype wire
