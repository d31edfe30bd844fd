/* The one program of ours inside a container, in two roles that never share a user id:

     launcher keep   the container's main process. Takes the files on stdin and writes them under
                     /box, which only its own uid may write. Tells when the program was executed,
                     when it died, and passes on what it printed when stdout is needed elsewhere.
     launcher run    an exec'd process of the program's uid. Waits for one job on stdin, takes on
                     the limits and the system call filter, and becomes the program.

   Neither has any capability. The keeper's words are framed (kind, length, bytes) and trusted: the
   program cannot signal, trace or impersonate it. The two meet over two FIFOs that are opened and
   unlinked before any job arrives, so a program never sees their names.
   When the owner of the container dies, the keeper's stdin ends and everything dies with it. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BIRTH "/keep/birth"
#define REPORT "/keep/report"
#define MEETING_SECONDS 60
#define LOOK_MILLISECONDS 5 /* where the kernel has no pidfd */
#define NAME_MAX_BYTES 4096
#define JOB_MAX_BYTES (1 << 20)

enum { PROGRAM = 0, EXAMINER = 1, CANDIDATE = 2 };

static void read_all(int fd, void *into, size_t left) {
    char *at = into;
    while (left > 0) {
        ssize_t got = read(fd, at, left);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            _exit(0); /* our owner is gone */
        at += got;
        left -= (size_t)got;
    }
}

static int write_all(int fd, const void *from, size_t left) {
    const char *at = from;
    while (left > 0) {
        ssize_t put = write(fd, at, left);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return -1;
        at += put;
        left -= (size_t)put;
    }
    return 0;
}

static uint32_t read_u32(int fd) {
    unsigned char raw[4];
    read_all(fd, raw, sizeof raw);
    return raw[0] | (uint32_t)raw[1] << 8 | (uint32_t)raw[2] << 16 | (uint32_t)raw[3] << 24;
}

static void wait_a_little(void) {
    struct timespec pause = {0, 1000000};
    nanosleep(&pause, NULL);
}

/* ---- keep ---------------------------------------------------------------------------------- */

static void tell(char kind, const void *data, uint32_t size) {
    unsigned char head[5] = {(unsigned char)kind, size & 255, size >> 8 & 255, size >> 16 & 255,
                             size >> 24};
    if (write_all(1, head, sizeof head) || write_all(1, data, size))
        _exit(0);
}

static void complain(const char *step) {
    char text[64];
    int size = snprintf(text, sizeof text, "%s: errno %d", step, errno);
    tell('!', text, (uint32_t)size);
    _exit(1);
}

static void make_parents(char *path) {
    for (char *slash = strchr(path + 5, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(path, 0755) && errno != EEXIST)
            complain("folder");
        *slash = '/';
    }
}

/* Records of (name size, name, mode, content size, content); a name of no bytes ends them. */
static void take_files(void) {
    static char block[65536];
    char path[5 + NAME_MAX_BYTES + 1] = "/box/";
    uint32_t name;
    while ((name = read_u32(0)) != 0) {
        if (name > NAME_MAX_BYTES)
            _exit(1);
        read_all(0, path + 5, name);
        path[5 + name] = 0;
        make_parents(path);
        mode_t mode = (mode_t)read_u32(0);
        uint32_t left = read_u32(0);
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
            complain("file");
        while (left > 0) {
            uint32_t part = left < sizeof block ? left : sizeof block;
            read_all(0, block, part);
            if (write_all(fd, block, part))
                complain("file content");
            left -= part;
        }
        if (fchmod(fd, mode) || close(fd))
            complain("file mode");
    }
    tell('F', "", 0);
}

static int meet(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC); /* until the runner opens the other end */
    if (fd < 0 || unlink(path))
        complain("meeting");
    return fd;
}

static int is_dead(pid_t pid) { return kill(pid, 0) != 0 && errno == ESRCH; }

static int keep(void) {
    static char block[65536];
    char failure[256];
    uint32_t failed = 0;
    umask(0);
    signal(SIGPIPE, SIG_IGN);
    if (mkfifo(REPORT, 0622) || mkfifo(BIRTH, 0622))
        complain("fifo");
    alarm(MEETING_SECONDS);
    struct pollfd watched[4] = {{0, POLLIN, 0}, {meet(BIRTH), POLLIN, 0}};
    watched[2] = (struct pollfd){meet(REPORT), POLLIN, 0};
    alarm(0);
    pid_t pid = (pid_t)read_u32(watched[1].fd);
    watched[3] = (struct pollfd){(int)syscall(SYS_pidfd_open, pid, 0), POLLIN, 0};
    int blind = watched[3].fd < 0, born = 0, dead = 0;
    tell('R', "", 0);
    for (;;) {
        int patience = blind && born && !dead ? LOOK_MILLISECONDS : -1;
        if (poll(watched, 4, patience) < 0 && errno != EINTR)
            _exit(1);
        if (watched[1].revents) {
            ssize_t got = read(watched[1].fd, failure + failed, sizeof failure - failed);
            if (got > 0)
                failed += (uint32_t)got;
            if (got <= 0 || failed == sizeof failure) {
                close(watched[1].fd);
                watched[1].fd = -1;
                tell('B', failure, failed);
                born = 1;
            }
        }
        if (watched[2].revents) {
            ssize_t got = read(watched[2].fd, block, sizeof block);
            if (got > 0)
                tell('O', block, (uint32_t)got);
            else {
                close(watched[2].fd);
                watched[2].fd = -1;
                tell('E', "", 0);
            }
        }
        if (!dead && (blind ? born && is_dead(pid) : watched[3].revents != 0)) {
            if (!blind)
                close(watched[3].fd);
            watched[3].fd = -1;
            dead = 1;
            tell('X', "", 0);
        }
        if (watched[0].revents)
            take_files(); /* or the end of our owner */
    }
}

