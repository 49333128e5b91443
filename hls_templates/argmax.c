/* @LAYER@: the number of the largest of @INPUTS@ scores, the lowest number of equals. */
@REGISTERS_BEFORE@
const @SUM_TYPE@ @SCORES@[@INPUTS@] = {@VALUES@};
@REGISTERS_BEHIND@
int32_t @BEST@ = 0;
@SUM_TYPE@ @TOP@ = @SCORES@[0];
@LOOP_BEFORE@
for (int i = 1; i < @INPUTS@; i++) {
@LOOP_INSIDE@
    if (@TOP@ < @SCORES@[i]) {
        @TOP@ = @SCORES@[i];
        @BEST@ = i;
    }
}
