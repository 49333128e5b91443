/* @LAYER@: @OUTPUTS@ sums of @INPUTS@ products on @MULTIPLIERS@ multipliers, @REUSE@ cycles: @GROUPS@ groups of @LANES@
 * sums one after the other, each in @PARTS@ parts of @STEP@ inputs. */
@REGISTERS_BEFORE@
@SUM_TYPE@ @SUMS@[@LANES@];
@REGISTERS_BEHIND@
@PIPELINE_BEFORE@
for (int t = 0; t < @REUSE@; t++) {
@PIPELINE_INSIDE@
    const int group = t / @PARTS@, part = t % @PARTS@;
@UNROLL_BEFORE@
    for (int j = 0; j < @LANES@; j++) {
@UNROLL_INSIDE@
        const int i = group * @LANES@ + j;
        @SUM_TYPE@ sum = part ? @SUMS@[j] : @BIAS@;
@UNROLL_BEFORE@
        for (int k = 0; k < @STEP@; k++) {
@UNROLL_INSIDE@
            sum += @CAST@@WEIGHTS@[t][j * @STEP@ + k] * @X@;
        }
        @SUMS@[j] = sum;
        if (part == @PARTS@ - 1) {
            @STATEMENTS@
        }
    }
}
