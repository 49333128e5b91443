/* Every key of a job file, one table per section: from these rows come the C structs (job.h), the
 * YAML schema with its ranges and defaults (job.c), `sluice list keys` and
 * docs/reference/job-keys.md.
 *
 * X(TYPE, key, default, least, most, "meaning, with unit")
 * TYPE: STRING, NUMBER, COUNT (integer), FLAG. A default of "" leaves the key unset. */
#ifndef SLUICE_CLI_JOB_KEYS_H
#define SLUICE_CLI_JOB_KEYS_H

#define JOB_TOP_KEYS(X)                                                                            \
    X(STRING, name, "", 0, 0,                                                                      \
      "name of the job: the folder build/NAME and the top module; default: the folder the job "    \
      "file is in")                                                                                \
    X(STRING, model, "", 0, 0, "ONNX file to compile instead of training one")                     \
    X(STRING, standardise, "host", 0, 0,                                                           \
      "host, fabric or none: where inputs are shifted and scaled to mean 0 and deviation 1")       \
    X(STRING, output, "logits", 0, 0,                                                              \
      "logits, softmax, argmax or threshold: what leaves the hardware")                            \
    X(NUMBER, threshold, "0", -1e12, 1e12,                                                         \
      "output threshold: the decision bit is 1 when the score before a final sigmoid is at least " \
      "this")                                                                                      \
    X(NUMBER, background_fraction, "0", 0, 0.999,                                                  \
      "output threshold: choose the threshold so that this part of the background (class 0) "      \
      "passes; 0: as `threshold` says")

#define JOB_DATA_KEYS(X)                                                                           \
    X(STRING, train, "", 0, 0,                                                                     \
      "file of training events: NPZ, NPY, CSV, HDF5 or IDX; relative to the job file")             \
    X(STRING, test, "", 0, 0,                                                                      \
      "file of test events, never seen in training; default: a part of the training file, see "    \
      "test_fraction")                                                                             \
    X(STRING, features, "", 0, 0, "array, HDF5 data set or CSV columns with the features")         \
    X(STRING, labels, "", 0, 0, "array, HDF5 data set or CSV column with the labels")              \
    X(STRING, train_labels, "", 0, 0,                                                              \
      "file with the training labels where it is another one (IDX, NPY)")                          \
    X(STRING, test_labels, "", 0, 0, "file with the test labels where it is another one")          \
    X(STRING, weights, "", 0, 0, "array or column with a weight per event")                        \
    X(FLAG, missing, "false", 0, 0,                                                                \
      "trees: NaN in the features is a missing value, not a mistake")                              \
    X(COUNT, max_events, "0", 0, 1e9, "read at most this many events; 0: all")                     \
    X(NUMBER, validation_fraction, "0.1", 0, 0.9,                                                  \
      "part of the training events kept for validation")                                           \
    X(NUMBER, test_fraction, "0.2", 0, 0.9,                                                        \
      "part of the training file kept for testing when `test` is not given")                       \
    X(COUNT, seed, "1", 0, 2147483647, "seed of the split")

#define JOB_INPUT_KEYS(X)                                                                          \
    X(STRING, format, "8", 0, 0, "format of the standardised inputs; see formats below")           \
    X(STRING, edges, "uniform", 0, 0,                                                              \
      "trees: uniform: steps of equal width over the range of the data; quantile: of equally "     \
      "many "                                                                                      \
      "events, which the host looks up")                                                           \
    X(NUMBER, clip, "0.002", 0, 0.2,                                                               \
      "trees: part of the events that lies beyond the range at either end")                        \
    X(FLAG, per_feature, "true", 0, 0,                                                             \
      "choose the range of each input by itself where only a width is given")                      \
    X(STRING, raw_format, "", 0, 0,                                                                \
      "standardise: fabric: format of the raw physical inputs, for all of them")                   \
    X(COUNT, raw_bits, "16", 2, 32,                                                                \
      "standardise: fabric: width of each raw input where no raw_format is given, range from the " \
      "training events")

