/* See util.h. */
#include "tests/parity_src/util.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int has_group(const char *root, const char *group)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", root, group);
    return file_exists(path);
}

char **list_cases(const char *root, const char *group)
{
    char path[PATH_SIZE];
    char **names = calloc(4096, sizeof *names);
    int n = 0;
    snprintf(path, sizeof path, "%s/%s", root, group);
    DIR *d = opendir(path);
    struct dirent *e;
    while (names && d && (e = readdir(d)) && n < 4095)
        if (e->d_name[0] != '.')
            names[n++] = strdup(e->d_name);
    if (d)
        closedir(d);
    if (names)
        qsort(names, (size_t)n, sizeof *names, by_name);
    return names;
}

void free_cases(char **names)
{
    for (int i = 0; names && names[i]; i++)
        free(names[i]);
    free(names);
}

int case_text(const char *dir, const char *key, char *out, size_t size)
{
    char path[PATH_SIZE], line[512];
    snprintf(path, sizeof path, "%s/case.tsv", dir);
    FILE *f = fopen(path, "r");
    int found = 0;
    while (f && !found && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\r\n")] = 0;
        char *tab = strchr(line, '\t');
        if (!tab)
            continue;
        *tab = 0;
        if (!strcmp(line, key)) {
            snprintf(out, size, "%s", tab + 1);
            found = 1;
        }
    }
    if (f)
        fclose(f);
    return found;
}

double case_number(const char *dir, const char *key, double def)
{
    char text[128];
    return case_text(dir, key, text, sizeof text) ? strtod(text, NULL) : def;
}

float *tensor_floats(const struct safetensors *s, const char *name, size_t *n)
{
    const struct st_tensor *t = st_find(s, name);
    float *out = t ? malloc((t->elements + 1) * sizeof *out) : NULL;
    if (!out || st_floats(t, out, NULL, NULL)) {
        free(out);
        return NULL;
    }
    if (n)
        *n = t->elements;
    return out;
}

int32_t *tensor_ints(const struct safetensors *s, const char *name, size_t *n)
{
    const struct st_tensor *t = st_find(s, name);
    int32_t *out = t ? malloc((t->elements + 1) * sizeof *out) : NULL;
    if (!out || st_ints(t, out, NULL)) {
        free(out);
        return NULL;
    }
    if (n)
        *n = t->elements;
    return out;
}

double scalar_at(const char *dir, int row, const char *column)
{
    char path[PATH_SIZE], line[1024];
    snprintf(path, sizeof path, "%s/scalars.tsv", dir);
    FILE *f = fopen(path, "r");
    int at = -1;
    double value = NAN;
    for (int i = -1; f && fgets(line, sizeof line, f); i++) {
        char *save = NULL, *rest = line;
        int c = 0;
        for (char *cell; (cell = strtok_r(rest, "\t\r\n", &save)); rest = NULL, c++) {
            if (i < 0 && !strcmp(cell, column))
                at = c;
            if (i == row && c == at)
                value = strtod(cell, NULL);
        }
    }
    if (f)
        fclose(f);
    return value;
}

void worst_add(struct worst *w, double measured, double tolerance, const char *what)
{
    double ratio = measured / tolerance;
    if (!(ratio <= w->ratio)) {
        w->ratio = isnan(ratio) ? INFINITY : ratio;
        snprintf(w->what, sizeof w->what, "%s", what);
    }
}
