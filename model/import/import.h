/* Model files of every kind that Sluice reads, told apart by their content: ONNX, and ensembles of
 * trees as XGBoost (JSON and UBJ), LightGBM (text), CatBoost (JSON), TMVA (XML) and conifer (JSON)
 * write them. */
#ifndef SLUICE_MODEL_IMPORT_H
#define SLUICE_MODEL_IMPORT_H

#include "base/json.h"
#include "model/network.h"

/* X(ID, name, what is read of it): `sluice list models` prints it. */
#define MODEL_FILE_TABLE(X)                                                                        \
    X(ONNX, "ONNX",                                                                                \
      "networks with QONNX quantizers; trees of scikit-learn, LightGBM, CatBoost "                 \
      "and others as ai.onnx.ml TreeEnsemble nodes")                                               \
    X(XGBOOST, "XGBoost", "JSON and UBJ of versions 1.0 to 3.2, DART too; no categorical splits")  \
    X(LIGHTGBM, "LightGBM", "its text files, DART and forests too; no categorical splits")         \
    X(CATBOOST, "CatBoost", "its JSON; numerical features")                                        \
    X(TMVA, "TMVA", "BDT weight files (XML): AdaBoost, gradient, several classes, regression")     \
    X(CONIFER, "conifer", "its JSON")
#define X(id, name, text) MODEL_FILE_##id,
enum model_file_kind { MODEL_FILE_TABLE(X) MODEL_FILE_COUNT };
#undef X
extern const char *const model_file_names[MODEL_FILE_COUNT],
    *const model_file_texts[MODEL_FILE_COUNT];

/* Reads a model; what is not understood or not supported ends with one line that names the file,
 * and tree and node where there are such. Caller frees with network_free(). */
struct network *model_read(const char *path);

/* ---- one reader per kind, called by model_read() ---- */

struct model_file {
    const char *path;
    const char *text; /* its bytes, and a NUL behind them */
    size_t length;
};
struct network *import_xgboost(const struct model_file *file, const cJSON *json);
struct network *import_conifer(const struct model_file *file, const cJSON *json);
struct network *import_catboost(const struct model_file *file, const cJSON *json);
struct network *import_lightgbm(const struct model_file *file);
struct network *import_tmva(const struct model_file *file);

/* UBJSON (draft 12), with the typed and sized containers that XGBoost writes. ubj.c */
cJSON *ubj_parse(const struct model_file *file);

/* ---- shared by the readers (import.c) ---- */

/* The numbers of a list; what has other elements fails with `what`. Booleans are 0 and 1, null is
 * NaN. */
struct number_list {
    size_t count;
    double *values;
};
struct number_list import_numbers(struct arena *arena, const char *path, const cJSON *list,
                                  const char *what);
/* A network with an input and, behind it, a layer of trees; the builder's trees are taken over and
 * checked. Adds what the objective puts behind the sums: LAYER_SOFTMAX, LAYER_SIGMOID, or
 * LAYER_INPUT for nothing. */
struct network *import_finish(const struct model_file *file, struct network *network,
                              struct trees_builder *builder, struct trees settings, int features,
                              int outputs, enum layer_kind behind);

#endif
