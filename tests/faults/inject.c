/* Lets a program's calls on the files of one directory fail.
 *
 *   inject [--under DIR] [--match TEXT] [--other TEXT] [--calls LIST] [--nth N] [--sticky]
 *          [--errno ENOSPC|EIO] [--kill] [--log FILE] PROGRAM ARGS...
 *
 * Counts the calls (of LIST: write,sync,rename,make; without make by default) on files whose path
 * begins with DIR, has one of the TEXTs of --match (colons between them) and none of those of
 * --other. The Nth fails with the errno, with --sticky all after it too; with --kill the program
 * gets a SIGKILL instead. Each counted call is a line of FILE: number, call, path, FAILED where so.
 *
 * The kernel asks before each call (seccomp's user notification), so calls inside of libc and
 * SQLite and of every thread are seen, in one order. Exit: the program's, 128 + signal, or 77 where
 * the kernel does not offer that. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum group { WRITE = 1, SYNC = 2, RENAME = 4, MAKE = 8 };

/* at: the argument that is a descriptor (fd) or a path; of renames the new name. */
static const struct {
    int nr, group, at, is_path;
    const char *name;
} calls[] = {
    {SYS_write, WRITE, 0, 0, "write"},
    {SYS_pwrite64, WRITE, 0, 0, "pwrite"},
    {SYS_writev, WRITE, 0, 0, "writev"},
    {SYS_pwritev, WRITE, 0, 0, "pwritev"},
    {SYS_ftruncate, WRITE, 0, 0, "ftruncate"},
    {SYS_fallocate, WRITE, 0, 0, "fallocate"},
    {SYS_fsync, SYNC, 0, 0, "fsync"},
    {SYS_fdatasync, SYNC, 0, 0, "fdatasync"},
#ifdef SYS_rename
    {SYS_rename, RENAME, 1, 1, "rename"},
#endif
#ifdef SYS_renameat
    {SYS_renameat, RENAME, 3, 1, "renameat"},
#endif
    {SYS_renameat2, RENAME, 3, 1, "renameat2"},
    {SYS_openat, MAKE, 1, 1, "open"},
#ifdef SYS_mkdir
    {SYS_mkdir, MAKE, 0, 1, "mkdir"},
#endif
    {SYS_mkdirat, MAKE, 1, 1, "mkdir"},
};
enum { CALLS = sizeof calls / sizeof *calls };

static const char *under = "", *match, *other;
static int groups = WRITE | SYNC | RENAME, sticky, error = ENOSPC, kills;
static long nth, counted;
static FILE *list;

static int die(const char *what)
{
    fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
    return 77;
}

/* --- the program ---------------------------------------------------------------------------- */

static int send_fd(int socket, int fd)
{
    char room[CMSG_SPACE(sizeof fd)] = {0}, byte = 0;
    struct iovec v = {&byte, 1};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    return sendmsg(socket, &m, 0) == 1 ? 0 : -1;
}

static int receive_fd(int socket)
{
    char room[CMSG_SPACE(sizeof(int))], byte;
    struct iovec v = {&byte, 1};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    int fd = -1;
    if (recvmsg(socket, &m, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&m))
        return -1;
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
    return fd;
}

/* From here on the kernel asks about the calls of the wanted groups. Returns the descriptor. */
static int install(void)
{
    struct sock_filter f[2 * CALLS + 2];
    unsigned short n = 0;
    f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (int i = 0; i < CALLS; i++) {
        if (!(calls[i].group & groups))
            continue;
        f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i].nr, 0, 1);
        f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    }
    f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog p = {n, f};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &p);
}

static pid_t start(char **command, int *listener)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return -1;
    pid_t pid = fork();
    if (!pid) {
        int fd = install();
        if (fd < 0 || send_fd(pair[1], fd))
            _exit(77);
        close(fd);
        execvp(command[0], command);
        _exit(127);
    }
    close(pair[1]);
    *listener = pid < 0 ? -1 : receive_fd(pair[0]);
    close(pair[0]);
    return pid;
}

/* --- who is asked --------------------------------------------------------------------------- */

