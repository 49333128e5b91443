// Keeps what happened lately: a ring of records, each the decision, the event's number and the answer, and the events themselves,
// until something freezes it: a trigger, some records after it, or a command. Only then what is read means something.
//
// A record is {accepted, classes 14 to 0 that pass, number of the event since play_i}, then the answer's words; place p begins at word address
// p * 2^n for the least n that holds it. Events lie likewise, rows of IN_LANES words. Nothing is written while it is frozen. arm_i makes it
// record, from no record on (ARM_CYCLES later: what is under way before that was partly not written); freeze_i freezes at once.
// taken_o counts records since then, at most so many as no later event has touched a part of when it freezes: RECORDS less those that
// can be under way (UNDERWAY). next_o is the place after the latest of them.
//
// take_i, row_i: rows of events, before they are given (rtl/event_player.v). word_take_i, word_i: rows of answers (rtl/answer_checker.v). soon_i
// comes a cycle before due_i, and accept_i and passes_i with it; mismatch_i and late_i with due_i. Every answer that is due makes a record.
// Words of 32 bits: OUT_LANES and IN_LANES a row, powers of two. RECORDS a power of two above UNDERWAY. With one lane and a spare cycle
// between answers all of a record shares a memory; else its first word has its own.
`default_nettype none

module spy_memory #(
    parameter RECORDS     = 64,
    parameter CLASSES     = 5,
    parameter OUT_LANES   = 1,
    parameter ANSWER_ROWS = 1,
    parameter IN_LANES    = 1,
    parameter EVENT_ROWS  = 1,
    parameter INPUTS      = 1,  // whether events are kept
    parameter INTERVAL_CYCLES = 1,
    parameter UNDERWAY    = 16,
    parameter ARM_CYCLES  = 32
) (
    input  wire                     clk_i,
    input  wire                     rst_i,
    input  wire                     play_i,
    input  wire                     arm_i,
    input  wire                     freeze_i,
    input  wire                     put_trigger_i,
    input  wire                     put_after_i,
    input  wire [31:0]              wdata_i,
    input  wire [EVENT_ROWS-1:0]    take_i,
    input  wire [32*IN_LANES-1:0]   row_i,
    input  wire [ANSWER_ROWS-1:0]   word_take_i,
    input  wire [32*OUT_LANES-1:0]  word_i,
    input  wire                     soon_i,
    input  wire                     accept_i,
    input  wire [CLASSES-1:0]       passes_i,
    input  wire                     due_i,
    input  wire                     mismatch_i,
    input  wire                     late_i,
    output wire                     armed_o,
    output wire                     frozen_o,
    output wire [15:0]              next_o,
    output wire [15:0]              taken_o,
    input  wire [21:0]              address_i,  // what the host reads, in both memories; two cycles later
    output wire [31:0]              record_o,
    output wire [31:0]              event_o
);
    localparam PLACE_BITS = $clog2(RECORDS);
    localparam COMBINED   = OUT_LANES == 1 && INTERVAL_CYCLES > ANSWER_ROWS;
    localparam WORD_BITS  = $clog2(1 + OUT_LANES * ANSWER_ROWS);  // of a place within a record
    localparam ARM_BITS   = $clog2(ARM_CYCLES + 1) + 1;
    localparam [31:0] MOST = RECORDS - UNDERWAY, ARM = ARM_CYCLES;

    // ---- state: when to freeze
    reg  [2:0]            trigger_q = 3'b000;
    reg  [PLACE_BITS:0]   after_q   = {PLACE_BITS + 1{1'b1}};  // less one; its sign ends
    reg                   recorded_q, full_q, armed_q, frozen_q, triggered_q, accept_q;
    reg  [ARM_BITS-1:0]   arm_left_q;
    reg  [PLACE_BITS:0]   left_q, taken_q;
    reg  [PLACE_BITS-1:0] place_q;
    wire [PLACE_BITS-1:0] next;
    wire                  recording = armed_q & arm_left_q[ARM_BITS-1];
    wire                  records   = recording & due_i;
    wire                  hits      = (trigger_q[0] & due_i & accept_q) | (trigger_q[1] & mismatch_i) | (trigger_q[2] & late_i);
    wire                  counts    = recording & (hits | (triggered_q & due_i));
    wire                  ends      = counts & left_q[PLACE_BITS];
    wire                  steps     = counts & ~arm_i;

    assign armed_o     = armed_q;
    assign frozen_o    = frozen_q;
    assign next_o      = {{16 - PLACE_BITS{1'b0}}, next};
    assign taken_o     = {{15 - PLACE_BITS{1'b0}}, taken_q};

    always @(posedge clk_i) if (put_trigger_i) trigger_q <= wdata_i[2:0];
    always @(posedge clk_i)
        if (put_after_i) after_q <= |wdata_i[15:PLACE_BITS] ? {1'b0, {PLACE_BITS-1{1'b1}}, 1'b0} : {1'b0, wdata_i[PLACE_BITS-1:0]} - 1'b1;
    always @(posedge clk_i)
        if (rst_i) begin
            armed_q  <= 1'b0;
            frozen_q <= 1'b0;
        end else begin
            armed_q  <= arm_i | (armed_q & ~ends & ~freeze_i);
            frozen_q <= ~arm_i & (frozen_q | ends | freeze_i);
        end
    always @(posedge clk_i)
        if (arm_i)                        arm_left_q <= ARM[ARM_BITS-1:0];
        else if (!arm_left_q[ARM_BITS-1]) arm_left_q <= arm_left_q - 1'b1;
    always @(posedge clk_i) triggered_q <= ~arm_i & (triggered_q | counts);
    always @(posedge clk_i)
        if (arm_i | counts) left_q <= steps ? left_q + {PLACE_BITS + 1{steps}} : after_q;
    always @(posedge clk_i)
        if (arm_i)                      taken_q <= {PLACE_BITS + 1{1'b0}};
        else if (recorded_q && !full_q) taken_q <= taken_q + 1'b1;
    always @(posedge clk_i) full_q <= ~arm_i & (full_q | (recorded_q && taken_q == MOST[PLACE_BITS:0] - 1'b1));
    always @(posedge clk_i) recorded_q <= records & ~arm_i;  // counted a cycle later: the count is read long after
    sum_register #(.WIDTH(PLACE_BITS), .ADDEND({{PLACE_BITS-1{1'b0}}, 1'b1})) nexts (
        .clk_i(clk_i), .put_i(records), .take_initial_i(1'b0), .data_i(place_q), .turned_o(next)
    );

    // ---- a record's first word, from due_i on until the next; places go round for ever, so that all parts of a record agree
    reg  [15:0]           number_q;
    reg  [CLASSES-1:0]    passes_q;
    reg  [PLACE_BITS-1:0] word_place_q;
    wire [31:0]           first;
    wire [14:0]           passes;

    always @(posedge clk_i)
        if (play_i)      number_q <= 16'hffff;
        else if (soon_i) number_q <= number_q + 16'd1;
    always @(posedge clk_i)
        if (rst_i)       place_q <= {PLACE_BITS{1'b1}};
        else if (soon_i) place_q <= place_q + 1'b1;
    always @(posedge clk_i)
        if (rst_i)                           word_place_q <= {PLACE_BITS{1'b0}};
        else if (word_take_i[ANSWER_ROWS-1]) word_place_q <= word_place_q + 1'b1;
    always @(posedge clk_i) if (soon_i) {accept_q, passes_q} <= {accept_i, passes_i};

    assign first = {accept_q, passes, number_q};
    generate
        if (CLASSES < 15) begin : g_few
            assign passes = {{15 - CLASSES{1'b0}}, passes_q};
        end else begin : g_many
            wire unused_pass = &{1'b0, passes_q};
            assign passes = passes_q[14:0];
        end
    endgenerate

    // ---- which row of an answer or event is taken
    function integer bits_of(input integer count);
        bits_of = count > 1 ? $clog2(count) : 1;
    endfunction
    localparam OUT_ROW_BITS = bits_of(ANSWER_ROWS), IN_ROW_BITS = bits_of(EVENT_ROWS);
    reg [OUT_ROW_BITS-1:0] out_row;
    reg [IN_ROW_BITS-1:0]  in_row;
    integer r;
    always @(*) begin
        out_row = {OUT_ROW_BITS{1'b0}};
        in_row  = {IN_ROW_BITS{1'b0}};
        for (r = 0; r < ANSWER_ROWS; r = r + 1) if (word_take_i[r]) out_row = out_row | r[OUT_ROW_BITS-1:0];
        for (r = 0; r < EVENT_ROWS; r = r + 1) if (take_i[r]) in_row = in_row | r[IN_ROW_BITS-1:0];
    end
    wire put_word = (|word_take_i) & ~frozen_q;

    // ---- answers
    wire        unused = &{1'b0, address_i, wdata_i, out_row, in_row, row_i, take_i};
    generate
        if (COMBINED) begin : g_combined
            localparam ROW_BITS = PLACE_BITS + WORD_BITS;
            (* ram_style = "block" *) reg [31:0] rows[0:(1<<ROW_BITS)-1];
            reg                  pending_q;  // a first word waits for a cycle without another
            wire                 put_first = (records | pending_q) & ~put_word;
            wire [WORD_BITS-1:0] word_row  = {{WORD_BITS - OUT_ROW_BITS{1'b0}}, out_row} + 1'b1;
            always @(posedge clk_i) pending_q <= ~rst_i & (records | pending_q) & put_word;
            wire                 put       = put_word | put_first;
            wire [ROW_BITS-1:0]  put_row   = put_word ? {word_place_q, word_row} : {place_q, {WORD_BITS{1'b0}}};
            // What is read while it is written is never looked at: saying so saves a bypass in synthesis. So below.
            wire                 meets     = put && put_row == address_i[ROW_BITS-1:0];
            always @(posedge clk_i) if (put) rows[put_row] <= put_word ? word_i : first;
            reg [31:0] record_q;
            assign record_o = record_q;
            always @(posedge clk_i) record_q <= meets ? 32'bx : rows[address_i[ROW_BITS-1:0]];
        end else begin : g_apart
            localparam LANE_BITS = $clog2(OUT_LANES), SUB_BITS = ANSWER_ROWS > 1 ? OUT_ROW_BITS : 0;
            localparam ROW_BITS  = PLACE_BITS + SUB_BITS;
            (* ram_style = "block" *) reg [31:0]             firsts[0:RECORDS-1];
            (* ram_style = "block" *) reg [32*OUT_LANES-1:0] rows[0:(1<<ROW_BITS)-1];
            reg  [31:0]             first_q;
            reg  [32*OUT_LANES-1:0] row_q;
            wire [PLACE_BITS-1:0]   host_place = address_i[WORD_BITS +: PLACE_BITS];
            wire [WORD_BITS:0]      word       = {1'b0, address_i[WORD_BITS-1:0]} - 1'b1;  // below 0: the first
            wire [ROW_BITS-1:0]     put_row, host_row;
            wire [31:0]             host_word;
            wire                    unused_word = &{1'b0, word};

            if (ANSWER_ROWS > 1) begin : g_rows
                assign put_row  = {word_place_q, out_row};
                assign host_row = {host_place, word[LANE_BITS +: OUT_ROW_BITS]};
            end else begin : g_row
                assign put_row  = word_place_q;
                assign host_row = host_place;
            end
            if (OUT_LANES > 1) begin : g_lanes
                assign host_word = row_q[32 * word[LANE_BITS-1:0] +: 32];
            end else begin : g_lane
                assign host_word = row_q;
            end
            always @(posedge clk_i) if (records) firsts[place_q] <= first;
            always @(posedge clk_i) if (put_word) rows[put_row] <= word_i;
            always @(posedge clk_i) first_q <= records && place_q == host_place ? 32'bx : firsts[host_place];
            always @(posedge clk_i) row_q <= put_word && put_row == host_row ? {32*OUT_LANES{1'bx}} : rows[host_row];
            assign record_o = word[WORD_BITS] ? first_q : host_word;
        end
    endgenerate

    // ---- events
    generate
        if (INPUTS != 0) begin : g_inputs
            localparam LANE_BITS = $clog2(IN_LANES), SUB_BITS = EVENT_ROWS > 1 ? IN_ROW_BITS : 0;
            localparam ROW_BITS  = PLACE_BITS + SUB_BITS;
            (* ram_style = "block" *) reg [32*IN_LANES-1:0] rows[0:(1<<ROW_BITS)-1];
            reg  [32*IN_LANES-1:0] row_q;
            reg  [PLACE_BITS-1:0]  in_place_q;
            wire [ROW_BITS-1:0]    put_row, host_row = address_i[LANE_BITS +: ROW_BITS];
            wire                   put = (|take_i) & ~frozen_q;
            always @(posedge clk_i)
                if (rst_i)                     in_place_q <= {PLACE_BITS{1'b0}};
                else if (take_i[EVENT_ROWS-1]) in_place_q <= in_place_q + 1'b1;
            if (EVENT_ROWS > 1) begin : g_rows
                assign put_row = {in_place_q, in_row};
            end else begin : g_row
                assign put_row = in_place_q;
            end
            always @(posedge clk_i) if (put) rows[put_row] <= row_i;
            always @(posedge clk_i) row_q <= put && put_row == host_row ? {32*IN_LANES{1'bx}} : rows[host_row];
            if (IN_LANES > 1) begin : g_lanes
                assign event_o = row_q[32 * address_i[LANE_BITS-1:0] +: 32];
            end else begin : g_lane
                assign event_o = row_q;
            end
        end else begin : g_no_inputs
            assign event_o = 32'd0;
        end
    endgenerate

endmodule

`default_nettype wire