#define JOB_LAYER_KEYS(X)                                                                          \
    X(STRING, kind, "", 0, 0,                                                                      \
      "dense, batchnorm, relu, leaky_relu, sigmoid, tanh, sign, softmax or dropout")               \
    X(STRING, name, "", 0, 0, "name in reports and Verilog; default: kind and number")             \
    X(COUNT, units, "0", 0, 65536, "dense: number of neurons")                                     \
    X(STRING, weights, "6", 0, 0, "dense: format of the weights; see formats below")               \
    X(STRING, bias, "product", 0, 0, "dense: format of the biases")                                \
    X(STRING, format, "", 0, 0,                                                                    \
      "format of what the layer puts out; default: 6 for activations, none (exact) for the last "  \
      "layer and in front of an activation")                                                       \
    X(FLAG, no_bias, "false", 0, 0, "dense: leave the bias out")                                   \
    X(NUMBER, rate, "0.1", 0, 0.99, "dropout: part of the elements dropped in training")           \
    X(NUMBER, alpha, "0.125", -16, 16, "leaky_relu: slope below zero")                             \
    X(NUMBER, sparsity, "-1", -1, 0.999,                                                           \
      "dense: part of the weights to prune; -1: as pruning.sparsity")                              \
    X(COUNT, weight_digits, "0", -1, 24,                                                           \
      "dense: most nonzero signed digits of a weight; 0: as training.weight_digits, -1: any")      \
    X(COUNT, reuse, "0", 0, 1048576,                                                               \
      "dense: reuse factor, 1 to inputs times units; 0: as target.reuse")                          \
    X(FLAG, loadable, "false", 0, 0,                                                               \
      "dense: its weights and biases are written at run time; see target: weights")                \
    X(NUMBER, l1, "0", 0, 1e3, "dense: added to training.l1")                                      \
    X(NUMBER, l2, "0", 0, 1e3, "dense: added to training.l2")

