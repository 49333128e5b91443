/* @LAYER@: @OUTPUTS@ elements through a table of the activation's values. */
@LOOP_BEFORE@
for (int i = 0; i < @OUTPUTS@; i++) {
@LOOP_INSIDE@
    const @SUM_TYPE@ sum = @SUMS@[i];
    @STATEMENTS@
}
