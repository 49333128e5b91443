# Building the bench of the core, for the short and the long test: sourced after tests/e2e/lib.sh.
rv32i=$top/tests/rv32i

# The C model, and the bench around CORE.v in FOLDER; further arguments are flags of the C++ compiler. -DEXTENDED: with M and counters.
build_model() { cc -std=c11 -O2 -Wall -Wextra -Wconversion -Werror -c "$rv32i/model.c" -o model.o; }
build_bench() {
    local folder=$1 core=$2 parameters=; shift 2
    case " $* " in *" -DEXTENDED "*) parameters="-GMULDIV=1 -GCOUNTERS=1";; esac
    verilator -O3 --cc --exe --build -DRVFI -Wno-fatal -Wno-lint -Wno-style --x-initial unique --x-assign unique -CFLAGS "-O1 -I$rv32i $*" \
        --Mdir "$folder" --top-module rv32i $parameters "$core" "$rv32i/bench.cpp" "$PWD/model.o"
}
# Runs qemu-riscv32 over COUNT random instructions of SEED and compares every register after each.
compare_qemu() {
    ./qemu_check write program.elf "$1" "$2" && chmod +x program.elf && rm -f qemu.log &&
        (ulimit -f 400000; timeout 100 qemu-riscv32 -singlestep -d cpu,nochain -D qemu.log program.elf) &&
        ./qemu_check compare program.elf qemu.log $(($2 / 3))
}