#define JOB_TREES_KEYS(X)                                                                          \
    X(STRING, method, "", 0, 0,                                                                    \
      "boosting, adaboost, random_forest, extra_trees, tree, isolation_forest or autoencoder; "    \
      "given: the job trains trees, not layers")                                                   \
    X(STRING, growth, "depth", 0, 0,                                                               \
      "depth: level by level; leaf: most gain first; symmetric: a level asks one question, so "    \
      "that a tree is a table")                                                                    \
    X(STRING, outputs, "each", 0, 0,                                                               \
      "boosting of classes: each: a tree per class and round; joint: one tree whose leaves hold "  \
      "a value for each class")                                                                    \
    X(STRING, loss, "", 0, 0,                                                                      \
      "squared_error, absolute_error, quantile, binary_cross_entropy or "                          \
      "categorical_cross_entropy; default: by the labels")                                         \
    X(NUMBER, quantile, "0.5", 0.001, 0.999, "which quantile the quantile loss predicts")          \
    X(COUNT, rounds, "100", 1, 100000, "rounds of boosting; trees of a forest")                    \
    X(COUNT, depth, "6", 1, 16, "most splits between root and leaf")                               \
    X(COUNT, leaves, "0", 0, 65536, "most leaves of a tree; 0: as many as the depth allows")       \
    X(NUMBER, learning_rate, "0.3", 1e-6, 10, "factor on what a new tree adds")                    \
    X(NUMBER, row_fraction, "1", 1e-6, 1, "part of the events that each tree is grown on")         \
    X(NUMBER, feature_fraction, "0", 0, 1,                                                         \
      "part of the features that each tree (of forests: each node) may ask for; 0: all, of a "     \
      "random forest the root of their number")                                                    \
    X(NUMBER, l1, "0", 0, 1e9, "on the values of leaves")                                          \
    X(NUMBER, l2, "1", 0, 1e9, "on the values of leaves")                                          \
    X(NUMBER, min_gain, "0", 0, 1e12,                                                              \
      "least decrease of the loss, summed over events, by a split")                                \
    X(NUMBER, min_child_weight, "1", 0, 1e12,                                                      \
      "least sum of second derivatives (of weights) in a child")                                   \
    X(STRING, monotone, "", 0, 0,                                                                  \
      "by feature: 1 where the output must not fall as it rises, -1 where it must not rise, 0; "   \
      "\"1,0,-1\"")                                                                                \
    X(NUMBER, pruning, "0", 0, 1e9, "tree: alpha of cost-complexity pruning, impurity per leaf")   \
    X(COUNT, patience, "0", 0, 100000,                                                             \
      "early stopping: rounds without a better validation loss; 0: never")                         \
    X(NUMBER, min_delta, "0", 0, 1e9, "early stopping: what counts as better")                     \
    X(COUNT, background, "-1", -1, 1000,                                                           \
      "isolation_forest, autoencoder: number of the class that is trained on; -1: all events")     \
    X(NUMBER, threshold_penalty, "0", 0, 0.99,                                                     \
      "a feature and threshold that the ensemble does not have yet counts so much less of its "    \
      "gain")                                                                                      \
    X(NUMBER, lut_price, "0", 0, 1,                                                                \
      "least decrease of the mean loss that one more 4-input LUT must bring; 0: LUTs are free")    \
    X(COUNT, leaf_bits, "6", 0, 16,                                                                \
      "most bits that one tree adds to one sum; 0: values are not rounded")                        \
    X(NUMBER, leaf_step, "0", 0, 1e6, "power of two that all values are multiples of; 0: chosen")  \
    X(COUNT, sweeps, "0", 0, 1000,                                                                 \
      "times that each tree is taken out and grown again against the others")                      \
    X(COUNT, quantized_sweeps, "6", 0, 1000,                                                       \
      "the same while values are rounded; the last two only find values anew")

