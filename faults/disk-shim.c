/*
 * A disk that can be watched and can fail, for LD_PRELOAD under Node: every change of a file below
 * one folder is written to a trace in its true order, and any of them can be made to fail with a
 * chosen error. Syncs are believed, not done: what they promise is judged from the trace.
 *
 * Files whose name begins with a dot are watched and never fail.
 *
 * Environment: HEATPOOL_DISK, the folder. Commands are writes to a file in it named ".control":
 *   trace <file>   from here on changes are traced to this file (outside of the folder)
 *   end            no more tracing
 *   fail <after> <count> <errno> <kinds> <torn>
 *                  the next <after> changes of these kinds succeed, then <count> fail
 *                  (kinds: c create, w write, s sync, r rename, u unlink; torn 1: half is written)
 *   tell <file>    writes "<changes seen> <changes failed>" since the last "fail" to this file
 *
 * One record of the trace, little-endian: kind (1 byte), length of path (2), length of second path
 * (2), offset (8), length of data (4), then path, second path, data.
 * Kinds: C created or emptied, W written, S synced, X sync failed, R renamed, U removed, D folder
 * made, T cut to a length.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 4096
#define PATH_MAX_ 1024

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static char folder[PATH_MAX_];
static size_t folder_length;
static char *path_of[FDS];
static FILE *trace;
static long fail_after = -1, fail_count, seen, failed;
static int fail_errno, fail_torn;
static char fail_kinds[16];

#define REAL(name) ((__typeof__(&name))real(#name))
static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void begin(void) {
  const char *given = getenv("HEATPOOL_DISK");
  if (given == NULL) return;
  snprintf(folder, sizeof folder, "%s/", given);
  folder_length = strlen(folder);
}

static int is_ours(const char *path) {
  return folder_length > 0 && path != NULL && strncmp(path, folder, folder_length) == 0;
}

static int is_control(const char *path) {
  return is_ours(path) && strcmp(path + folder_length, ".control") == 0;
}

static const char *ours(int fd) {
  return fd >= 0 && fd < FDS ? path_of[fd] : NULL;
}

static void note(char kind, const char *path, const char *second, int64_t offset,
                 const void *data, uint32_t length) {
  if (trace == NULL) return;
  const char *a = is_ours(path) ? path + folder_length : path;
  const char *b = second == NULL ? "" : is_ours(second) ? second + folder_length : second;
  uint16_t a_length = (uint16_t)strlen(a), b_length = (uint16_t)strlen(b);
  fputc(kind, trace);
  fwrite(&a_length, 2, 1, trace);
  fwrite(&b_length, 2, 1, trace);
  fwrite(&offset, 8, 1, trace);
  fwrite(&length, 4, 1, trace);
  fwrite(a, 1, a_length, trace);
  fwrite(b, 1, b_length, trace);
  if (length > 0 && data != NULL) fwrite(data, 1, length, trace);
}

/* Whether this change is to fail. */
static int fails(char kind, const char *path) {
  const char *name = path == NULL ? NULL : strrchr(path, '/');
  if (fail_after < 0 || strchr(fail_kinds, kind) == NULL) return 0;
  if (name != NULL && name[1] == '.') return 0;
  seen++;
  if (seen <= fail_after || failed >= fail_count) return 0;
  failed++;
  return 1;
}

static void obey(const char *text, size_t length) {
  char line[PATH_MAX_], path[PATH_MAX_];
  snprintf(line, sizeof line, "%.*s", (int)length, text);
  if (sscanf(line, "trace %1023s", path) == 1) {
    if (trace != NULL) fclose(trace);
    trace = fopen(path, "w");
  } else if (strncmp(line, "end", 3) == 0) {
    if (trace != NULL) fclose(trace);
    trace = NULL;
  } else if (sscanf(line, "fail %ld %ld %d %15s %d", &fail_after, &fail_count, &fail_errno,
                    fail_kinds, &fail_torn) == 5) {
    seen = failed = 0;
  } else if (sscanf(line, "tell %1023s", path) == 1) {
    FILE *file = fopen(path, "w");
    if (file != NULL) {
      fprintf(file, "%ld %ld", seen, failed);
      fclose(file);
    }
  }
}

