/* What the host and its clients read: experiment files, requests, answers, manifests. */
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "experiments/client.h"
#include "experiments/estimate.h"
#include "experiments/host_int.h"
#include "experiments/lock.h"
#include "experiments/sweep.h"
#include "src/base/clock.h"
#include "src/base/file.h"
#include "tests/fuzz/fuzz.h"

static struct workspace workspace;

static void open_workspace(void)
{
    char dir[500];
    struct err err = {0};
    fuzz_check(getcwd(dir, sizeof dir - 4) &&
                   !workspace_open(&workspace, strcat(dir, "/ws"), 1, &err),
               "%s", err.text);
}

/* --- experiment files ----------------------------------------------------------------------- */

static const char *const ini_words[] = {
    "[run]\n", "[sweep]\n", "[seeds]\n", "[when]\n", "[scale.ci]\n", "preset = tiny\n",
    "mode = random\n", "draws = 5\n", "seeds = 1, 2\n", "count = 3\n", "row.a = tie=all seq=16\n",
    "generator_size = 1/4, 1/2\n", "log 1e-5 .. 1e-3", " .. ", " | ", "then", "then skip",
    "tokens = 2.4M\n", "flops = 1e12\n", "share = 0.5\n", "seq = 8:0.45,16\n", "; x\n", "\\\n",
    "=", ":", "\n", "sweep.tie = none, all\n", "skip_batches = 3-5,9\n", NULL};

static void seed_ini(struct fuzz *f)
{
    open_workspace();
    fuzz_file("text.txt", "one two three\n", 14);
    fuzz_seed_text(f, "[run]\npreset = tiny\ncorpus = text.txt\nsteps = 50\n\n"
                      "[sweep]\ntie = none, embeddings\ngenerator_size = 1/4 | 1/2\n"
                      "[seeds]\nseeds = 1, 2\n");
    fuzz_seed_text(f, "[run]\npreset = demo\ncorpus = text.txt\ntokens = 2.4M\nshare = 0.5\n"
                      "[sweep]\nrow.big = hidden_size=64 heads=4\nrow.small = hidden_size=32\n"
                      "mode = list\n[when]\na = tie=all then skip\n"
                      "b = hidden_size=32 then learning_rate=1e-3\n"
                      "[scale.ci]\nsteps = 10\nseeds = 1\nsweep.tie = all\n");
    fuzz_seed_text(f, "[run]\nflops = 1e12\ncorpus = text.txt\n[sweep]\nmode = random\ndraws = 6\n"
                      "draw_seed = 3\nlearning_rate = log 1e-5 .. 1e-3\nmask_prob = 0.1 .. 0.3\n"
                      "[seeds]\ncount = 3\n");
    f->dict = ini_words;
}

void fuzz_setup_sweep(struct fuzz *f)
{
    seed_ini(f);
}

int fuzz_run_sweep(const char *data, size_t size)
{
    struct sweep_options o = {.scale = size % 3 ? NULL : "ci"};
    struct sweep s;
    struct err err = {0};
    fuzz_file("f.ini", data, size);
    int rc = fuzz_refused(sweep_load(&s, &workspace, "f.ini", &o, &err), &err);
    if (rc)
        return rc;
    fuzz_check(s.n >= 0 && s.n <= SWEEP_RUNS_MAX, "%d runs", s.n);
    for (int i = 0; i < s.n; i++)
        fuzz_check(memchr(s.runs[i].label, 0, sizeof s.runs[i].label) && s.runs[i].row >= 0,
                   "run %d", i);
    sweep_free(&s);
    return 0;
}

void fuzz_setup_run_file(struct fuzz *f)
{
    seed_ini(f);
    fuzz_seed_text(f, "[run]\nseq = 8:.15,16:.2,32:.25,64\nbatch = 64\nsteps = 100\nskip_batches = "
                      "3-5,9\nprobe_tasks = cola\n"
                      "generator_size = 0.25\nlearning_rate = 5e-4\nname = a b\n");
}

int fuzz_run_run_file(const char *data, size_t size)
{
    struct config c, again;
    struct seq_stage stage[SEQ_STAGES_MAX];
    struct err err = {0};
    fuzz_file("f.ini", data, size);
    config_default(&c);
    int rc = fuzz_refused(config_load(&c, "f.ini", &err), &err);
    if (!rc)
        rc = fuzz_refused(config_resolve(&c, &err), &err);
    if (rc)
        return rc;
    int n = config_stages(&c, stage, &err);
    fuzz_check(n >= 1 && n <= SEQ_STAGES_MAX, "%d stages", n);
    fuzz_check(stage[0].first == 0 && stage[n - 1].end == c.steps, "stages from %ld to %ld",
               stage[0].first, stage[n - 1].end);
    config_default(&again); /* what it says of itself it takes */
    for (int i = 0; i < config_nfields; i++) {
        char value[CONFIG_TEXT];
        config_get(&c, &config_fields[i], value, sizeof value);
        fuzz_check(!config_set(&again, config_fields[i].name, value, &err), "%s", err.text);
    }
    fuzz_check(config_hash(&c) == config_hash(&again), "the configuration does not read back");
    return 0;
}