#define JOB_TRAINING_KEYS(X)                                                                       \
    X(STRING, loss, "", 0, 0,                                                                      \
      "see `sluice list losses`; default: categorical_cross_entropy, binary_cross_entropy for "    \
      "one output of two classes, squared_error for regression")                                   \
    X(NUMBER, huber_delta, "1", 1e-12, 1e12, "huber: where the loss turns from square to line")    \
    X(STRING, optimizer, "adam", 0, 0, "see `sluice list optimizers`")                             \
    X(NUMBER, learning_rate, "0.005", 1e-9, 100, "step size at the start of each phase")           \
    X(NUMBER, quantized_learning_rate, "0", 0, 100,                                                \
      "step size of the quantized phase; 0: the same")                                             \
    X(NUMBER, momentum, "0.9", 0, 0.99999, "momentum and nesterov")                                \
    X(NUMBER, beta1, "0.9", 0, 0.99999, "adam, adamw, amsgrad: decay of the mean gradient")        \
    X(NUMBER, beta2, "0.999", 0, 0.9999999,                                                        \
      "adam, adamw, amsgrad: decay of the mean squared gradient")                                  \
    X(NUMBER, rho, "0.9", 0, 0.99999, "rmsprop, adadelta: decay of the mean squared gradient")     \
    X(NUMBER, epsilon, "1e-7", 1e-30, 1, "adaptive optimizers: added to the denominator")          \
    X(NUMBER, weight_decay, "0.004", 0, 1e3,                                                       \
      "adamw: part of a weight taken off per unit of step size")                                   \
    X(STRING, schedule, "cosine", 0, 0, "of the step size: see `sluice list schedules`")           \
    X(NUMBER, warmup_epochs, "0", 0, 1e6, "linear rise of the step size at the start of a phase")  \
    X(NUMBER, decay_rate, "0.5", 0, 1, "step and exponential schedules: factor")                   \
    X(NUMBER, decay_epochs, "10", 1e-6, 1e6, "step and exponential schedules: epochs per factor")  \
    X(NUMBER, final_fraction, "0.01", 0, 1, "cosine schedule: last step size over the first")      \
    X(COUNT, epochs, "40", 0, 100000, "epochs of the float phase")                                 \
    X(COUNT, quantized_epochs, "40", 0, 100000, "epochs of the quantization-aware phase")          \
    X(COUNT, batch, "1024", 1, 1048576, "events per step")                                         \
    X(COUNT, seed, "1", 0, 2147483647, "seed of initial weights, order of events and dropout")     \
    X(COUNT, threads, "2", 1, 64, "worker threads; results are the same for the same number")      \
    X(STRING, price, "lut4", 0, 0,                                                                 \
      "learned widths: what hardware costs in the loss: ebops, adder_bits or lut4")                \
    X(NUMBER, price_begin, "0", 0, 1e3,                                                            \
      "learned widths: weight of the price at the start of the quantized phase; 0: price_end")     \
    X(NUMBER, price_end, "0", 0, 1e3,                                                              \
      "learned widths: weight of the price at its end, reached in equal factors; 0: steered to "   \
      "price_target")                                                                              \
    X(NUMBER, price_target, "0", 0, 1e12,                                                          \
      "learned widths: price at which the quantized phase ends; see also target_lut4")             \
    X(NUMBER, target_lut4, "0", 0, 1e12, "short for price: lut4 and price_target")                 \
    X(NUMBER, target_adder_bits, "0", 0, 1e12, "short for price: adder_bits and price_target")     \
    X(NUMBER, target_ebops, "0", 0, 1e12, "short for price: ebops and price_target")               \
    X(NUMBER, frontier_from, "0", 0, 1e12,                                                         \
      "learned widths: price of the first point of the frontier; 0: 8 times price_target")         \
    X(COUNT, frontier_points, "12", 1, 200,                                                        \
      "learned widths: points of the frontier, equal factors apart; 1: price_target alone")        \
    X(COUNT, anneal_epochs, "80", 0, 100000,                                                       \
      "learned widths: epochs with a falling step size for each point of the frontier")            \
    X(COUNT, search_tries, "3", 0, 1000,                                                           \
      "learned widths: searches over the digits of each point, with a few epochs in between; 0: "  \
      "none")                                                                                      \
    X(COUNT, search_further, "6", 0, 15,                                                           \
      "learned widths: most further points for each, by search at higher weights of the price")    \
    X(STRING, pick, "", 0, 0,                                                                      \
      "point of the frontier that becomes the model, such as lut4<5000 or accuracy>0.66; "         \
      "default: the best at its target or, without one, that the board holds")                     \
    X(NUMBER, width_rate, "1", 0, 1e3, "learned widths: their step size over that of the weights") \
    X(FLAG, range_from_data, "false", 0, 0,                                                        \
      "learned widths: integer bits of activations hold what the training events give and are "    \
      "not trained")                                                                               \
    X(COUNT, range_margin_bits, "0", 0, 8, "range_from_data: so many integer bits more")           \
    X(NUMBER, noise, "0", 0, 1e3,                                                                  \
      "augmentation: noise added to the inputs of training events, in standard deviations of the " \
      "feature")                                                                                   \
    X(NUMBER, smearing, "0", 0, 1e3,                                                               \
      "augmentation: relative error of the raw inputs of training events")                         \
    X(NUMBER, dead_channels, "0", 0, 1,                                                            \
      "augmentation: probability that an input of a training event reads raw 0")                   \
    X(STRING, init, "", 0, 0,                                                                      \
      "ONNX file of a float network to start from, in place of the float phase; a job without "    \
      "layers takes its, widths learned")                                                          \
    X(STRING, teacher, "", 0, 0,                                                                   \
      "distillation: ONNX file of a network that teaches; default: the float phase's result")      \
    X(NUMBER, teacher_weight, "0", 0, 1,                                                           \
      "distillation: part of the training targets that the teacher's outputs take, the labels "    \
      "take the rest")                                                                             \
    X(NUMBER, l1, "0", 0, 1e3,                                                                     \
      "factor of the sum of absolute weights in the loss; with l2: elastic net")                   \
    X(NUMBER, l2, "0", 0, 1e3, "factor of the sum of squared weights in the loss")                 \
    X(NUMBER, clip_norm, "0", 0, 1e9, "largest Euclidean norm of the gradient; 0: no limit")       \
    X(NUMBER, clip_value, "0", 0, 1e9, "largest absolute gradient of a weight; 0: no limit")       \
    X(STRING, monitor, "loss", 0, 0,                                                               \
      "what the best epoch is chosen by on the validation events: loss or accuracy")               \
    X(COUNT, patience, "0", 0, 100000,                                                             \
      "early stopping: epochs without a better monitor; 0: never")                                 \
    X(NUMBER, min_delta, "0", 0, 1e9, "early stopping: what counts as better")                     \
    X(STRING, class_weights, "", 0, 0, "a factor per class, \"1,2,1\", or \"balanced\"")           \
    X(STRING, calibration, "mse", 0, 0,                                                            \
      "how ranges are chosen from data: mse, percentile or maximum")                               \
    X(NUMBER, calibration_percentile, "99.9", 50, 100,                                             \
      "calibration percentile: this much of the values fits")                                      \
    X(COUNT, weight_digits, "0", 0, 24, "most nonzero signed digits of a weight; 0: any")          \
    X(COUNT, checkpoint_every, "50", 0, 100000,                                                    \
      "epochs between checkpoints; 0: only when interrupted")

