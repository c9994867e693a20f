/* The parity program: every case below a root of fixtures. Each group is one file with one
 * function; main.c lists them. */
#ifndef ES_TESTS_PARITY_H
#define ES_TESTS_PARITY_H

struct parity {
    const char *root;      /* fixtures */
    const char *vocab_dir; /* where bert-base-uncased-vocab.txt and koelectra-v3-vocab.txt lie */
    const char *program;   /* electroscope, for the malformed group */
    int passed, failed, skipped;
};
/* Prints "PASS group/case: worst / tolerance" and counts. detail may be "". */
void parity_case(struct parity *p, const char *group, const char *name, double worst,
                 double tolerance, const char *detail);
void parity_fail(struct parity *p, const char *group, const char *name, const char *why);
void parity_pass(struct parity *p, const char *group, const char *name, const char *what);
void parity_skip(struct parity *p, const char *group, const char *name, const char *why);

void parity_forward(struct parity *p);
void parity_train(struct parity *p);
void parity_finetune(struct parity *p);
void parity_tokenizer(struct parity *p);
void parity_vocabtrain(struct parity *p);
void parity_metrics(struct parity *p);
void parity_sampling(struct parity *p);
void parity_malformed(struct parity *p);
#endif
