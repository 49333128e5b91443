/* @LAYER@: @REUSE@ cycles, @MULTIPLIERS@ multipliers */
@REGISTERS_BEFORE@
@SUM_TYPE@ @SUMS@[@LANES@];
@REGISTERS_BEHIND@
@PIPELINE_BEFORE@
for (int t = 0, group = 0, part = 0; t < @REUSE@; t++) {
@PIPELINE_INSIDE@
@UNROLL_BEFORE@
    for (int j = 0; j < @LANES@; j++) {
@UNROLL_INSIDE@
        const int i = group * @LANES@ + j;
        @SUM_TYPE@ sum = part ? @SUMS@[j] : @BIAS@;
@UNROLL_BEFORE@
        for (int k = 0; k < @STEP@; k++) {
@UNROLL_INSIDE@
            sum += @CAST@@WEIGHTS@[t][@WEIGHT@] * @X@;
        }
        @SUMS@[j] = sum;
        if (part == @LAST_PART@) {
            @STATEMENTS@
        }
    }
    if (++part == @PARTS@) part = 0, group++;
}