/* ---- run ----------------------------------------------------------------------------------- */

static int birth;

static void fail(const char *step) {
    char text[64];
    int size = snprintf(text, sizeof text, "%s: errno %d", step, errno);
    (void)write_all(birth, text, (size_t)size);
    _exit(127);
}

static int lift(int fd) {
    int high = fcntl(fd, F_DUPFD_CLOEXEC, 10);
    if (high < 0)
        _exit(126);
    close(fd);
    return high;
}

static int find_keeper(const char *path) {
    for (int tries = 0; tries < MEETING_SECONDS * 1000; tries++) {
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd >= 0)
            return lift(fd);
        if (errno != ENOENT)
            _exit(126);
        wait_a_little(); /* the keeper is not that far yet */
    }
    _exit(126);
}

static char **words(char *text, char *end, uint32_t count) {
    char **list = calloc(count + 1, sizeof *list);
    if (!list)
        fail("words");
    for (uint32_t i = 0; i < count; i++) {
        if (text >= end)
            fail("job");
        list[i] = text;
        text += strlen(text) + 1;
    }
    return list;
}

static void place(int fd, int number) {
    if (dup2(fd, number) < 0)
        fail("descriptors");
}

/* The container's stdin and stdout are the program's own, or its two pipes to the other side. */
static void connect_descriptors(uint32_t wiring, int report) {
    int in = lift(0), out = lift(1), null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        fail("/dev/null");
    null = lift(null);
    for (int fd = 3; fd < 1024; fd++)
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* whatever a runtime may have left open */
    place(wiring == PROGRAM ? in : null, 0);
    place(wiring == PROGRAM ? out : wiring == EXAMINER ? report : null, 1);
    if (wiring != PROGRAM) {
        place(in, 3);
        place(out, 4);
    }
}

static int run(void) {
    birth = find_keeper(BIRTH);
    int report = find_keeper(REPORT);
    pid_t pid = getpid();
    unsigned char raw[4] = {pid & 255, pid >> 8 & 255, pid >> 16 & 255, (unsigned char)(pid >> 24)};
    if (write_all(birth, raw, sizeof raw))
        _exit(126);
    uint32_t wiring = read_u32(0), limits = read_u32(0);
    struct {
        uint32_t kind, soft[2], hard[2];
    } limit[32];
    if (limits > 32)
        fail("job");
    read_all(0, limit, limits * sizeof limit[0]);
    uint32_t filter_size = read_u32(0), arguments = read_u32(0), variables = read_u32(0);
    uint32_t arguments_size = read_u32(0), variables_size = read_u32(0);
    if (filter_size > JOB_MAX_BYTES || arguments_size > JOB_MAX_BYTES ||
        variables_size > JOB_MAX_BYTES)
        fail("job");
    char *filter = malloc(filter_size + 8), *texts = malloc(arguments_size + variables_size + 2);
    if (!filter || !texts)
        fail("job");
    read_all(0, filter, filter_size);
    read_all(0, texts, arguments_size + variables_size);
    texts[arguments_size + variables_size] = 0;
    char **argv = words(texts, texts + arguments_size, arguments);
    char **envp = words(texts + arguments_size, texts + arguments_size + variables_size, variables);
    connect_descriptors(wiring, report);
    umask(022);
    if (chdir("/tmp"))
        fail("/tmp");
    for (uint32_t i = 0; i < limits; i++) {
        struct rlimit both = {limit[i].soft[0] | (rlim_t)limit[i].soft[1] << 32,
                              limit[i].hard[0] | (rlim_t)limit[i].hard[1] << 32};
        if (setrlimit((int)limit[i].kind, &both))
            fail("limits");
    }
    struct sock_fprog program = {(unsigned short)(filter_size / 8), (struct sock_filter *)filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        fail("privileges");
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        fail("system call filter");
    execve(argv[0], argv, envp);
    fail("exec");
    return 127;
}

int main(int count, char **words_given) {
    if (count == 2 && !strcmp(words_given[1], "keep"))
        return keep();
    if (count == 2 && !strcmp(words_given[1], "run"))
        return run();
    return 2;
}
