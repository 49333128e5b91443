/* Model files: ONNX with QONNX Quant nodes.
 *
 * Written: standard ONNX operators plus `Quant` (domain qonnx.custom_op.general), float32
 * initializers, input [1, N] of raw physical values. A quantizer whose modes Quant cannot say is
 * written as standard nodes around it (docs/reference/model-file.md lists each form); the reader
 * recognises those forms again, whatever names and order the nodes have.
 * Read: the above, and files of others (both Quant domains: qonnx.custom_op.general and
 * finn.custom_op.general; Gemm or MatMul + Add; scalar or tensor scales that are powers of two). */
#ifndef SLUICE_MODEL_ONNX_H
#define SLUICE_MODEL_ONNX_H

#include "model/network.h"

/* Reads a model file; anything it does not support ends with one line that names the file, the
 * node and its operator. Caller frees with network_free(). */
struct network *onnx_read(const char *path);
/* Writes atomically; the same network gives the same bytes. */
void onnx_write(const char *path, const struct network *network);

#endif