static int open_with(int (*call)(const char *, int, ...), const char *path, int flags, mode_t mode) {
  if (!is_ours(path)) return call(path, flags, mode);
  pthread_mutex_lock(&lock);
  struct stat before;
  int is_new = (flags & O_CREAT) != 0 && stat(path, &before) != 0;
  int is_change = is_new || (flags & O_TRUNC) != 0;
  int fd = -1;
  if (is_change && fails('c', path)) {
    errno = fail_errno;
  } else {
    fd = call(path, flags, mode);
    if (fd >= 0 && fd < FDS) {
      free(path_of[fd]);
      path_of[fd] = strdup(path);
      if (is_change && !is_control(path)) note('C', path, NULL, 0, NULL, 0);
    }
  }
  int error = errno;
  pthread_mutex_unlock(&lock);
  errno = error;
  return fd;
}

#define OPEN(name)                                   \
  int name(const char *path, int flags, ...) {       \
    va_list more;                                    \
    va_start(more, flags);                           \
    mode_t mode = (mode_t)va_arg(more, int);         \
    va_end(more);                                    \
    return open_with(REAL(name), path, flags, mode); \
  }
OPEN(open)
OPEN(open64)


/* LevelDB writes through stdio. Its own info log tells nothing and is left alone. */
static FILE *fopen_with(FILE *(*call)(const char *, const char *), const char *path,
                        const char *mode) {
  const char *name = path == NULL ? NULL : strrchr(path, '/');
  if (!is_ours(path) || mode[0] == 'r' || (name != NULL && strcmp(name, "/LOG") == 0))
    return call(path, mode);
  pthread_mutex_lock(&lock);
  struct stat before;
  int is_change = mode[0] == 'w' || stat(path, &before) != 0;
  FILE *file = NULL;
  if (is_change && fails('c', path)) {
    errno = fail_errno;
  } else {
    file = call(path, mode);
    int fd = file == NULL ? -1 : fileno(file);
    if (fd >= 0 && fd < FDS) {
      free(path_of[fd]);
      path_of[fd] = strdup(path);
      if (is_change) note('C', path, NULL, 0, NULL, 0);
    }
  }
  int error = errno;
  pthread_mutex_unlock(&lock);
  errno = error;
  return file;
}

FILE *fopen(const char *path, const char *mode) { return fopen_with(REAL(fopen), path, mode); }
FILE *fopen64(const char *path, const char *mode) { return fopen_with(REAL(fopen64), path, mode); }

static void forget(int fd) {
  if (ours(fd) == NULL) return;
  pthread_mutex_lock(&lock);
  free(path_of[fd]);
  path_of[fd] = NULL;
  pthread_mutex_unlock(&lock);
}

int fclose(FILE *file) {
  forget(fileno(file));
  return REAL(fclose)(file);
}

int close(int fd) {
  forget(fd);
  return REAL(close)(fd);
}

/* `offset` -1: at the end of what was written so far. */
static ssize_t write_with(int fd, const void *data, size_t length, off_t offset) {
  const char *path = ours(fd);
  if (is_control(path)) {
    obey(data, length);
    return (ssize_t)length;
  }
  off_t at = offset;
  if (at < 0) {
    int flags = fcntl(fd, F_GETFL);
    at = (flags & O_APPEND) != 0 ? lseek(fd, 0, SEEK_END) : lseek(fd, 0, SEEK_CUR);
  }
  int is_failing = fails('w', path);
  if (is_failing && fail_torn && length > 1) length /= 2;
  else if (is_failing) length = 0;
  ssize_t written = 0;
  if (length > 0)
    written = offset < 0 ? REAL(write)(fd, data, length) : REAL(pwrite)(fd, data, length, offset);
  if (written > 0) note('W', path, NULL, at, data, (uint32_t)written);
  if (is_failing) {
    errno = fail_errno;
    return -1;
  }
  return written;
}

static ssize_t write_locked(int fd, const void *data, size_t length, off_t offset) {
  pthread_mutex_lock(&lock);
  ssize_t written = write_with(fd, data, length, offset);
  int error = errno;
  pthread_mutex_unlock(&lock);
  errno = error;
  return written;
}

