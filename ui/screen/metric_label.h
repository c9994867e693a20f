/* What a metric is called on the screens: one short name each, of 19 columns at most. */
#ifndef ES_UI_METRIC_LABEL_H
#define ES_UI_METRIC_LABEL_H
/* Of a stored name ("val_rtd_auc_common": "AUC common"); a name without a label is its own. */
const char *metric_label(const char *name);
#endif
