/* What the tests of the Launch screen share. See launch_rig.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "src/base/file.h"
#include "tests/unit/ui/launch_rig.h"

char dir[64];

int setup(void **state)
{
    static const char manifest[] = "{\"version\":1,\"vocab_size\":36,\"train_tokens\":1250000,"
                                   "\"documents\":900}";
    char path[200];
    (void)state;
    strcpy(dir, "test_launch.XXXXXX");
    setenv("TZ", "UTC", 1);
    if (!mkdtemp(dir) || fixture_make(dir) || fixture_tokens(dir))
        return -1;
    snprintf(path, sizeof path, "%s/corpora/wiki/manifest.json", dir);
    return file_write_atomic(path, manifest, strlen(manifest), NULL);
}

int teardown(void **state)
{
    (void)state;
    return file_remove_tree(dir, NULL);
}

struct app *start(struct app_args *args)
{
    struct app *a = fixture_app(dir, "Launch", args);
    assert_non_null(a);
    return a;
}

struct launch *form(struct app *a)
{
    return app_self(a);
}

void finish(struct app *a)
{
    struct draft none;
    memset(&none, 0, sizeof none);
    draft_save(&none, a);
    app_free(a);
}

int shows(struct app *a, int h, int w, const char *what)
{
    char *text = fixture_text(a, h, w);
    int found = strstr(text, what) != NULL;
    if (!found)
        fprintf(stderr, "not shown: %s\n%s", what, text);
    free(text);
    return found;
}

void put(struct draft *d, int field, const char *text)
{
    struct err err = { 0 };
    if (draft_put(d, field, text, &err))
        fail_msg("%s: %s", config_fields[field].name, err.text);
}

void stand_still(struct launch *s)
{
    s->machine.memory_free = 8e9;
    s->cost.memory = 230000000;
    s->cost.seconds = 754;
    for (int i = 0; i < s->runs.n; i++)
        s->cost.plan.items[i].seconds = 125;
    snprintf(s->cost.source, sizeof s->cost.source, "by the speed of run 9 (other sizes): 20.0 GFLOP/s");
    str_clear(&s->command);
    str_add(&s->command, s->runs.n > 1 ? "electroscope sweep /dev/stdin <<'END'\n[run]\npreset = tiny\n"
                                       : "electroscope train --preset tiny --corpus wiki");
}
