"""Makes the ensembles of trees of tests/models/trees: what other libraries write, with their own margins.

    make_tree_models.py FOLDER LIBRARY [LARGE]

LIBRARY is xgboost, lightgbm, catboost, sklearn, conifer or tmva; models are named after it and, for xgboost, its
version (run once in a virtual environment per version). FOLDER/NAME.EXTENSION is the model, FOLDER/NAME.y.npy what
the library predicts (raw margins, in double precision) for the events of FOLDER/x.npy, of FOLDER/x_missing.npy where
the name ends in _missing, or of FOLDER/x_missing0.npy (no NaN, zeros instead) where it ends in _zero. LARGE (a number
of trees) makes a few large models instead of many small ones.

TMVA has no package: its files are written here from scikit-learn's trees, and the margins computed by the formulas of
its documentation. tests/unit/model/test_import.c reads the small models, tests/long/trees.sh large ones.
"""
import json
import pathlib
import sys
import warnings

import numpy as np

warnings.filterwarnings("ignore")
FOLDER, LIBRARY = pathlib.Path(sys.argv[1]), sys.argv[2]
LARGE = int(sys.argv[3]) if len(sys.argv) > 3 else 0
EVENTS, FEATURES, SHOWN = (20000, 5, 2000) if LARGE else (1500, 5, 60)
DEPTH = 6 if LARGE else 2


def trees(small):
    return LARGE or small


def data():
    random = np.random.RandomState(7)
    x = random.normal(size=(EVENTS, FEATURES))
    x[:, 2] = np.round(x[:, 2] * 2) / 2  # ties on thresholds
    x[:, 3] = x[:, 3] * 37 + 250
    x[:, 4] *= random.rand(EVENTS) < 0.5  # half of them zero
    x = x.astype(np.float32).astype(np.float64)
    classes = (x[:, 0] + x[:, 1] * x[:, 2] > 0.5).astype(int) + (x[:, 3] > 255)
    target = 3 * x[:, 0] + x[:, 1] ** 2 + x[:, 4] + random.normal(size=EVENTS)
    missing = x.copy()
    missing[random.rand(EVENTS, FEATURES) < 0.1] = np.nan
    return x, missing, classes, target


X, MISSING, CLASSES, TARGET = data()
BINARY = (CLASSES > 0).astype(int)
FOLDER.mkdir(parents=True, exist_ok=True)
np.save(FOLDER / "x.npy", X[:SHOWN])
np.save(FOLDER / "x_missing.npy", MISSING[:SHOWN])
np.save(FOLDER / "x_missing0.npy", np.nan_to_num(MISSING[:SHOWN]))


def events(name):
    return MISSING if name.endswith("_missing") else np.nan_to_num(MISSING) if name.endswith("_zero") else X


def margins(name, y):
    np.save(FOLDER / f"{name}.y.npy", np.asarray(y, dtype=np.float64).reshape(SHOWN, -1))


def xgboost():
    import xgboost as xgb
    version = tuple(int(n) for n in xgb.__version__.split(".")[:2])
    prefix = "xgboost_" + "_".join(str(n) for n in version) + "_"
    both = np.stack([TARGET, TARGET * 0.5 + X[:, 3] / 100], 1)

    def train(name, label, rounds, extension="json", **parameters):
        name = prefix + name
        x = events(name)
        common = {"nthread": 1, "verbosity": 0, "seed": 1, "max_depth": DEPTH}
        booster = xgb.train({**common, **parameters}, xgb.DMatrix(x, label), rounds)
        booster.save_model(str(FOLDER / f"{name}.{extension}"))
        margins(name, booster.predict(xgb.DMatrix(x[:SHOWN]), output_margin=True))

    new = "ubj" if version >= (1, 6) else "json"
    train("multi_missing", CLASSES, trees(3), new, objective="multi:softprob", num_class=3)
    train("binary", BINARY, trees(5), objective="binary:logistic", base_score=0.3)
    train("dart", BINARY, trees(6), objective="binary:logistic", booster="dart", rate_drop=0.4, base_score=0.4)
    train("regression_missing", TARGET, trees(4), new, objective="reg:squarederror", base_score=7.3)
    train("forest", BINARY, 2, objective="binary:logistic", num_parallel_tree=trees(4), subsample=0.6)
    if version >= (2, 0):
        train("vector", both, trees(3), new, objective="reg:squarederror", multi_strategy="multi_output_tree",
              tree_method="hist")


