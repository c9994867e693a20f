/* WORKSPACE/host.lock: flock, with JSON inside that says who holds it. The kernel drops the lock
 * when its holder dies, so a stale file is simply taken over. */
#ifndef ES_EXPERIMENTS_LOCK_H
#define ES_EXPERIMENTS_LOCK_H

struct err;
struct lock_info {
    long pid;          /* 0: unknown */
    char boot_id[64], host[65];
    double started;    /* UTC */
};
/* Tries for `wait` seconds. Returns 0 and a descriptor to keep, or E_BUSY naming the holder. */
int lock_take(const char *path, double wait, int *fd, struct err *err);
/* Nobody is named in the file any more. */
void lock_release(int fd);
/* What the file says, whether or not it is held. */
int lock_read(const char *path, struct lock_info *out);
/* "" where the kernel does not tell. */
void lock_boot_id(char out[64]);
#endif
