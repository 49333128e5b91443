#include "cli/compile_layers.h"

#include "base/arena.h"
#include "base/json.h"
#include "cli/compile_files.h"
#include "compiler/reuse/reuse.h"

#include <string.h>

/* The weights of a dense layer as they end up, quantized. */
static void add_weights(cJSON *row, const struct network *network, const char *name)
{
    for (int l = 1; l < network->layer_count; l++) {
        const struct layer *layer = &network->layers[l];
        if (layer->kind != LAYER_DENSE || strcmp(layer->name, name) != 0) continue;
        int inputs = network->layers[layer->input].size;
        long nonzero = 0;
        for (int i = 0; i < inputs * layer->size; i++)
            nonzero += quantizer_apply(&layer->weight_quant, i, layer->weights[i]) != 0;
        json_add_number(row, "inputs", inputs);
        json_add_number(row, "outputs", layer->size);
        json_add_number(row, "weights", (double)inputs * layer->size);
        json_add_number(row, "nonzero_weights", (double)nonzero);
        if (!layer->weight_quant.count) return;
        int widest = 0;
        for (int i = 0; i < layer->weight_quant.count; i++)
            if (layer->weight_quant.formats[i].width_bits > widest)
                widest = layer->weight_quant.formats[i].width_bits;
        json_add_number(row, "weight_bits", widest);
        char text[FORMAT_TEXT_BYTES];
        format_print(layer->weight_quant.formats[0], text);
        cJSON_AddStringToObject(row, "format", text);
    }
}

/* What became of the layer's reuse factor. */
static void add_reuse(cJSON *row, const struct compile_notes *notes, const char *name)
{
    for (int i = 0; i < notes->layer_count; i++) {
        const struct compile_layer *layer = &notes->layers[i];
        if (strcmp(layer->name, name) != 0) continue;
        cJSON *reuse = cJSON_AddObjectToObject(row, "reuse");
        json_add_number(reuse, "factor", layer->factor);
        json_add_number(reuse, "cycles", layer->cycles);
        cJSON_AddStringToObject(reuse, "form", layer->form);
        if (layer->trees) {
            json_add_number(reuse, "trees", layer->trees);
            json_add_number(reuse, "engines", layer->engines);
        } else {
            json_add_number(reuse, "products", (double)layer->products);
            json_add_number(reuse, "weights", (double)layer->weights);
        }
        json_add_number(reuse, "cost", layer->cost);
    }
}

cJSON *compile_layers_json(const struct program *program, const struct network *network,
                           const struct compile_notes *notes)
{
    struct arena arena = {0};
    cJSON *layers = cJSON_CreateArray();
    for (int b = 0; b < program->block_count;) {
        const char *name = reuse_layer_name(&arena, &program->blocks[b]);
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "name", name);
        cJSON_AddStringToObject(row, "kind", program->blocks[b].kind);
        b = compile_files_count(row, program, b);
        add_weights(row, network, name);
        add_reuse(row, notes, name);
        cJSON_AddItemToArray(layers, row);
    }
    arena_free(&arena);
    return layers;
}
