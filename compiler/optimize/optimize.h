/* The optimisation passes: each reads a program and returns a new one that computes the same
 * outputs (docs/developer/passes.md says what each requires, keeps and gives). The caller checks
 * the result and frees the old program. */
#ifndef SLUICE_COMPILER_OPTIMIZE_H
#define SLUICE_COMPILER_OPTIMIZE_H

#include "compiler/program/program.h"
#include "compiler/target.h"

/* Rounding becomes an addition that the bias before it takes in, then truncation; a ReLU before an
 * unsigned saturating quantizer goes. */
struct program *optimize_round(const struct program *old, const struct target *target);
/* What intervals decide: constants, choices with one outcome, quantizers that change nothing. */
struct program *optimize_simplify(const struct program *old, const struct target *target);
/* Constant matrices become shift-adds: adder graphs of few bits (compiler/adders), as shallow as
 * their digits allow. */
struct program *optimize_adder_graph(const struct program *old, const struct target *target);
/* Equal operations on equal operands become one (value numbering). */
struct program *optimize_number(const struct program *old, const struct target *target);
/* Low bits of a sum that no later quantizer can see are cut off where they enter it. */
struct program *optimize_trim(const struct program *old, const struct target *target);
/* Constants of sums go where they cost nothing: into carries and bits that are always zero. Where
 * subtraction costs inverters, differences become sums with a complement that is made where its
 * argument is made. */
struct program *optimize_constants(const struct program *old, const struct target *target);
/* Sums and comparisons of few bits become tables, a LUT for each bit. */
struct program *optimize_tables(const struct program *old, const struct target *target);
/* Operations that no output depends on go; inputs stay, they are ports. */
struct program *optimize_dead(const struct program *old, const struct target *target);
/* For processors: results of a matrix at one fraction (not part of the pipeline for fabrics). */
struct program *optimize_lanes(const struct program *old, const struct target *target);

#endif
