/* @LAYER@: @OUTPUTS@ sums of @INPUTS@ products, all at once. */
@UNROLL_BEFORE@
for (int i = 0; i < @OUTPUTS@; i++) {
@UNROLL_INSIDE@
    @SUM_TYPE@ sum = @BIAS@;
@UNROLL_BEFORE@
    for (int k = 0; k < @INPUTS@; k++) {
@UNROLL_INSIDE@
        sum += @CAST@@WEIGHTS@[i][k] * @X@;
    }
    @STATEMENTS@
}
