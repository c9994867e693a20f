/* parity [--vocab-dir DIR] [--program PATH] ROOT: every case below ROOT against PyTorch's and
 * Hugging Face's numbers. A line a case, counts last; exit 1 on any failure or on no case. */
#include <stdio.h>
#include <string.h>

#include "src/base/visible.h"
#include "src/math/math.h"
#include "tests/parity_src/parity.h"

void parity_case(struct parity *p, const char *group, const char *name, double worst, double tolerance,
                 const char *detail)
{
    int ok = worst <= tolerance;
    printf("%s %s/%s: %.3g / %.3g%s%s\n", ok ? "PASS" : "FAIL", group, name, worst, tolerance,
           detail && *detail ? "  " : "", detail ? detail : "");
    *(ok ? &p->passed : &p->failed) += 1;
}

void parity_fail(struct parity *p, const char *group, const char *name, const char *why)
{
    char text[512];
    printf("FAIL %s/%s: %s\n", group, name, visible(text, sizeof text, why));
    p->failed++;
}

void parity_pass(struct parity *p, const char *group, const char *name, const char *what)
{
    printf("PASS %s/%s: %s\n", group, name, what);
    p->passed++;
}

void parity_skip(struct parity *p, const char *group, const char *name, const char *why)
{
    printf("SKIP %s/%s: %s\n", group, name, why);
    p->skipped++;
}

int main(int argc, char **argv)
{
    struct parity p = {0};
    char vocab_dir[4096];
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--vocab-dir") && i + 1 < argc)
            p.vocab_dir = argv[++i];
        else if (!strcmp(argv[i], "--program") && i + 1 < argc)
            p.program = argv[++i];
        else
            p.root = argv[i];
    }
    if (!p.root) {
        fprintf(stderr, "usage: parity [--vocab-dir DIR] [--program PATH] ROOT\n");
        return 2;
    }
    if (!p.vocab_dir) {
        snprintf(vocab_dir, sizeof vocab_dir, "%s/../data/vocab", p.root);
        p.vocab_dir = vocab_dir;
    }
    math_init();
    parity_forward(&p);
    parity_train(&p);
    parity_finetune(&p);
    parity_tokenizer(&p);
    parity_vocabtrain(&p);
    parity_metrics(&p);
    parity_sampling(&p);
    parity_malformed(&p);
    printf("%d passed, %d failed, %d skipped\n", p.passed, p.failed, p.skipped);
    return p.failed || !p.passed;
}
