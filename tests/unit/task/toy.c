/* See toy.h. */
#include "tests/unit/task/toy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/file.h"
#include "src/base/rng.h"

static const char *const nouns[] = {"cat", "dog", "hat", "box", "tree", "moon", "fish", "boat"};
static const char *const places[] = {"rome", "oslo", "lima", "cairo", "paris", "delhi", "quito", "seoul"};

static unsigned draw(unsigned n, unsigned a, unsigned b)
{
    return rng_u32(77, RNG_TEST, 3, a, b) % n;
}

void toy_write(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    if (!f || fputs(text, f) < 0 || fclose(f))
        abort();
}

void toy_model(const char *dir)
{
    char path[512];
    file_mkdirs(dir, NULL);
    snprintf(path, sizeof path, "%s/vocab.txt", dir);
    FILE *f = fopen(path, "w");
    if (!f)
        abort();
    fputs("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n", f);
    int n = 5;
    for (char c = 33; c < 127; c++)
        if (c < 'A' || c > 'Z') {
            fprintf(f, "%c\n", c);
            n++;
        }
    for (char c = 'a'; c <= 'z'; c++, n++)
        fprintf(f, "##%c\n", c);
    for (int i = 0; i < 8; i++, n += 2)
        fprintf(f, "%s\n%s\n", nouns[i], places[i]);
    fputs("good\nbad\nis\nin\nwhere\nthe\n", f);
    fclose(f);
    char text[1024];
    snprintf(path, sizeof path, "%s/config.json", dir);
    snprintf(text, sizeof text,
             "{\"architectures\": [\"ElectraForPreTraining\"], \"model_type\": \"electra\", "
             "\"vocab_size\": %d, \"embedding_size\": 16, \"hidden_size\": 32, \"num_hidden_layers\": 2, "
             "\"num_attention_heads\": 2, \"intermediate_size\": 64, \"hidden_act\": \"gelu\", "
             "\"max_position_embeddings\": 64, \"type_vocab_size\": 2, \"pad_token_id\": 0}", n + 6);
    toy_write(path, text);
}

static FILE *open_part(const char *dir, int dev)
{
    char path[512];
    file_mkdirs(dir, NULL);
    snprintf(path, sizeof path, "%s/%s.tsv", dir, dev ? "dev" : "train");
    FILE *f = fopen(path, "w");
    if (!f)
        abort();
    return f;
}

void toy_cola(const char *dir, int train, int dev)
{
    for (int part = 0; part < 2; part++) {
        FILE *f = open_part(dir, part);
        for (int i = 0; i < (part ? dev : train); i++) {
            unsigned at = (unsigned)(i + 10000 * part), good = draw(2, at, 0);
            fprintf(f, "x\t%u\t\tthe %s is", good, nouns[draw(8, at, 1)]);
            for (unsigned k = draw(6, at, 2); k > 0; k--)
                fprintf(f, " %s", places[draw(8, at, 10 + k)]);
            fprintf(f, " %s .\n", good ? "good" : "bad");
        }
        fclose(f);
    }
}

void toy_stsb(const char *dir, int train, int dev)
{
    for (int part = 0; part < 2; part++) {
        FILE *f = open_part(dir, part);
        fputs("index\tgenre\tfilename\tyear\told\tsource1\tsource2\tsentence1\tsentence2\tscore\n", f);
        for (int i = 0; i < (part ? dev : train); i++) {
            unsigned at = (unsigned)(i + 10000 * part), score = draw(6, at, 0);
            fprintf(f, "%d\tg\tf\t1\t0\tn\tn\tthe %s", i, nouns[draw(8, at, 1)]);
            for (unsigned k = 0; k < score; k++)
                fputs(" good", f);
            fprintf(f, "\tthe %s\t%u.0\n", nouns[draw(8, at, 2)], score);
        }
        fclose(f);
    }
}

void toy_squad(const char *path, int questions, int v2)
{
    FILE *f = fopen(path, "w");
    if (!f)
        abort();
    fprintf(f, "{\"version\": \"%s\", \"data\": [{\"title\": \"t\", \"paragraphs\": [", v2 ? "v2.0" : "1.1");
    for (int i = 0; i < questions; i++) {
        unsigned at = (unsigned)i, n = draw(8, at, 0), p = draw(8, at, 1), lead = draw(4, at, 2);
        int none = v2 && i % 3 == 2;
        char context[400] = "";
        for (unsigned k = 0; k < lead; k++)
            strcat(context, "the hat is good . ");
        size_t start = strlen(context) + strlen(nouns[n]) + 7;
        snprintf(context + strlen(context), sizeof context - strlen(context),
                 "%s is in %s . the box is bad .", nouns[n], places[p]);
        fprintf(f, "%s{\"context\": \"%s\", \"qas\": [{\"id\": \"q%d\", \"question\": \"where is %s ?\"",
                i ? ", " : "", context, i, none ? "paris" : nouns[n]);
        if (v2)
            fprintf(f, ", \"is_impossible\": %s", none ? "true" : "false");
        if (none)
            fputs(", \"answers\": []}]}", f);
        else
            fprintf(f, ", \"answers\": [{\"text\": \"%s\", \"answer_start\": %zu}]}]}", places[p], start);
    }
    fputs("]}]}\n", f);
    fclose(f);
}
