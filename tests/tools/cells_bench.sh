# For tests/e2e/gates_ecp5.sh and gates_gowin.sh: a design of memories and products, cells.v, and a bench of it beside its netlist.
# Memories, up to 256 words of each filled with a multiplicative hash (Yosys runs the loop slowly), no
# slot read while it is written; and products.
wires="" outputs="" bits=0
memory() { # STYLE WIDTH ADDRESS-BITS [ROM]
    local name=m${1}_$2_$3${4:-}
    cat >>cells.v <<EOT
module $name (input wire clk, input wire we, input wire [14:0] wa, input wire [14:0] ra, input wire [71:0] d,
              output wire [$2-1:0] q);
    (* no_rw_check, ram_style = "$1" *)
    reg [$2-1:0] ram [0:$((1 << $3))-1];
    integer i;
    initial for (i = 0; i < $((1 << $3)); i = i + $(($3 > 8 ? 1 << ($3 - 8) : 1))) ram[i] = ((i + 1) * 72'h9e3779b97f4a7c15f3) >> (72 - $2);
    $([ -n "${4:-}" ] || echo "always @(posedge clk) if (we && wa[$3-1:0] != ra[$3-1:0]) ram[wa[$3-1:0]] <= d[$2-1:0];")
    $(if [ "$1" = block ]; then echo "reg [$2-1:0] word = 0; always @(posedge clk) word <= ram[ra[$3-1:0]]; assign q = word;"
      else echo "assign q = ram[ra[$3-1:0]];"; fi)
endmodule
EOT
    wires="$wires    wire [$2-1:0] q_$name; $name u_$name (.clk(clk), .we(we), .wa(wa), .ra(ra), .d(d), .q(q_$name));"$'\n'
    outputs="q_$name${outputs:+, $outputs}" bits=$((bits + $2))
}
product() { # NAME BITS EXPRESSION
    wires="$wires    wire [$2-1:0] p_$1 = $3;"$'\n'
    outputs="p_$1, $outputs" bits=$((bits + $2))
}
# cells.v and bench.v of the memories and products named so far.
write_cells() {
cat >>cells.v <<EOT
module cells (input wire clk, input wire we, input wire [14:0] wa, input wire [14:0] ra, input wire [71:0] d,
              output wire [$bits-1:0] q);
$wires    assign q = {$outputs};
endmodule
EOT
cat >bench.v <<EOT
module bench;
    reg clk = 0, we = 0;
    reg [14:0] wa = 0, ra = 0;
    reg [71:0] d = 0;
    wire [$bits-1:0] rtl, gates;
    integer cycle, wrong = 0;
    cells u_rtl (.clk(clk), .we(we), .wa(wa), .ra(ra), .d(d), .q(rtl));
    cells_gates u_gates (.clk(clk), .we(we), .wa(wa), .ra(ra), .d(d), .q(gates));
    initial begin
        for (cycle = 0; cycle < 40000; cycle = cycle + 1) begin
            #1 if (rtl !== gates) begin
                if (wrong == 0) \$display("cycle %0d: %h", cycle, rtl ^ gates);
                wrong = wrong + 1;
            end
            clk = 1; #1 clk = 0;
            we = \$urandom_range(3) != 0;
            ra = \$urandom_range(1) ? wa : \$urandom;
            wa = \$urandom_range(1) ? wa ^ (1 << \$urandom_range(14)) : \$urandom;
            d = {\$urandom, \$urandom, \$urandom};
            if (cycle % 8 == 0) d[35:0] = {18'h20000, cycle[3] ? 18'h20000 : 18'h1ffff};
        end
        \$display("wrong %0d of %0d", wrong, cycle);
        \$finish;
    end
endmodule
EOT
}
simulate() { # NAME CELLS NETLIST
    sed 's/^module cells(/module cells_gates(/' "$3" >$1.v
    verilator --binary -O1 -CFLAGS -O0 -Wno-fatal -Wno-lint -Wno-style --top-module bench --Mdir $1 bench.v cells.v $1.v "$2" >$1.log 2>&1 || return 1
    { ./$1/Vbench >$1.out 2>&1; } 2>/dev/null
}