#define JOB_PRUNING_KEYS(X)                                                                        \
    X(NUMBER, sparsity, "0", 0, 0.999,                                                             \
      "part of all weights that ends exactly zero; compiler: part of all digits")                  \
    X(STRING, method, "gradual", 0, 0,                                                             \
      "see `sluice list pruning`; all but gradual remove in steps, with an equal part of the "     \
      "quantized phase behind each")                                                               \
    X(COUNT, steps, "8", 1, 1000, "steps to the target, equal factors of what is left apart")      \
    X(COUNT, rewind_epoch, "0", 0, 100000,                                                         \
      "lottery: epoch of the quantized phase whose weights each step starts from")                 \
    X(NUMBER, strength, "0", 0, 1e6, "l1, group_lasso: factor of the penalty in the loss")         \
    X(NUMBER, begin_epoch, "0", 0, 100000,                                                         \
      "gradual: epoch of the quantized phase at which pruning starts")                             \
    X(NUMBER, end_epoch, "0", 0, 100000,                                                           \
      "gradual: epoch at which it reaches the target, the rest is fine-tuning; 0: half of the "    \
      "phase")                                                                                     \
    X(COUNT, frequency, "20", 1, 1000000, "gradual: steps between two prunings")                   \
    X(STRING, scope, "layer", 0, 0,                                                                \
      "layer: each dense layer reaches the target; global: all together, the smallest weights "    \
      "anywhere")

#define JOB_POST_TRAINING_KEYS(X)                                                                  \
    X(COUNT, weight_bits, "8", 2, 24, "width of the weights, a range for each neuron")             \
    X(COUNT, activation_bits, "8", 1, 24,                                                          \
      "width of what activations put out, a range for each element")                               \
    X(COUNT, input_bits, "8", 2, 24, "width of the inputs, a range for each")                      \
    X(COUNT, events, "10000", 1, 1e9, "training events that are looked at")