ssize_t write(int fd, const void *data, size_t length) {
  return ours(fd) == NULL ? REAL(write)(fd, data, length) : write_locked(fd, data, length, -1);
}

/* Without stdio's buffer: what LevelDB handed over is seen piece by piece. */
size_t (fwrite_unlocked)(const void *data, size_t size, size_t count, FILE *file) {
  int fd = fileno(file);
  if (ours(fd) == NULL) return ((size_t (*)(const void *, size_t, size_t, FILE *))real("fwrite_unlocked"))(data, size, count, file);
  ssize_t written = size * count == 0 ? 0 : write_locked(fd, data, size * count, -1);
  return written == (ssize_t)(size * count) ? count : 0;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) {
  return ours(fd) == NULL ? REAL(pwrite)(fd, data, length, offset)
                          : write_locked(fd, data, length, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
  return ours(fd) == NULL ? REAL(pwrite64)(fd, data, length, offset)
                          : write_locked(fd, data, length, offset);
}

static ssize_t write_all(int fd, const struct iovec *parts, int count, off_t offset) {
  pthread_mutex_lock(&lock);
  ssize_t sum = 0;
  for (int k = 0; k < count; k++) {
    ssize_t written =
        write_with(fd, parts[k].iov_base, parts[k].iov_len, offset < 0 ? -1 : offset + sum);
    if (written < 0) {
      if (sum == 0) sum = -1;
      break;
    }
    sum += written;
  }
  int error = errno;
  pthread_mutex_unlock(&lock);
  errno = error;
  return sum;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  return ours(fd) == NULL ? REAL(writev)(fd, parts, count) : write_all(fd, parts, count, -1);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
  return ours(fd) == NULL ? REAL(pwritev)(fd, parts, count, offset)
                          : write_all(fd, parts, count, offset);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
  return ours(fd) == NULL ? REAL(pwritev64)(fd, parts, count, offset)
                          : write_all(fd, parts, count, offset);
}

static int sync_with(int fd) {
  pthread_mutex_lock(&lock);
  int result = 0;
  if (fails('s', ours(fd))) {
    note('X', ours(fd), NULL, 0, NULL, 0);
    result = -1;
  } else {
    note('S', ours(fd), NULL, 0, NULL, 0);
  }
  pthread_mutex_unlock(&lock);
  if (result != 0) errno = fail_errno;
  return result;
}

int fsync(int fd) { return ours(fd) == NULL ? REAL(fsync)(fd) : sync_with(fd); }
int fdatasync(int fd) { return ours(fd) == NULL ? REAL(fdatasync)(fd) : sync_with(fd); }

int ftruncate(int fd, off_t length) {
  if (ours(fd) == NULL) return REAL(ftruncate)(fd, length);
  pthread_mutex_lock(&lock);
  int result = REAL(ftruncate)(fd, length);
  if (result == 0) note('T', ours(fd), NULL, length, NULL, 0);
  pthread_mutex_unlock(&lock);
  return result;
}

int rename(const char *from, const char *to) {
  if (!is_ours(from)) return REAL(rename)(from, to);
  pthread_mutex_lock(&lock);
  int result = -1;
  if (fails('r', from)) errno = fail_errno;
  else result = REAL(rename)(from, to);
  if (result == 0) note('R', from, to, 0, NULL, 0);
  int error = errno;
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}

static int remove_with(int (*call)(const char *), const char *path) {
  pthread_mutex_lock(&lock);
  int result = -1;
  if (fails('u', path)) errno = fail_errno;
  else result = call(path);
  if (result == 0) note('U', path, NULL, 0, NULL, 0);
  int error = errno;
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}

int unlink(const char *path) {
  return is_ours(path) ? remove_with(REAL(unlink), path) : REAL(unlink)(path);
}

int rmdir(const char *path) {
  return is_ours(path) ? remove_with(REAL(rmdir), path) : REAL(rmdir)(path);
}

int mkdir(const char *path, mode_t mode) {
  if (!is_ours(path)) return REAL(mkdir)(path, mode);
  pthread_mutex_lock(&lock);
  int result = REAL(mkdir)(path, mode);
  if (result == 0) note('D', path, NULL, 0, NULL, 0);
  int error = errno;
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}
