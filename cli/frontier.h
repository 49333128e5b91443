/* The frontier that `sluice train` ends with: model files, frontier.json, the table, the picture,
 * and picking a point of it. */
#ifndef SLUICE_CLI_FRONTIER_H
#define SLUICE_CLI_FRONTIER_H

#include "cli/cli.h"
#include "trainer/train.h"

/* Writes FOLDER/frontier/NN.onnx, one for each point, FOLDER/frontier.json and
 * FOLDER/plots/frontier.svg; removes those of an earlier training. */
void frontier_write(struct cli *cli, const struct train_result *result, int picked);
/* The table of FOLDER/frontier.json, on stdout unless quiet or as JSON. */
void frontier_print(struct cli *cli);

/* A column of a table on stdout: the number, "-" if it is not finite, behind a space. */
void frontier_print_number(double value, const char *format, int width);

/* The point that an expression asks for, such as "lut4<5000" or "accuracy>0.66,cells<3000": the
 * most accurate one that meets it or, when it bounds accuracy, auc or loss, the cheapest. Ends with
 * one line when the expression is wrong or no point meets it. points: of frontier.json. */
int frontier_pick(const cJSON *points, const char *expression);

#endif