#define JOB_TARGET_KEYS(X)                                                                         \
    X(STRING, board, "", 0, 0, "see `sluice list boards`")                                         \
    X(NUMBER, clock_mhz, "0", 0, 1000, "clock of the network; 0: the board's default")             \
    X(STRING, strategy, "latency", 0, 0,                                                           \
      "latency: each layer in the form that costs least; resource: layers of a reuse factor on "   \
      "multipliers, their weights in memory")                                                      \
    X(STRING, weights, "rom", 0, 0,                                                                \
      "rom, or loadable: weights and biases of dense layers are written at run time; "             \
      "\"loadable:dense1,dense3\" of these layers alone; they need a reuse factor")                \
    X(STRING, protect, "none", 0, 0,                                                               \
      "against upsets: none; tmr: control registers in three copies that vote; ecc: words of "     \
      "loadable memories in a code that corrects one bit and detects two; tmr+ecc: both")          \
    X(STRING, optimize, "balanced", 0, 0,                                                          \
      "latency, area or balanced: as much logic between registers as the clock allows, or one "    \
      "level of adders")                                                                           \
    X(STRING, reuse, "1", 0, 0,                                                                    \
      "reuse factor: cycles that an event may take in each dense layer, or trees that "            \
      "take turns in an engine; 1: fully unrolled; auto: "                                         \
      "the factors of least latency within the budget and the part")                               \
    X(STRING, layer_reuse, "", 0, 0,                                                               \
      "factors of single layers by name, \"dense1=4, dense3=16\", for models that are not "        \
      "trained here; else see layers: reuse")                                                      \
    X(NUMBER, delay_scale, "1", 0.2, 5,                                                            \
      "factor on the delay model's delays: below 1 the schedule has fewer, longer stages, and it " \
      "is place and route that says whether the clock holds")                                      \
    X(STRING, wrapper, "none", 0, 0,                                                               \
      "none or axi-stream: valid/ready ports around the network, for your own chip; see "          \
      "handshakes.md")                                                                             \
    X(COUNT, stall_cycles, "0", 0, 60000,                                                          \
      "wrapper axi-stream: cycles that the sink may stall before the source has to wait")          \
    X(FLAG, pins_free, "false", 0, 0, "size the network alone, without a board's top")             \
    X(STRING, control, "player", 0, 0,                                                             \
      "what stands around the network on the board: player plays stored events and compares, "     \
      "core "                                                                                      \
      "is a soft core with a UART and the trigger system; see trigger-system.md")                  \
    X(STRING, fallback, "auto", 0, 0,                                                              \
      "control core: the network's own C in the core's firmware, which recomputes answers: auto "  \
      "(where it fits), on, off; see trigger-system.md")                                           \
    X(COUNT, seeds, "4", 1, 100, "how many placement seeds to try before giving up")               \
    X(COUNT, retries, "2", 0, 20,                                                                  \
      "how often to schedule again, with slower delays, when the placed design misses its clock")  \
    X(NUMBER, time_limit_s, "1800", 1, 86400, "limit of one run of a tool")

#define JOB_BUDGET_KEYS(X)                                                                         \
    X(NUMBER, bunch_crossing_mhz, "40", 0.001, 10000, "rate of bunch crossings")                   \
    X(NUMBER, events_per_crossing, "1", 0.000001, 1000, "events to take in each crossing")         \
    X(NUMBER, latency_ns, "0", 0, 1e9, "longest time from input to answer; 0: no limit")           \
    X(NUMBER, max_cells, "0", 0, 1e9, "most logic cells; 0: what the part has")                    \
    X(NUMBER, max_lut4, "0", 0, 1e9, "most 4-input look-up tables; 0: no limit")                   \
    X(NUMBER, max_dsp, "0", 0, 1e9, "most DSP blocks; 0: what the part has")                       \
    X(NUMBER, max_bram, "0", 0, 1e9, "most block memories; 0: what the part has")                  \
    X(NUMBER, float_tolerance, "0", 0, 1e12,                                                       \
      "largest allowed deviation of the scores from the unquantized network; 0: no limit")         \
    X(NUMBER, accuracy_loss, "0", 0, 100,                                                          \
      "largest allowed loss of accuracy against the float network, in points; 0: no limit")