static int has_one_of(const char *path, const char *texts)
{
    char copy[1024], *save = NULL;
    snprintf(copy, sizeof copy, "%s", texts);
    for (char *t = strtok_r(copy, ":", &save); t; t = strtok_r(NULL, ":", &save))
        if (strstr(path, t))
            return 1;
    return 0;
}

static void path_of(const struct seccomp_notif *q, int k, char *out, size_t size)
{
    char link[64];
    ssize_t n;
    if (calls[k].is_path) {
        snprintf(link, sizeof link, "/proc/%u/mem", q->pid);
        int fd = open(link, O_RDONLY | O_CLOEXEC);
        n = fd < 0 ? -1 : pread(fd, out, size - 1, (off_t)q->data.args[calls[k].at]);
        if (fd >= 0)
            close(fd);
    } else {
        snprintf(link, sizeof link, "/proc/%u/fd/%d", q->pid, (int)q->data.args[calls[k].at]);
        n = readlink(link, out, size - 1);
    }
    out[n < 0 ? 0 : n] = 0; /* a path in memory ends where it ends */
}

/* Whether this call is to fail. */
static int fails(const struct seccomp_notif *q)
{
    char path[PATH_MAX];
    int k = 0;
    while (k < CALLS && calls[k].nr != q->data.nr)
        k++;
    if (k == CALLS)
        return 0;
    if (calls[k].nr == SYS_openat && !(q->data.args[2] & O_CREAT))
        return 0;
    path_of(q, k, path, sizeof path);
    if (strncmp(path, under, strlen(under)) || (match && !has_one_of(path, match)) ||
        (other && has_one_of(path, other)))
        return 0;
    int hit = ++counted == nth || (sticky && nth && counted > nth);
    if (list) {
        fprintf(list, "%ld %s %s%s\n", counted, calls[k].name, path, hit ? " FAILED" : "");
        fflush(list);
    }
    return hit;
}

static void serve(int listener, pid_t pid)
{
    struct pollfd p = {.fd = listener, .events = POLLIN};
    while (poll(&p, 1, -1) > 0 || errno == EINTR) {
        struct seccomp_notif q = {0};
        struct seccomp_notif_resp a = {0};
        if (!(p.revents & POLLIN))
            return; /* nobody is left to ask */
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &q))
            continue; /* it was killed meanwhile */
        a.id = q.id;
        if (!fails(&q))
            a.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        else if (kills)
            kill(pid, SIGKILL);
        else
            a.error = -error;
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &a);
    }
}

static int parse_groups(const char *text)
{
    return (strstr(text, "write") ? WRITE : 0) | (strstr(text, "sync") ? SYNC : 0) |
           (strstr(text, "rename") ? RENAME : 0) | (strstr(text, "make") ? MAKE : 0);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"under", 1, NULL, 'u'}, {"match", 1, NULL, 'm'}, {"other", 1, NULL, 'o'}, {"calls", 1, NULL, 'c'},
        {"nth", 1, NULL, 'n'}, {"sticky", 0, NULL, 's'}, {"errno", 1, NULL, 'e'}, {"kill", 0, NULL, 'k'},
        {"log", 1, NULL, 'l'}, {NULL, 0, NULL, 0}};
    int o, listener, status = 0;
    while ((o = getopt_long(argc, argv, "+", options, NULL)) != -1) {
        switch (o) {
        case 'u': under = optarg; break;
        case 'm': match = optarg; break;
        case 'o': other = optarg; break;
        case 'c': groups = parse_groups(optarg); break;
        case 'n': nth = atol(optarg); break;
        case 's': sticky = 1; break;
        case 'e': error = strcmp(optarg, "EIO") ? ENOSPC : EIO; break;
        case 'k': kills = 1; break;
        case 'l': list = fopen(optarg, "w"); break;
        default: return 2;
        }
    }
    if (optind == argc)
        return 2;
    pid_t pid = start(argv + optind, &listener);
    if (pid < 0 || listener < 0)
        return die("no seccomp notification here");
    serve(listener, pid);
    if (waitpid(pid, &status, 0) < 0)
        return die("cannot wait");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