def lightgbm():
    import lightgbm as lgb

    def train(name, label, rounds, average=False, **parameters):
        name = "lightgbm_" + name
        x = events(name)
        common = {"verbose": -1, "num_threads": 1, "seed": 1, "num_leaves": 2**DEPTH, "min_data_in_leaf": 5}
        booster = lgb.train({**common, **parameters}, lgb.Dataset(x, label), rounds)
        booster.save_model(str(FOLDER / f"{name}.txt"))
        y = booster.predict(x[:SHOWN], raw_score=True)
        margins(name, y / rounds if average else y)  # raw_score leaves out the division that predictions have

    train("binary", BINARY, trees(5), objective="binary")
    train("multi_missing", CLASSES, trees(3), objective="multiclass", num_class=3)
    train("ova_missing", CLASSES, trees(3), objective="multiclassova", num_class=3)
    train("regression_zero", TARGET, trees(5), objective="regression", zero_as_missing=True)
    train("nomissing_zero", TARGET, trees(4), objective="regression", use_missing=False)
    train("dart", BINARY, trees(6), objective="binary", boosting="dart")
    train("quantile", TARGET, trees(4), objective="quantile", alpha=0.9)
    train("forest", BINARY, trees(4), average=True, objective="binary", boosting="rf", bagging_freq=1,
          bagging_fraction=0.6, feature_fraction=0.7)


def catboost():
    import catboost as cb
    common = {"verbose": 0, "thread_count": 1, "allow_writing_files": False, "depth": DEPTH, "random_seed": 1}

    def train(name, model, label, onnx=False):
        name = "catboost_" + name
        x = events(name)
        model.fit(x, label)
        model.save_model(str(FOLDER / f"{name}.json"), format="json")
        y = model.predict(x[:SHOWN], prediction_type="RawFormulaVal")
        margins(name, y)
        if onnx:
            model.save_model(str(FOLDER / f"{name}_onnx.onnx"), format="onnx")
            margins(f"{name}_onnx", y)

    train("binary", cb.CatBoostClassifier(iterations=trees(4), **common), BINARY, onnx=True)
    train("multi", cb.CatBoostClassifier(iterations=trees(3), loss_function="MultiClass", **common), CLASSES, onnx=True)
    train("regression_missing", cb.CatBoostRegressor(iterations=trees(4), **common), TARGET)
    train("max_missing", cb.CatBoostRegressor(iterations=trees(4), nan_mode="Max", **common), TARGET)
    leafwise = cb.CatBoostRegressor(iterations=trees(4), grow_policy="Lossguide", max_leaves=5, **common)
    train("leafwise_missing", leafwise, TARGET)


def sklearn():
    import skl2onnx
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn import ensemble, tree

    def train(name, model, label, predict):
        name = "sklearn_" + name
        model.fit(X, label)
        options = {id(model): {"zipmap": False}} if hasattr(model, "classes_") else None
        onnx = skl2onnx.convert_sklearn(model, initial_types=[("x", FloatTensorType([None, FEATURES]))],
                                        options=options, target_opset={"": 15, "ai.onnx.ml": 3})
        (FOLDER / f"{name}.onnx").write_bytes(onnx.SerializeToString())
        margins(name, predict(model)(X[:SHOWN]))

    depth = {"max_depth": DEPTH, "random_state": 1}
    several = {"n_estimators": trees(4), "n_jobs": 1, **depth}
    train("forest", ensemble.RandomForestClassifier(**several), CLASSES, lambda m: m.predict_proba)
    train("forest_regression", ensemble.RandomForestRegressor(**several), TARGET, lambda m: m.predict)
    train("extra", ensemble.ExtraTreesClassifier(**several), CLASSES, lambda m: m.predict_proba)
    boost = {"n_estimators": trees(4), **depth}
    train("boosting", ensemble.GradientBoostingClassifier(**boost), CLASSES, lambda m: m.decision_function)
    train("boosting_binary", ensemble.GradientBoostingClassifier(**boost), BINARY, lambda m: m.decision_function)
    train("boosting_regression", ensemble.GradientBoostingRegressor(**boost), TARGET, lambda m: m.predict)
    train("tree", tree.DecisionTreeClassifier(**depth), CLASSES, lambda m: m.predict_proba)


def conifer():
    import conifer as cf
    from sklearn.ensemble import GradientBoostingClassifier
    for name, label in (("binary", BINARY), ("multi", CLASSES)):
        model = GradientBoostingClassifier(n_estimators=trees(4), max_depth=DEPTH, random_state=1).fit(X, label)
        where = FOLDER / "conifer_project"
        converted = cf.converters.convert_from_sklearn(
            model, {"backend": "python", "output_dir": str(where), "project_name": name})
        converted.save(str(FOLDER / f"conifer_{name}.json"))
        margins(f"conifer_{name}", converted.decision_function(X[:SHOWN]))
        for file in where.glob("*") if where.exists() else []:
            file.unlink()
        if where.exists():
            where.rmdir()