#define JOB_VERIFY_KEYS(X)                                                                         \
    X(COUNT, test_events, "0", 0, 1e9, "test events to simulate; 0: all")                          \
    X(COUNT, random_events, "1000", 0, 1e9, "random events beside the test events")                \
    X(COUNT, gate_level_events, "1000", 0, 1e9,                                                    \
      "events for the simulation of the synthesised netlist; 0: none")                             \
    X(COUNT, faults, "0", 0, 1e9,                                                                  \
      "single bits of the network's state flipped in simulation, one at a time; 0: none")          \
    X(COUNT, seed, "1", 0, 2147483647, "seed of random events and gaps")

#define JOB_PHYSICS_KEYS(X)                                                                        \
    X(STRING, signal, "", 0, 0,                                                                    \
      "class that is cut on; default: the second of two, else each in turn")                       \
    X(NUMBER, rate_khz, "0", 0, 1e9, "background rate that may be kept; 0: no working point")      \
    X(NUMBER, input_rate_mhz, "40", 1e-6, 1e6, "rate of background events that come in")           \
    X(NUMBER, prescale, "1", 1, 1e12, "one in so many accepted events is kept")                    \
    X(FLAG, set_threshold, "false", 0, 0,                                                          \
      "output threshold: the hardware's threshold is the one that gives rate_khz on the "          \
      "validation events")                                                                         \
    X(STRING, turn_on, "", 0, 0, "features, comma between them, whose turn-on curves are drawn")   \
    X(COUNT, bins, "12", 1, 1000, "bins of turn-on curves and of a regression's resolution")       \
    X(COUNT, bootstrap, "200", 0, 100000,                                                          \
      "bootstrap samples for statistical errors; 0: no errors")                                    \
    X(FLAG, robustness, "true", 0, 0,                                                              \
      "try flipped input bits, dead channels and drifted gains on the test events")

#define JOB_SOFT_CORE_KEYS(X)                                                                      \
    X(STRING, isa, "", 0, 0,                                                                       \
      "rv32i or rv32im: `sluice all` also makes C for a soft core and measures it; default: no")   \
    X(STRING, form, "auto", 0, 0,                                                                  \
      "straight: a statement for each operation; loops: loops over tables of weights; auto: the "  \
      "fastest by estimate that fits memory_bytes")                                                \
    X(COUNT, memory_bytes, "65536", 1, 2147483647, "memory for code and constants")

/* X(section, TABLE, "what it holds") in the order of the docs. */
#define JOB_SECTIONS(X)                                                                            \
    X(data, JOB_DATA_KEYS, "events")                                                               \
    X(input, JOB_INPUT_KEYS, "the input quantizer")                                                \
    X(training, JOB_TRAINING_KEYS, "how the network is trained")                                   \
    X(trees, JOB_TREES_KEYS,                                                                       \
      "an ensemble of decision trees instead of layers; of `training` it takes class_weights, "    \
      "seed and threads")                                                                          \
    X(pruning, JOB_PRUNING_KEYS, "weights set to zero")                                            \
    X(post_training, JOB_POST_TRAINING_KEYS,                                                       \
      "formats of a float `model`, chosen after its training; ranges as training.calibration "     \
      "says")                                                                                      \
    X(target, JOB_TARGET_KEYS, "the board and how the network is laid out on it")                  \
    X(soft_core, JOB_SOFT_CORE_KEYS, "the program as C for a RISC-V soft core")                    \
    X(budget, JOB_BUDGET_KEYS, "what the design must meet: a miss ends with exit status 1")        \
    X(verify, JOB_VERIFY_KEYS, "how much is simulated")                                            \
    X(physics, JOB_PHYSICS_KEYS, "working points, statistical errors, robustness")

#endif
