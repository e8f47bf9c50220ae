/* Looks at every process that turns up in /proc and takes hold of whatever it can: its executable,
   descriptors, directories and memory. Once FOLDER/stop exists, it writes each thing to FOLDER/report,
   as device:inode and its name, and how many newcomers it has SEEN. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char lines[4096][256];
static int count;

/* By a descriptor of it, which cannot become another meanwhile. */
static void tell(const char *what, int fd) {
    char self[64], name[160], line[256];
    struct stat it;
    if (fstat(fd, &it) != 0) return;
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(self, name, sizeof name - 1);
    name[length > 0 ? length : 0] = 0;
    snprintf(line, sizeof line, "%s %lu:%lu %s", what, (unsigned long)it.st_dev,
             (unsigned long)it.st_ino, name);
    for (int i = 0; i < count; i++)
        if (!strcmp(lines[i], line)) return;
    if (count < 4096) strcpy(lines[count++], line);
}

/* A sealed file can be opened for writing once nobody executes it, but not written (memfd_create(2)). */
static int is_sealed(int fd) {
    int seals = fcntl(fd, F_GET_SEALS);
    return seals >= 0 && (seals & F_SEAL_WRITE);
}

static void take(const char *what, const char *path, int flags) {
    int fd = open(path, flags | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return;
    if ((flags & O_ACCMODE) == O_RDONLY || !is_sealed(fd)) tell(what, fd);
    if (flags & O_PATH) {
        char self[64];
        snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
        int again = open(self, O_WRONLY | O_CLOEXEC);
        if (again >= 0 && !is_sealed(again)) tell("rewritten", again);
        close(again);
    }
    close(fd);
}

/* Tells what is executed there, of which something else was taken hold of. */
static void tell_program(const char *what, int pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd >= 0) tell(what, fd);
    close(fd);
}

static void trace(int pid) {
    /* Not by PTRACE_ATTACH, whose SIGSTOP could stay behind and stop what has entered for ever. */
    if (ptrace(PTRACE_SEIZE, pid, 0, 0) != 0) return;
    tell_program("traced", pid);
    ptrace(PTRACE_INTERRUPT, pid, 0, 0);
    waitpid(pid, 0, __WALL);
    ptrace(PTRACE_DETACH, pid, 0, 0);
}

static void look(int pid, int traces) {
    char path[320];
    const char *files[] = {"cwd", "root"};
    const struct { const char *what; int flags; } ways[] = {
        {"exe", O_RDONLY}, {"exe-write", O_WRONLY}, {"exe-both", O_RDWR}, {"exe-path", O_PATH}};
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "/proc/%d/exe", pid);
        take(ways[i].what, path, ways[i].flags);
    }
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "/proc/%d/%s", pid, files[i]);
        take(files[i], path, O_RDONLY | O_DIRECTORY);
    }
    snprintf(path, sizeof path, "/proc/%d/environ", pid);
    int environment = open(path, O_RDONLY | O_CLOEXEC);
    char text[8192];
    ssize_t length = read(environment, text, sizeof text);
    if (length > 0 && memmem(text, length, "SECRET_OF_OURS", 14)) tell("environ", environment);
    close(environment);
    snprintf(path, sizeof path, "/proc/%d/mem", pid);
    int mem = open(path, O_RDWR | O_CLOEXEC);
    if (mem >= 0) tell_program("mem", pid);
    close(mem);
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *fds = opendir(path);
    struct dirent *entry;
    while (fds && (entry = readdir(fds))) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/proc/%d/fd/%s", pid, entry->d_name);
        struct stat it;
        int fd = open(path, O_PATH | O_CLOEXEC);
        if (fd >= 0 && fstat(fd, &it) == 0) tell(S_ISDIR(it.st_mode) ? "fd-folder" : "fd", fd);
        close(fd);
    }
    if (fds) closedir(fds);
    if (traces) trace(pid);
}

/* The number that was given last in our pid namespace (proc_loadavg(5)). */
static int newest(void) {
    char text[128];
    int fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    text[length > 0 ? length : 0] = 0;
    char *last = strrchr(text, ' ');
    return last ? atoi(last) : 0;
}

int main(int argc, char **argv) {
    char path[320];
    if (argc != 3) return 2;
    int traces = !strcmp(argv[2], "trace");
    int seen = 0, known = newest();
    snprintf(path, sizeof path, "%s/stop", argv[1]);
    while (access(path, F_OK) != 0) {
        int pid = newest();
        if (pid == known) continue;
        known = pid;
        char folder[64];
        snprintf(folder, sizeof folder, "/proc/%d", pid);
        /* Until it has ended: what it is changes when it executes. */
        for (int looks = 0; access(folder, F_OK) == 0 && looks < 100; looks++) {
            seen += looks == 0;
            look(pid, traces);
        }
    }
    snprintf(path, sizeof path, "%s/report", argv[1]);
    FILE *out = fopen(path, "w");
    for (int i = 0; i < count; i++) fprintf(out, "%s\n", lines[i]);
    fprintf(out, "SEEN %d\n", seen);
    return fclose(out);
}