def tmva():
    """TMVA's binary search trees: right when x >= cut (cType 1) or when not (cType 0)."""
    from sklearn.tree import DecisionTreeRegressor
    single = np.float32

    def node_text(tree, node, place, flip, leaf):
        left, right = tree.children_left[node], tree.children_right[node]
        if left < 0:
            return (f'<Node pos="{place}" depth="0" NCoef="0" IVar="-1" Cut="0.0" cType="1" {leaf[node]}/>\n')
        first, second = (right, left) if flip else (left, right)
        cut = np.nextafter(single(tree.threshold[node]), single(np.inf))  # x <= threshold is x < cut
        return (f'<Node pos="{place}" depth="0" NCoef="0" IVar="{tree.feature[node]}" Cut="{float(cut):.16e}" '
                f'cType="{0 if flip else 1}" res="-99" rms="0" purity="0.5" nType="0">\n'
                + node_text(tree, first, "l", flip, leaf) + node_text(tree, second, "r", flip, leaf) + "</Node>\n")

    def write(name, analysis, options, classes, grown, weights, leaves, tree_type):
        text = ['<?xml version="1.0"?>\n<MethodSetup Method="BDT::BDT">\n<GeneralInfo>\n',
                '<Info name="TMVA Release" value="4.2.1 [262657]"/>\n',
                f'<Info name="AnalysisType" value="{analysis}"/>\n</GeneralInfo>\n<Options>\n']
        text += [f'<Option name="{k}" modified="Yes">{v}</Option>\n' for k, v in options.items()]
        text.append(f'</Options>\n<Variables NVar="{FEATURES}">\n')
        text += [f'<Variable VarIndex="{i}" Expression="v{i}" Label="v{i}" Title="v{i}" Unit="" Internal="v{i}" '
                 'Type="F" Min="0" Max="1"/>\n' for i in range(FEATURES)]
        text.append(f'</Variables>\n<Spectators NSpec="0"/>\n<Classes NClass="{classes}"/>\n')
        text.append(f'<Transformations NTransformations="0"/>\n<MVAPdfs/>\n'
                    f'<Weights NTrees="{len(grown)}" AnalysisType="{tree_type}">\n')
        for i, (model, weight, leaf) in enumerate(zip(grown, weights, leaves)):
            text.append(f'<BinaryTree type="DecisionTree" boostWeight="{weight:.16e}" itree="{i}">\n'
                        + node_text(model.tree_, 0, "s", i % 2 == 1, leaf) + "</BinaryTree>\n")
        (FOLDER / f"tmva_{name}.xml").write_text("".join(text) + "</Weights>\n</MethodSetup>\n")

    random = np.random.RandomState(3)
    count = 6
    grown = [DecisionTreeRegressor(max_depth=DEPTH, max_features=2, random_state=i).fit(X, TARGET)
             for i in range(count)]
    x = X[:SHOWN].astype(single)
    leaf_of = [model.apply(x) for model in grown]
    weights = random.rand(count) + 0.2
    single_weights = weights.astype(single).astype(np.float64)
    response = [random.normal(size=m.tree_.node_count).astype(single) for m in grown]
    purity = [random.rand(m.tree_.node_count).astype(single) for m in grown]
    kind = [np.where(random.rand(m.tree_.node_count) < 0.5, -1, 1) for m in grown]

    def leaf_texts(n_type):
        return [[f'res="{float(r):.16e}" rms="0" purity="{float(p):.16e}" nType="{n_type(k)}"'
                 for r, p, k in zip(response[i], purity[i], kind[i])] for i in range(count)]

    for name, yes_no, values in (("adaboost", "True", kind), ("purity", "False", purity)):
        write(name, "Classification", {"BoostType": "AdaBoost", "UseYesNoLeaf": yes_no}, 2, grown, weights,
              leaf_texts(lambda k: k), 0)
        total, norm = np.zeros(SHOWN), 0.0
        for i in range(count):
            total = total + single_weights[i] * values[i][leaf_of[i]].astype(np.float64)
            norm += single_weights[i]
        margins(f"tmva_{name}", total / norm)
    sums = [np.zeros(SHOWN) for _ in range(3)]
    for i in range(count):
        sums[i % 3] = sums[i % 3] + response[i][leaf_of[i]].astype(np.float64)
    write("multiclass", "Multiclass", {"BoostType": "Grad"}, 3, grown, weights, leaf_texts(lambda k: -99), 1)
    margins("tmva_multiclass", np.stack(sums, 1))
    total = np.zeros(SHOWN)
    for i in range(count):
        total = total + response[i][leaf_of[i]].astype(np.float64)
    write("gradient", "Classification", {"BoostType": "Grad"}, 2, grown, weights, leaf_texts(lambda k: -99), 1)
    margins("tmva_gradient", total)
    write("regression", "Regression", {"BoostType": "Grad"}, 1, grown, weights, leaf_texts(lambda k: -99), 1)
    margins("tmva_regression", total + single_weights[0])


{"xgboost": xgboost, "lightgbm": lightgbm, "catboost": catboost, "sklearn": sklearn, "conifer": conifer,
 "tmva": tmva}[LIBRARY]()
