/* Broken inputs: the program is run on a copy of malformed/base with one file replaced. Expected:
 * reject = exit 1 and one sentence; warn = exit 0 and a line on standard error; accept = exit 0.
 * Always: no crash, at most 5 s, no control byte on the terminal. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/file.h"
#include "tests/parity_src/parity.h"
#include "tests/parity_src/util.h"

static const char *const base_files[] = {"config.json", "model.safetensors", "vocab.txt",
                                         "tokenizer_config.json", "corpus.txt"};

static void copy(const char *from, const char *to)
{
    char *data;
    size_t size;
    if (file_read(from, 64u << 20, &data, &size, NULL))
        return;
    file_write_atomic(to, data, size, NULL);
    free(data);
}

/* Runs argv with output in DIR/out and DIR/err; returns the wait status. */
static int run(const char *dir, const char *const argv[])
{
    pid_t pid = fork();
    if (pid == 0) {
        char path[PATH_SIZE];
        struct rlimit core = {0, 0};
        setrlimit(RLIMIT_CORE, &core);
        snprintf(path, sizeof path, "%s/out", dir);
        int out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        snprintf(path, sizeof path, "%s/err", dir);
        int err = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        int in = open("/dev/null", O_RDONLY);
        dup2(in, 0);
        dup2(out, 1);
        dup2(err, 2);
        alarm(5);
        execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    return status;
}

/* Lines of a file; -1 when it holds a byte that must not reach a terminal. */
static int clean_lines(const char *dir, const char *name)
{
    char path[PATH_SIZE], *data;
    size_t size;
    int lines = 0;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (file_read(path, 64u << 20, &data, &size, NULL))
        return 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)data[i];
        if (c == '\n')
            lines++;
        else if ((c < 0x20 && c != '\t') || c == 0x7F ||
                 (c == 0xC2 && i + 1 < size && (unsigned char)data[i + 1] < 0xA0)) {
            lines = -1;
            break;
        }
    }
    free(data);
    return lines;
}

static void one(struct parity *p, const char *file, const char *kind, const char *replaces, const char *expected)
{
    char dir[] = "/tmp/es-malformed-XXXXXX", from[PATH_SIZE], to[PATH_SIZE], why[256] = "";
    const char *name = strchr(file, '/') ? strchr(file, '/') + 1 : file;
    if (!mkdtemp(dir))
        return;
    for (size_t i = 0; i < sizeof base_files / sizeof base_files[0]; i++) {
        snprintf(from, sizeof from, "%s/malformed/base/%s", p->root, base_files[i]);
        snprintf(to, sizeof to, "%s/%s", dir, base_files[i]);
        copy(from, to);
    }
    snprintf(from, sizeof from, "%s/%s", p->root, file);
    snprintf(to, sizeof to, "%s/%s", dir, replaces);
    copy(from, to);
    char vocab[64], corpus[64], ws[64];
    snprintf(vocab, sizeof vocab, "%s/vocab.txt", dir);
    snprintf(corpus, sizeof corpus, "%s/corpus.txt", dir);
    snprintf(ws, sizeof ws, "%s/ws", dir);
    char task[32];
    snprintf(task, sizeof task, "%.*s", (int)strcspn(replaces, "."), replaces); /* cola.tsv: cola */
    const char *tune[] = {p->program, "finetune", "--check", "--task", task, "--train", to, "--model",
                          dir, NULL};
    const char *inspect[] = {p->program, "inspect", "--model", dir, "--text", "the cat sat.", NULL};
    const char *pack[] = {p->program, "--workspace", ws, "corpus", "x", "--vocab", vocab, corpus, NULL};
    int is_task = !strcmp(kind, "glue") || !strcmp(kind, "squad");
    int status = run(dir, is_task ? tune : strcmp(kind, "corpus") ? inspect : pack);
    int err = clean_lines(dir, "err"), out = clean_lines(dir, "out");
    if (!WIFEXITED(status))
        snprintf(why, sizeof why, "signal %d", WTERMSIG(status));
    else if (err < 0 || out < 0)
        snprintf(why, sizeof why, "a control byte in the output");
    else {
        int code = WEXITSTATUS(status);
        int reject = strstr(expected, "reject") && code == 1 && err >= 1;
        int warn = strstr(expected, "warn") && code == 0 && err >= 1;
        int accept = strstr(expected, "accept") && code == 0;
        if (!reject && !warn && !accept)
            snprintf(why, sizeof why, "exit %d with %d lines on stderr, expected %s", code, err, expected);
    }
    if (*why)
        parity_fail(p, "malformed", name, why);
    else
        parity_pass(p, "malformed", name, expected);
    file_remove_tree(dir, NULL);
}

void parity_malformed(struct parity *p)
{
    char path[PATH_SIZE], line[1024];
    snprintf(path, sizeof path, "%s/malformed/manifest.tsv", p->root);
    FILE *f = fopen(path, "r");
    if (!f)
        return;
    if (!fgets(line, sizeof line, f))
        line[0] = 0;
    while (fgets(line, sizeof line, f)) {
        char *save = NULL, *file = strtok_r(line, "\t\n", &save), *kind = strtok_r(NULL, "\t\n", &save);
        char *replaces = strtok_r(NULL, "\t\n", &save), *expected = strtok_r(NULL, "\t\n", &save);
        if (!expected)
            continue;
        if (!p->program)
            parity_skip(p, "malformed", file, "needs --program");
        else
            one(p, file, kind, replaces, expected);
    }
    fclose(f);
}
