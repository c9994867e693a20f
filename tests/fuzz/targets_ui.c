/* What a user or a terminal types: filters, keys, the workbench's settings. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/err.h"
#include "src/base/visible.h"
#include "tests/fuzz/fuzz.h"
#include "ui/app/settings.h"
#include "ui/screen/runs_filter.h"
#include "ui/term/input.h"

static struct query_run run;

void fuzz_setup_filter(struct fuzz *f)
{
    static const char *const words[] = {
        "(", ")", "not ", " and ", " or ", "status:active", "loss<11", "tie:all", ">=", "!=", ":",
        "\"", "lr", "val_total_loss>1", "1/0", "412k", "tag:old", " ", NULL};
    snprintf(run.name, sizeof run.name, "base small");
    snprintf(run.tags, sizeof run.tags, "old, good");
    config_default(&run.config);
    for (int i = 0; i < METRIC_COUNT; i++)
        run.last[i] = run.val_last[i] = run.val_best[i] = run.best[i] = i % 3 ? NAN : i;
    fuzz_seed_text(f, "base status:active loss<11 (tie:all or tie:none) not tag:old");
    fuzz_seed_text(f, "steps>=1e3 and generator_size=1/4 or name:\"base small\"");
    fuzz_seed_text(f, "((((not not a))))");
    f->dict = words;
}

int fuzz_run_filter(const char *data, size_t size)
{
    struct filter f;
    char *text = fuzz_text(data, size);
    struct err err = {0};
    int rc = filter_parse(&f, text);
    fuzz_check(rc == 0 || rc == E_USAGE, "code %d", rc);
    fuzz_check(!rc || (f.bad >= 0 && (size_t)f.bad <= strlen(text)), "an error at character %d",
               f.bad);
    err_set(&err, rc, "%s", f.error);
    fuzz_refused(rc, &err);
    filter_match(&f, &run);
    free(text);
    return rc;
}

void fuzz_setup_keys(struct fuzz *f)
{
    static const char *const words[] = {
        "\x1b", "\x1b[", "\x1bO", "\x1b[200~", "\x1b[201~", "\x1b[<0;10;5M", "\x1b[<64;1;1m",
        "\x1b[1;5A", "\x1b]0;", "\x1bP", "\x1b\\", "\x07", "~", ";", "\x1b[[A", "9999999999",
        NULL};
    fuzz_seed_text(f, "!jk\x1b[A\x1b[1;5D\x1bOP\x1b[15~\x1b[Z\x1b \x7f\r\t");
    fuzz_seed_text(f, "(\x1b[200~pasted\ntext\x1b[31m\x1b[201~q\xED\x95\x9C\xC3\xA9");
    fuzz_seed_text(f, "%\x1b[<0;10;5M\x1b[<32;11;5M\x1b[<0;11;5m\x1b[<65;1;1M\x1b[M !!");
    fuzz_seed_text(f, "8\x1b]11;rgb:0000/0000/0000\x1b\\\x1bP1$r0m\x1b\\\x1b[?1;2c");
    f->dict = words;
}

/* The first byte says how the bytes come: in pieces of so many, with or without pauses. */
int fuzz_run_keys(const char *data, size_t size)
{
    struct input in = {0};
    struct key k;
    double now = 1;
    size_t step = size ? 1 + (unsigned char)data[0] % 16 : 1, at = 1, keys = 0;
    while (at < size) {
        size_t n = size - at < step ? size - at : step, took = input_feed(&in, data + at, n, now);
        at += took;
        for (int i = 0; input_next(&in, &k, now); i++) {
            keys++;
            fuzz_check(i < 4096, "no end of keys");
            fuzz_check(k.kind != KEY_PASTE || k.paste, "a paste without text");
            fuzz_check(k.kind != KEY_MOUSE ||
                           (k.y >= 0 && k.x >= 0 && k.button >= 0 && k.button <= 3),
                       "mouse at %d, %d", k.y, k.x);
            uint32_t cp;
            fuzz_check(k.kind != KEY_PRESS ||
                           (k.name[0] &&
                            utf8_decode((unsigned char *)k.name, strlen(k.name), &cp) &&
                            !visible_is_control(cp)),
                       "a key without a name");
            free(k.kind == KEY_PASTE ? k.paste : NULL);
        }
        fuzz_check(in.n < sizeof in.bytes || took, "the buffer is full and stays so");
        now += (unsigned char)data[0] & 32 ? 0.01 : 0.05;
    }
    for (int i = 0; i < 600; i++) { /* what is left is let go of */
        now += 1;
        if (!input_next(&in, &k, now))
            break;
        free(k.kind == KEY_PASTE ? k.paste : NULL);
    }
    fuzz_check(in.pasting || !in.n, "%zu bytes are never let go of", in.n);
    input_free(&in);
    return keys ? 0 : -1;
}

void fuzz_setup_settings(struct fuzz *f)
{
    static const char *const words[] = {
        "[workbench]\n", "theme = light\n", "color = never\n", "ascii = yes\n", "mouse = no\n",
        "on_event = true\n", "=", "\n", ";", NULL};
    char dir[500];
    fuzz_check(getcwd(dir, sizeof dir) && !setenv("XDG_CONFIG_HOME", dir, 1) &&
                   !mkdir("electroscope", 0700),
               "no directory");
    fuzz_seed_text(f, "[workbench]\ntheme = dark\ncolor = auto\nascii = no\nmouse = yes\ntitle = "
                      "yes\nbell = no\non_event = echo x\n");
    f->dict = words;
}

int fuzz_run_settings(const char *data, size_t size)
{
    struct settings s;
    struct err err = {0};
    fuzz_file("electroscope/config", data, size);
    settings_read(&s);
    int rc = s.error[0] ? E_USAGE : 0;
    err_set(&err, rc, "%s", s.error);
    fuzz_check(s.color >= 0 && s.color <= 2 && (s.ascii & ~1) == 0 && (s.mouse & ~1) == 0,
               "a value out of bounds");
    return fuzz_refused(rc, &err);
}
