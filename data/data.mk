# Every number of a large file is looked at once.
EXTRA_CFLAGS_data_npy_rows := -O3
