# The reference and its quantizer run over tables of events: let the compiler vectorise them. The
# flags change no value: no reassociation, and nothing here looks at floating-point traps or errno.
EXTRA_CFLAGS_model_reference := -O3 -fno-trapping-math -fno-math-errno
EXTRA_CFLAGS_model_format := -O3 -fno-trapping-math -fno-math-errno

# tests/tools/model_eval.c: model files evaluated from the command line, for the checks in Python.
$(BUILD)/tools/model_eval: tests/tools/model_eval.c $(BUILD)/lib/libmodel.a $(BUILD)/lib/libdata.a $(BUILD)/lib/libbase.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -o $@ $^ $(call pkg_libs,model data base) -lm
