/* The configuration of a run: plain data drawn from config.def, and the generic walks over it
 * (parse, format, bounds, hash, presets). */
#ifndef ES_CONFIG_CONFIG_H
#define ES_CONFIG_CONFIG_H
#include <stddef.h>
#include <stdint.h>

struct err;

#define CONFIG_T_INT long
#define CONFIG_T_REAL double
#define CONFIG_T_BOOL int
#define CONFIG_T_CHOICE int
#define CONFIG_TEXT 256

struct config {
#define CONFIG_M_INT(n) long n;
#define CONFIG_M_REAL(n) double n;
#define CONFIG_M_BOOL(n) int n;
#define CONFIG_M_CHOICE(n) int n;
#define CONFIG_M_TEXT(n) char n[CONFIG_TEXT];
#define F(type, name, def, min, max, choices, unit, flags, help) CONFIG_M_##type(name)
#include "src/config/config.def"
#undef F
};

enum config_type { CONFIG_INT, CONFIG_REAL, CONFIG_TEXTUAL, CONFIG_CHOICE, CONFIG_BOOL };
enum config_flag { CONFIG_ID = 1, CONFIG_RUN = 2, CONFIG_MODEL = 4, CONFIG_LATER = 8 };

struct config_field {
    const char *name; /* snake_case; the option has dashes */
    enum config_type type;
    const char *def, *choices, *unit, *help;
    double min, max;
    int flags;
    size_t offset;
};

/* CHOICE values, in the order of the rows' lists. */
enum { PRESET_TINY, PRESET_MINI, PRESET_SMALL, PRESET_BASE, PRESET_LARGE, PRESET_DEMO, PRESET_CUSTOM };
enum { RTD_CHOSEN, RTD_RANDOM }; /* rtd_positions */
enum { OBJ_ELECTRA, OBJ_ELECTRA15, OBJ_REPLACE_MLM, OBJ_ALL_TOKENS_MLM, OBJ_BERT_MLM, OBJ_TWO_STAGE, OBJ_ADVERSARIAL };
enum { TIE_NONE, TIE_WORD_POS, TIE_EMBEDDINGS, TIE_ALL };
enum { MASKING_EXACT, MASKING_FAITHFUL };
enum { PACK_JOIN, PACK_DOCUMENT, PACK_FAITHFUL };
enum { GEN_MLM, GEN_UNIGRAM, GEN_UNIFORM };
enum { INIT_BERT, INIT_FAN_IN };
enum { BIAS_ZERO, BIAS_UNIGRAM };
enum { NAN_STOP, NAN_PAUSE, NAN_WARN };
enum { HEALTH_WARN, HEALTH_PAUSE, HEALTH_STOP }; /* on_spike and its neighbours */
enum { CPU_AUTO, CPU_PORTABLE, CPU_AVX2, CPU_AVX512 };

extern const struct config_field config_fields[];
extern const int config_nfields;

/* NULL if unknown; accepts dashes for underscores. */
const struct config_field *config_find(const char *name);
void config_default(struct config *c);
/* Sets sizes and defaults of a preset (contracts.md's table); leaves the other fields. */
int config_preset(struct config *c, const char *preset, struct err *err);
/* Parses and checks one value; E_USAGE names the field, the value and the bounds. */
int config_set(struct config *c, const char *name, const char *value, struct err *err);
/* Shortest text that reads back equal. Returns out. */
char *config_get(const struct config *c, const struct config_field *f, char *out, size_t size);
/* The same for people: 50 where config_get, which hashes and files rely on, has 5e+01. */
char *config_show(const struct config *c, const struct config_field *f, char *out, size_t size);
/* Cross-field checks and the values that -1 and 0 stand for (warmup_steps, disc_weight,
 * generator sizes, eval_every, checkpoint_every, snapshot_every, eval_sequences). Idempotent. */
int config_resolve(struct config *c, struct err *err);
/* Hash over the ID fields of a resolved config (XXH3, 64 bits). */
uint64_t config_hash(const struct config *c);
/* Reads [run] of an experiment file (INI) into c; errors name file, line and key. */
int config_load(struct config *c, const char *path, struct err *err);

/* generator_size as a number: "1/3" or "0.25". Negative when malformed. */
double config_fraction(const char *text);
/* Place of `value` in "a|b|c", or -1. */
int config_choice_find(const char *choices, const char *value);
const char *config_choice(const struct config_field *f, int index, char *out, size_t size);

/* One stage of the sequence-length curriculum. */
struct seq_stage {
    long seq, batch;     /* batch x seq is constant */
    long first, end;     /* steps [first, end) */
};
#define SEQ_STAGES_MAX 8
/* Batches first .. last of the text that are left out, numbered from 1 like the steps. */
struct batch_range { long first, last; };
#define SKIPS_MAX 32
/* Whether probe_tasks are fine-tuned after this many steps. */
int config_probes_at(const struct config *c, int64_t step);
/* Ranges of skip_batches, ascending and apart. Returns their number or a negative code. */
int config_skips(const struct config *c, struct batch_range out[SKIPS_MAX], struct err *err);
/* The batch (from 0) that step `index` (from 0) takes: the index-th of those not left out. */
int64_t config_batch(const struct batch_range *skip, int n, int64_t index);
/* The stages of a resolved config, at least one. Returns their number or a negative code. */
int config_stages(const struct config *c, struct seq_stage out[SEQ_STAGES_MAX], struct err *err);
#endif
