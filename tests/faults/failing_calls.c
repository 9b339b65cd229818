/* The n-th call of one kind on files below a folder fails: preloaded before libc (LD_PRELOAD), armed by
   fail_arm(kind, n, errno, folder) from within the process. fail_hits says how often it has failed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

int fail_hits = 0;
static char kind_[32] = "", folder_[4096] = "";
static int left_ = 0, code_ = 0;

void fail_arm(const char *kind, int number, int code, const char *folder) {
    snprintf(folder_, sizeof folder_, "%s", folder);
    snprintf(kind_, sizeof kind_, "%s", kind);
    left_ = number;
    code_ = code;
    fail_hits = 0;
}

static int ours(const char *path) { return path && !strncmp(path, folder_, strlen(folder_)); }

static int ours_fd(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return ours(path);
}

static int ours_at(int at, const char *path) {
    if (path && path[0] == '/') return ours(path);
    return at >= 0 ? ours_fd(at) : 0;
}

static int fails(const char *kind, int is_ours) {
    if (!kind_[0] || strcmp(kind, kind_) || !is_ours) return 0;
    if (__sync_sub_and_fetch(&left_, 1) != 0) return 0;
    fail_hits++;
    errno = code_;
    return 1;
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static mode_t mode_of(int flags, va_list rest) {
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;
}

#define OPEN(name)                                                    \
    int name(const char *path, int flags, ...) {                      \
        va_list rest;                                                 \
        va_start(rest, flags);                                        \
        mode_t mode = mode_of(flags, rest);                           \
        va_end(rest);                                                 \
        if (fails("open", ours(path))) return -1;                     \
        int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, #name); \
        return real(path, flags, mode);                               \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                       \
    int name(int at, const char *path, int flags, ...) {                   \
        va_list rest;                                                      \
        va_start(rest, flags);                                             \
        mode_t mode = mode_of(flags, rest);                                \
        va_end(rest);                                                      \
        if (fails("open", ours_at(at, path))) return -1;                   \
        int (*real)(int, const char *, int, ...) = dlsym(RTLD_NEXT, #name); \
        return real(at, path, flags, mode);                                \
    }
OPENAT(openat)
OPENAT(openat64)

ssize_t read(int fd, void *to, size_t size) {
    REAL(read);
    return kind_[0] && fails("read", ours_fd(fd)) ? -1 : real(fd, to, size);
}
ssize_t pread64(int fd, void *to, size_t size, off64_t at) {
    REAL(pread64);
    return kind_[0] && fails("read", ours_fd(fd)) ? -1 : real(fd, to, size, at);
}
ssize_t write(int fd, const void *from, size_t size) {
    REAL(write);
    return kind_[0] && fails("write", ours_fd(fd)) ? -1 : real(fd, from, size);
}
ssize_t pwrite64(int fd, const void *from, size_t size, off64_t at) {
    REAL(pwrite64);
    return kind_[0] && fails("write", ours_fd(fd)) ? -1 : real(fd, from, size, at);
}
int fsync(int fd) {
    REAL(fsync);
    return fails("fsync", ours_fd(fd)) ? -1 : real(fd);
}
int fdatasync(int fd) {
    REAL(fdatasync);
    return fails("fsync", ours_fd(fd)) ? -1 : real(fd);
}
int rename(const char *from, const char *to) {
    REAL(rename);
    return fails("rename", ours(to)) ? -1 : real(from, to);
}
int renameat(int a, const char *from, int b, const char *to) {
    REAL(renameat);
    return fails("rename", ours_at(b, to)) ? -1 : real(a, from, b, to);
}
int unlink(const char *path) {
    REAL(unlink);
    return fails("unlink", ours(path)) ? -1 : real(path);
}
int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    return fails("mkdir", ours(path)) ? -1 : real(path, mode);
}

#define STAT(name, type)                                              \
    int name(const char *path, struct type *to) {                     \
        int (*real)(const char *, struct type *) = dlsym(RTLD_NEXT, #name); \
        return fails("stat", ours(path)) ? -1 : real(path, to);       \
    }
STAT(stat, stat)
STAT(lstat, stat)
STAT(stat64, stat64)
STAT(lstat64, stat64)

#define FSTAT(name, type)                                             \
    int name(int fd, struct type *to) {                               \
        int (*real)(int, struct type *) = dlsym(RTLD_NEXT, #name);    \
        return kind_[0] && fails("stat", ours_fd(fd)) ? -1 : real(fd, to); \
    }
FSTAT(fstat, stat)
FSTAT(fstat64, stat64)

#define FSTATAT(name, type)                                           \
    int name(int at, const char *path, struct type *to, int flags) {  \
        int (*real)(int, const char *, struct type *, int) = dlsym(RTLD_NEXT, #name); \
        return fails("stat", ours_at(at, path)) ? -1 : real(at, path, to, flags); \
    }
FSTATAT(fstatat, stat)
FSTATAT(fstatat64, stat64)

int inotify_init(void) {
    int (*real)(void) = dlsym(RTLD_NEXT, "inotify_init");
    return fails("inotify", 1) ? -1 : real();
}
int inotify_init1(int flags) {
    int (*real)(int) = dlsym(RTLD_NEXT, "inotify_init1");
    return fails("inotify", 1) ? -1 : real(flags);
}
int inotify_add_watch(int fd, const char *path, uint32_t mask) {
    int (*real)(int, const char *, uint32_t) = dlsym(RTLD_NEXT, "inotify_add_watch");
    return fails("inotify", ours(path)) ? -1 : real(fd, path, mask);
}
