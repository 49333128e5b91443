/* What gcc's -fstack-usage says of an object. */
#ifndef SLUICE_BASE_STACK_USAGE_H
#define SLUICE_BASE_STACK_USAGE_H

/* Bytes of the stack: the frames of all functions whose name begins with `name`, plus the largest
 * of another, for functions that call only such as call nobody. `file` is OBJECT.su. */
long stack_usage_read(const char *file, const char *name);

#endif