/* --- requests ------------------------------------------------------------------------------- */

static struct host *host;
static int ends[2]; /* the host's, the client's */
static struct connection connection;

static void open_host(void)
{
    struct host_options o = {.max_runs = 1, .linger = 600};
    struct err err = {0};
    host = host_open(&workspace, &o, &err);
    fuzz_check(host != NULL, "%s", err.text);
}

void fuzz_setup_request(struct fuzz *f)
{
    static const char *const words[] = {
        "\"op\":\"submit\"", "\"op\":\"branch\"", "\"op\":\"open\"", "\"op\":\"pause\"",
        "\"op\":\"resume\"", "\"op\":\"stop\"", "\"op\":\"kill\"", "\"op\":\"checkpoint\"",
        "\"op\":\"watch\"", "\"op\":\"tag\"", "\"op\":\"note\"", "\"op\":\"archive\"",
        "\"op\":\"delete\"", "\"op\":\"score\"", "\"op\":\"list\"", "\"op\":\"status\"",
        "\"op\":\"ping\"", "\"op\":\"add_scores\"", "\"run\":1", "\"run\":2", "\"text\":\"x\"",
        "\"step\":-1", "\"config\":{", "\"positions\":[1,2]", "\"scores\":[{", "\"v\":1", "{", "}",
        "[", "]", ",", "null", "\"\"", NULL};
    static const char *const seeds[] = {
        "{'v':1,'op':'submit','config':{'preset':'tiny','corpus':'none','steps':'5','name':'a'}}",
        "{'v':1,'op':'branch','run':1,'step':5,'config':{'preset':'tiny','corpus':'none'}}",
        "{'v':1,'op':'score','run':1,'text':'a [MASK] b','positions':[1,2],'seed':3,'live':true}",
        "{'v':1,'op':'score','run':1,'text':'x','step':9,'sentence':2,'fill':true}",
        "{'v':1,'op':'tag','run':1,'text':'good'}", "{'v':1,'op':'note','run':1,'text':'a note'}",
        "{'v':1,'op':'archive','run':1}", "{'v':1,'op':'delete','run':3}",
        "{'v':1,'op':'resume','run':1}", "{'v':1,'op':'watch','run':1,'seconds':2.5}",
        "{'v':1,'op':'checkpoint','run':1}", "{'v':1,'op':'open','dir':'none'}",
        "{'v':1,'op':'list'}", "{'v':1,'op':'status'}", "{'v':1,'op':'add_scores','scores':[]}",
        "{'v':1,'op':'add_scores','scores':[{'run':1,'task':'cola','metric':'f1','value':0.5}]}",
        "{'v':1,'op':'add_scores','scores':[{'kind':'tuning','run':1,'task':'cola','epoch':1,"
        "'epochs':3,'at':5,'of':9,'loss':0.5,'score':1,'left':2.5,'state':'running'}]}",
        "{'v':1,'op':'add_scores','scores':[{'kind':'mistakes','run':1,'task':'cola','seed':1,"
        "'rows':[[3,'a','b','0','1',0.9],[4,'c','','1','0',0.5]]}]}"};
    open_workspace();
    open_host();
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
        fuzz_seed_json(f, seeds[i]);
    fuzz_check(!socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "no sockets");
    connection = (struct connection){.fd = ends[0]};
    f->dict = words;
}

static int answered(void)
{
    static char text[WIRE_LINE + 1];
    double until = clock_now() + 20;
    while (connection.busy && clock_now() < until)
        clock_sleep(0.0005);
    fuzz_check(!connection.busy, "no answer after 20 s");
    ssize_t n = recv(ends[1], text, sizeof text, MSG_DONTWAIT);
    fuzz_check(n > 1 && text[n - 1] == '\n' && memchr(text, '\n', (size_t)n) == text + n - 1,
               "an answer of %zd bytes that is not one line", n);
    json_t *j = json_loadb(text, (size_t)n, JSON_REJECT_DUPLICATES, NULL);
    json_t *ok = json_object_get(j, "ok");
    const char *sentence = json_string_value(json_object_get(j, "error"));
    fuzz_check(json_is_boolean(ok), "an answer that does not say ok: %s", text);
    struct err err = {E_FAIL, ""};
    snprintf(err.text, sizeof err.text, "%s", sentence ? sentence : "");
    int rc = fuzz_refused(json_is_true(ok) ? 0 : E_FAIL, &err);
    json_decref(j);
    return rc;
}

