/* The driver. `fuzz` alone gives every target a short slice; see usage() for the rest. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/clock.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "tests/fuzz/fuzz.h"

const struct fuzz_target fuzz_targets[] = {
#define T(id, memory, help) {#id, fuzz_setup_##id, fuzz_run_##id, memory, help},
#include "tests/fuzz/target.def"
#undef T
};
const int fuzz_ntargets = sizeof fuzz_targets / sizeof fuzz_targets[0];

#define SLICE 300
#define CPU_SECONDS 5   /* of one case; sanitizers are slow */
#define WALL_SECONDS 60 /* one that waits for ever */

/* What the child leaves behind when it dies. */
static struct shared {
    uint64_t number, taken, refused;
    size_t size;
    char why[400];
    char data[FUZZ_INPUT_MAX];
} * shared;

const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
    return "halt_on_error=1:print_stacktrace=1";
}

/* --- for targets ---------------------------------------------------------------------------- */

void fuzz_seed(struct fuzz *f, const void *data, size_t size)
{
    if (size > FUZZ_INPUT_MAX)
        return;
    if (f->n == f->cap) {
        f->cap = f->cap ? 2 * f->cap : 16;
        f->seeds = realloc(f->seeds, (size_t)f->cap * sizeof *f->seeds);
    }
    char *copy = f->seeds ? malloc(size + 1) : NULL;
    if (!copy)
        abort();
    memcpy(copy, data, size);
    f->seeds[f->n++] = (struct fuzz_input){copy, size};
}

void fuzz_seed_text(struct fuzz *f, const char *text)
{
    fuzz_seed(f, text, strlen(text));
}

void fuzz_seed_json(struct fuzz *f, const char *text)
{
    char *copy = fuzz_text(text, strlen(text));
    for (char *p = copy; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    fuzz_seed_text(f, copy);
    free(copy);
}

static void seed_file(struct fuzz *f, const char *path, char lead)
{
    char *data;
    size_t size;
    if (file_read(path, FUZZ_INPUT_MAX - 1, &data, &size, NULL))
        return;
    memmove(data + (lead != 0), data, size);
    if (lead)
        data[0] = lead;
    fuzz_seed(f, data, size + (lead != 0));
    free(data);
}

void fuzz_seed_fixtures(struct fuzz *f, const char *dir, const char *also, char lead)
{
    char path[4096];
    struct dirent **names;
    if (!f->fixtures)
        return;
    snprintf(path, sizeof path, "%s/malformed/base/%s", f->fixtures, also ? also : "none");
    seed_file(f, path, lead);
    snprintf(path, sizeof path, "%s/malformed/%s", f->fixtures, dir);
    int n = scandir(path, &names, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/malformed/%s/%s", f->fixtures, dir, names[i]->d_name);
        if (names[i]->d_name[0] != '.')
            seed_file(f, path, lead);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
}

void fuzz_file(const char *name, const void *data, size_t size)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    struct err err = {0};
    if (fd < 0 || file_write_all(fd, data, size, name, &err) || close(fd))
        fuzz_check(0, "the fuzzer cannot write %s", name);
}

char *fuzz_text(const char *data, size_t size)
{
    size_t n = strnlen(data, size);
    char *text = malloc(n + 1);
    if (!text)
        abort();
    memcpy(text, data, n);
    text[n] = 0;
    return text;
}

void fuzz_check(int holds, const char *fmt, ...)
{
    va_list ap;
    if (holds)
        return;
    va_start(ap, fmt);
    vsnprintf(shared->why, sizeof shared->why, fmt, ap);
    va_end(ap);
    abort();
}

static void check_shown(const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        int len = utf8_decode((const unsigned char *)text + i, n - i, &cp);
        fuzz_check(len > 0, "a message that is not UTF-8 at byte %zu: %s", i, text);
        fuzz_check(!visible_is_control(cp), "a message with U+%04X in it: %s", cp, text);
        i += (size_t)len;
    }
}

int fuzz_refused(int rc, const struct err *err)
{
    if (!rc)
        return 0;
    fuzz_check(rc < 0, "an error code of %d", rc);
    fuzz_check(err->text[0] && err->code < 0, "a refusal (%d) without a sentence", rc);
    check_shown(err->text);
    return rc;
}

void fuzz_warn(void *ud, const char *text)
{
    (void)ud;
    fuzz_check(text[0], "a warning without a sentence");
    check_shown(text);
}

/* --- the child ------------------------------------------------------------------------------ */

static void too_much(int64_t bytes)
{
    fuzz_check(0, "it takes %lld MiB of memory and more for %zu bytes of input",
               (long long)(bytes >> 20), shared->size);
}

static void arm(int on)
{
    struct itimerval t = {.it_value = {on ? CPU_SECONDS : 0, 0}};
    setitimer(ITIMER_PROF, &t, NULL);
    alarm(on ? WALL_SECONDS : 0);
}

/* Runs the case; returns the bytes that are not given back. */
static int64_t run_once(const struct fuzz_target *t, int *rc)
{
    char *data = malloc(shared->size ? shared->size : 1);
    if (!data)
        abort();
    memcpy(data, shared->data, shared->size);
    int64_t before = fuzz_memory();
    fuzz_memory_limit((int64_t)t->memory << 20, too_much);
    *rc = t->run(data, shared->size);
    fuzz_memory_limit(0, NULL);
    int64_t left = fuzz_memory() - before;
    free(data);
    return t->memory ? left : 0;
}

