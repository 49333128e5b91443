# The reference and its quantizer run over tables of events: let the compiler vectorise them. The
# flags change no value: no reassociation, and nothing here looks at floating-point traps or errno.
EXTRA_CFLAGS_model_reference := -O3 -fno-trapping-math -fno-math-errno
EXTRA_CFLAGS_model_format := -O3 -fno-trapping-math -fno-math-errno

# tests/tools/model_*.c: model files made and evaluated from the command line, for the checks in Python.
$(BUILD)/tools/model_%: tests/tools/model_%.c tests/unit/model/model_cases.h $(BUILD)/lib/libmodel.a $(BUILD)/lib/libdata.a $(BUILD)/lib/libbase.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -o $@ $< $(filter %.a,$^) $(call pkg_libs,model data base) -lm
