/* See run_diagnosis.h. */
#include "ui/screen/run_diagnosis.h"

#include <math.h>
#include <stdio.h>

int run_diagnose(const struct query_run *r, struct query *q, struct diagnosis out[DIAG_RULES])
{
    struct diagnosis_input in;
    diagnosis_input_init(&in, &r->config);
    in.step = r->step, in.tokens = r->tokens, in.val_step = r->val_step;
    for (int i = 0; i < METRIC_COUNT; i++) {
        if (r->has[i]) in.last[i] = r->last[i];
        if (r->val_has[i]) in.val[i] = r->val_last[i], in.val_best[i] = r->val_best[i];
    }
    in.not_finite = r->has[METRIC_total_loss] && !isfinite(r->last[METRIC_total_loss]);
    int64_t first = diagnosis_stage_first(&r->config, r->step);
    if (q && first) in.stage_best = query_least(q, r->id, METRIC_VAL + METRIC_total_loss, first + 1, r->val_step);
    if (q && r->step > 1)
        in.recall_before = query_value_at(q, r->id, METRIC_rtd_recall + (r->val_has[METRIC_rtd_recall] ? METRIC_VAL : 0),
                                          r->step / 2);
    return diagnose(&in, out);
}

int run_why(const struct query_run *r, struct query *q, char *out, size_t size)
{
    struct diagnosis d[DIAG_RULES];
    *out = 0;
    if (!run_diagnose(r, q, d) || d[0].severity <= SEV_INFO) return 0;
    return snprintf(out, size, "! %s. %s %s. Seen: %s.", diagnosis_title(d[0].rule),
                    d[0].cause ? "Likely:" : "Look at", d[0].look, d[0].seen);
}

const char *run_complaint(const struct query_run *r, struct query *q)
{
    struct diagnosis d[DIAG_RULES];
    if (r->state == RUN_FAILED || r->state == RUN_LOST) return NULL; /* its reason says more */
    return run_diagnose(r, q, d) && d[0].severity > SEV_INFO ? diagnosis_short(d[0].rule) : NULL;
}
