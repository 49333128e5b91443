/* @LAYER@: @OUTPUTS@ elements. */
@LOOP_BEFORE@
for (int i = 0; i < @OUTPUTS@; i++) {
@LOOP_INSIDE@
    @STATEMENTS@
}