static int next_fd(void)
{
    int fd = dup(2);
    close(fd);
    return fd;
}

static void run_case(const struct fuzz_target *t)
{
    int rc, fd = next_fd();
    int64_t left = 1;
    arm(1);
    for (int i = 0; left > 0 && i < 3; i++) /* what is kept for later is kept once */
        left = run_once(t, &rc);
    arm(0);
    fuzz_check(left <= 0, "%lld bytes of memory are not given back", (long long)left);
    fuzz_check(!t->memory || next_fd() == fd, "a file stays open");
    *(rc ? &shared->refused : &shared->taken) += 1;
}

static int child(const struct fuzz_target *t, uint64_t seed, uint64_t from, uint64_t n,
                 const char *fixtures, const struct fuzz_input *own)
{
    struct fuzz f = {.fixtures = fixtures};
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    t->setup(&f);
    fuzz_check(f.n > 0, "the target has no seed");
    for (uint64_t i = from; i < from + n; i++) {
        shared->number = i;
        shared->size = own ? own->size : fuzz_case(&f, t->name, seed, i, shared->data);
        if (own)
            memcpy(shared->data, own->data, own->size);
        run_case(t);
    }
    for (int i = 0; i < f.n; i++)
        free(f.seeds[i].data);
    free(f.seeds);
    return 0;
}

/* --- the parent ----------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static void reason(int status)
{
    int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (shared->why[0])
        return;
    if (sig == SIGPROF)
        snprintf(shared->why, sizeof shared->why, "it takes more than %d s of processor time",
                 CPU_SECONDS);
    else if (sig == SIGALRM)
        snprintf(shared->why, sizeof shared->why, "it takes more than %d s", WALL_SECONDS);
    else
        snprintf(shared->why, sizeof shared->why, sig ? "signal %d" : "exit status %d",
                 sig ? sig : WEXITSTATUS(status));
}

/* One target in a process of its own. 0 when all is well. */
static int one(const struct fuzz_target *t, uint64_t seed, uint64_t from, uint64_t n,
               const char *fixtures, const struct fuzz_input *own)
{
    char dir[64] = "/dev/shm/es-fuzz-XXXXXX", name[100];
    double start = clock_now();
    int status = -1;
    if (!mkdtemp(dir) && (strcpy(dir, "/tmp/es-fuzz-XXXXXX"), !mkdtemp(dir))) {
        fprintf(stderr, "cannot make a directory: %s\n", dir);
        return 1;
    }
    memset(shared, 0, sizeof *shared);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        exit(chdir(dir) ? 1 : child(t, seed, from, n, fixtures, own));
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return 1;
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    if (!status) {
        printf("%-18s %8llu cases: %llu taken, %llu refused, %.1f s\n", t->name,
               (unsigned long long)n, (unsigned long long)shared->taken,
               (unsigned long long)shared->refused, clock_now() - start);
        return 0;
    }
    reason(status);
    snprintf(name, sizeof name, "fuzz-%s-%llu-%llu.bin", t->name, (unsigned long long)seed,
             (unsigned long long)shared->number);
    printf("FAIL: %s, seed %llu, case %llu (%zu bytes): %s\n", t->name, (unsigned long long)seed,
           (unsigned long long)shared->number, shared->size, shared->why);
    if (!own && !file_write_atomic(name, shared->data, shared->size, NULL))
        printf("      its bytes are in %s; again: tests/fuzz/fuzz %s %llu 1 %llu\n", name, t->name,
               (unsigned long long)seed, (unsigned long long)shared->number);
    return 1;
}

static int usage(void)
{
    printf("usage: fuzz                          %d cases of every target\n"
           "       fuzz all [SEED [N]]           N cases of every target\n"
           "       fuzz TARGET [SEED [N [FROM]]] cases FROM to FROM + N - 1 of one\n"
           "       fuzz TARGET --input FILE      one case from a file\n"
           "targets:\n",
           SLICE);
    for (int i = 0; i < fuzz_ntargets; i++)
        printf("  %-18s %s\n", fuzz_targets[i].name, fuzz_targets[i].help);
    return 2;
}

static const char *find_fixtures(void)
{
    static char path[4096];
    const char *src = getenv("srcdir");
    char try[4096];
    snprintf(try, sizeof try, "%s/tests/fixtures", src ? src : "..");
    if (!realpath(try, path)) {
        printf("without seeds from %s\n", try);
        return NULL;
    }
    return path;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "all", *fixtures;
    uint64_t number[3] = {1, SLICE, 0}; /* seed, n, from */
    struct fuzz_input own = {NULL, 0};
    struct err err = {0};
    int file = argc == 4 && !strcmp(argv[2], "--input"), all = !strcmp(name, "all"), known = 0,
        bad = 0;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 1;
    if (file && file_read(argv[3], FUZZ_INPUT_MAX, &own.data, &own.size, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    for (int i = 2; !file && i < argc && i < 5; i++) {
        char *end;
        number[i - 2] = strtoull(argv[i], &end, 10);
        if (*end || end == argv[i])
            return usage();
    }
    fixtures = find_fixtures();
    for (int i = 0; i < fuzz_ntargets; i++) {
        if (!all && strcmp(name, fuzz_targets[i].name))
            continue;
        known = 1;
        bad |= one(&fuzz_targets[i], number[0], number[2], file ? 1 : number[1], fixtures,
                   file ? &own : NULL);
    }
    free(own.data);
    return known ? bad : usage();
}
