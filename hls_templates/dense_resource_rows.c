/* @LAYER@: @REUSE@ cycles, @MULTIPLIERS@ multipliers */
@PIPELINE_BEFORE@
for (int t = 0; t < @REUSE@; t++) {
@PIPELINE_INSIDE@
@UNROLL_BEFORE@
    for (int j = 0; j < @LANES@; j++) {
@UNROLL_INSIDE@
        const int i = t * @LANES@ + j;
        @SUM_TYPE@ sum = @BIAS@;
@UNROLL_BEFORE@
        for (int k = 0; k < @STEP@; k++) {
@UNROLL_INSIDE@
            sum += @CAST@@WEIGHTS@[t][@WEIGHT@] * @X@;
        }
        @STATEMENTS@
    }
}