/* A host that has grown old is given up with all it stored. */
static void renew(void)
{
    int jobs = 0;
    for (struct job *j = host->jobs; j; j = j->next)
        jobs++;
    if (jobs < 100 && !host->stopping)
        return;
    host_close(host);
    unlink(workspace.db);
    open_host();
}

int fuzz_run_request(const char *data, size_t size)
{
    char *line = malloc(size + 1);
    if (!line)
        abort();
    for (size_t i = 0; i < size; i++) /* one line; and no way to a file that is not ours */
        line[i] = data[i] == '/' || data[i] == '\n' ? '.' : data[i];
    host_answer(host, &connection, line, size);
    free(line);
    int rc = answered();
    connection.close = 0;
    renew();
    return rc;
}

/* --- what clients read ---------------------------------------------------------------------- */

static struct {
    char data[FUZZ_INPUT_MAX]; /* the thread may look at it after the client has left */
    size_t size;
    int fd;
} reply;

static void *serve(void *ud)
{
    char request[4096];
    for (;;) {
        int fd = accept(reply.fd, NULL, NULL);
        if (fd < 0)
            return ud;
        if (recv(fd, request, sizeof request, 0) > 0 &&
            send(fd, reply.data, reply.size, MSG_NOSIGNAL) < 0)
            request[0] = 0; /* the client has left */
        close(fd);
    }
}

void fuzz_setup_answer(struct fuzz *f)
{
    static const char *const words[] = {
        "\"ok\":true", "\"ok\":false", "\"error\":\"x\"", "\"code\":-9", "\"code\":-99999999999",
        "\"pid\":1", "\n", "{", "}", "\\u001b", NULL};
    struct wire w;
    struct err err = {0};
    pthread_t thread;
    open_workspace();
    fuzz_check(!wire_listen(&w, workspace.sock, &err), "%s", err.text);
    reply.fd = w.fd;
    fuzz_check(!fcntl(w.fd, F_SETFL, 0), "no waiting");
    fuzz_seed_text(f, "{\"ok\":true,\"run\":5,\"runs\":[]}\n");
    fuzz_seed_text(f,
                   "{\"ok\":false,\"error\":\"run 7 is not at work in this host\",\"code\":-8}\n");
    fuzz_seed_text(f,
                   "{\"v\":1,\"pid\":77,\"boot_id\":\"a-b\",\"host\":\"here\",\"started\":1.5}\n");
    f->dict = words;
    fuzz_check(!pthread_create(&thread, NULL, serve, NULL), "no thread");
    pthread_detach(thread);
}

int fuzz_run_answer(const char *data, size_t size)
{
    struct lock_info who;
    struct err err = {0};
    json_t *out = NULL;
    fuzz_file("lock", data, size);
    if (!lock_read("lock", &who))
        fuzz_check(who.pid > 0, "a lock of process %ld", who.pid);
    memcpy(reply.data, data, size);
    reply.size = size;
    int rc = client_ask(&workspace, json_pack("{s:i}", "v", 1), &out, &err);
    json_decref(out);
    return fuzz_refused(rc, &err);
}

void fuzz_setup_manifest_list(struct fuzz *f)
{
    open_workspace();
    char dir[1200];
    snprintf(dir, sizeof dir, "%s/x", workspace.corpora);
    fuzz_check(!file_mkdirs(dir, NULL), "no directory");
    fuzz_seed_text(f, "{\"version\":1,\"hash\":\"00ff\",\"train_tokens\":5000,\"documents\":20,"
                      "\"vocab_size\":2048}");
    fuzz_seed_text(f, "{\"train_tokens\":-1,\"documents\":1e3,\"vocab_size\":\"x\"}");
}

int fuzz_run_manifest_list(const char *data, size_t size)
{
    struct packed_corpus *list;
    struct err err = {0};
    char path[1200];
    snprintf(path, sizeof path, "%s/x/manifest.json", workspace.corpora);
    fuzz_file(path, data, size);
    int n = estimate_corpora(&workspace, &list, &err);
    fuzz_refused(n < 0 ? n : 0, &err);
    if (n == 1) {
        fuzz_check(list[0].tokens >= 0 && list[0].documents >= 0 && list[0].vocab >= 0,
                   "%lld tokens, %lld documents, %d words", (long long)list[0].tokens,
                   (long long)list[0].documents, list[0].vocab);
    }
    free(list);
    return n == 1 ? 0 : -1;
}
