/* Load on one HTTP/1.1 server of this machine, bounded in time, over kept-alive connections.
 *
 *   sat    closed loop: every connection asks again as soon as it has its answer
 *   rate   open loop: Poisson arrivals (fixed seed); latency counts from the instant a request was due, not from when it left
 *   burst  all connections ask once, at the same moment
 *
 * Every request has the next identifier and the next token of two files. CPU time of the server is the run time of all its threads
 * (/proc/PID/task/TID/schedstat) over the measured window. Prints one JSON line.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 1 << 18, MOST_EVENTS = 256 };
typedef long long i64;

typedef struct {
    char **row;
    size_t count;
} Lines;

typedef struct {
    int fd;
    char *buffer;
    size_t got, need;
    int status, chunked;
    i64 due;
} Conn;

static const char *mode = "sat", *path = "/v1/profiles/%s", *pids = "";
static int port = 8000, conn_count = 16, poller;
static double rate = 30, seconds = 3, warm = 1;
static Lines ids, tokens;
static Conn *conns;
static size_t asked, answered, broken, refused;
static double *times;
static size_t time_count, time_room;
static i64 bytes;
static int measuring;

static i64 now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void die(const char *what) {
    perror(what);
    exit(2);
}

static Lines read_lines(const char *name) {
    FILE *file = fopen(name, "r");
    if (!file) die(name);
    Lines lines = {NULL, 0};
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    while ((length = getline(&line, &room, file)) > 0) {
        if (line[length - 1] == '\n') line[length - 1] = 0;
        lines.row = realloc(lines.row, (lines.count + 1) * sizeof *lines.row);
        lines.row[lines.count++] = strdup(line);
    }
    free(line);
    fclose(file);
    if (!lines.count) die("an empty file");
    return lines;
}

/* Sum over the threads of all given processes. */
static i64 cpu_ns(void) {
    i64 total = 0;
    char *list = strdup(pids), *rest = NULL;
    for (char *pid = strtok_r(list, ",", &rest); pid; pid = strtok_r(NULL, ",", &rest)) {
        char folder[64];
        snprintf(folder, sizeof folder, "/proc/%s/task", pid);
        DIR *threads = opendir(folder);
        if (!threads) continue;
        for (struct dirent *entry; (entry = readdir(threads));) {
            char name[400];
            i64 ran;
            if (entry->d_name[0] == '.') continue;
            snprintf(name, sizeof name, "%s/%s/schedstat", folder, entry->d_name);
            FILE *file = fopen(name, "r");
            if (file && fscanf(file, "%lld", &ran) == 1) total += ran;
            if (file) fclose(file);
        }
        closedir(threads);
    }
    free(list);
    return total;
}

static double rss_mib(void) {
    double total = 0;
    char *list = strdup(pids), *rest = NULL;
    for (char *pid = strtok_r(list, ",", &rest); pid; pid = strtok_r(NULL, ",", &rest)) {
        char name[64];
        i64 size, resident;
        snprintf(name, sizeof name, "/proc/%s/statm", pid);
        FILE *file = fopen(name, "r");
        if (file && fscanf(file, "%lld %lld", &size, &resident) == 2) total += resident * 4096.0 / (1 << 20);
        if (file) fclose(file);
    }
    free(list);
    return total;
}

static void dial(Conn *conn) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int on = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    conn->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(conn->fd, (struct sockaddr *)&address, sizeof address)) die("connect");
    setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(conn->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = conn};
    epoll_ctl(poller, EPOLL_CTL_ADD, conn->fd, &event);
}

static void redial(Conn *conn) {
    broken++;
    close(conn->fd);
    dial(conn);
}

static void ask(Conn *conn, i64 due) {
    char target[300], request[12000];
    snprintf(target, sizeof target, path, ids.row[asked % ids.count]);
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nAuthorization: Bearer %s\r\n\r\n", target,
                          tokens.row[asked % tokens.count]);
    asked++;
    conn->due = due;
    conn->got = conn->need = 0;
    conn->chunked = 0;
    if (write(conn->fd, request, length) != length) redial(conn);
}

/* 1 when the answer is complete, 0 when more must come, -1 when the connection ended. */
static int listen_to(Conn *conn) {
    ssize_t got;
    while ((got = read(conn->fd, conn->buffer + conn->got, ROOM - 1 - conn->got)) > 0) conn->got += got;
    if (got == 0 || (got < 0 && errno != EAGAIN) || conn->got >= ROOM - 1) return -1;
    conn->buffer[conn->got] = 0;
    if (!conn->need) {
        char *end = strstr(conn->buffer, "\r\n\r\n");
        if (!end) return 0;
        char *field = strcasestr(conn->buffer, "\r\ncontent-length:");
        conn->status = atoi(conn->buffer + 9);
        conn->need = end + 4 - conn->buffer;
        if (field && field < end)
            conn->need += strtoul(field + 17, NULL, 10);
        else
            conn->chunked = 1;
    }
    if (conn->chunked) return conn->got >= 5 && !memcmp(conn->buffer + conn->got - 5, "0\r\n\r\n", 5);
    return conn->got >= conn->need;
}

static void note(Conn *conn, i64 at) {
    answered++;
    refused += conn->status != 200;
    if (!measuring) return;
    if (time_count == time_room) times = realloc(times, (time_room = time_room * 2 + 4096) * sizeof *times);
    times[time_count++] = (at - conn->due) / 1e6;
    bytes += conn->got;
}

static int by_size(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double quantile(double share) { return time_count ? times[(size_t)(share * (time_count - 1) + 0.5)] : 0; }

static double chance(void) {
    static unsigned long long state = 88172645463325252ULL;
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return ((state >> 11) + 1) / 9007199254740993.0;
}

static void options(int count, char **argument) {
    for (int i = 1; i + 1 < count; i += 2) {
        const char *name = argument[i], *value = argument[i + 1];
        if (!strcmp(name, "--mode")) mode = value;
        else if (!strcmp(name, "--port")) port = atoi(value);
        else if (!strcmp(name, "--path")) path = value;
        else if (!strcmp(name, "--pids")) pids = value;
        else if (!strcmp(name, "--conns")) conn_count = atoi(value);
        else if (!strcmp(name, "--rate")) rate = atof(value);
        else if (!strcmp(name, "--secs")) seconds = atof(value);
        else if (!strcmp(name, "--warm")) warm = atof(value);
        else if (!strcmp(name, "--ids")) ids = read_lines(value);
        else if (!strcmp(name, "--tokens")) tokens = read_lines(value);
        else if (!strcmp(name, "--skip")) asked = atoll(value);
        else { fprintf(stderr, "what is %s?\n", name); exit(2); }
    }
}

int main(int count, char **argument) {
    options(count, argument);
    int open_loop = !strcmp(mode, "rate"), once = !strcmp(mode, "burst");
    poller = epoll_create1(0);
    conns = calloc(conn_count, sizeof *conns);
    Conn **idle = malloc(conn_count * sizeof *idle);
    int idle_count = 0;
    size_t first = asked, queue_head = 0, queue_tail = 0, queue_room = 1 << 20;
    i64 *queue = malloc(queue_room * sizeof *queue);
    for (int i = 0; i < conn_count; i++) {
        conns[i].buffer = malloc(ROOM);
        dial(&conns[i]);
        if (open_loop) idle[idle_count++] = &conns[i];
    }
    double rss_before = rss_mib(), rss_most = rss_before;
    i64 start = now_ns(), from = start + (i64)(once ? 0 : warm * 1e9), until = from + (i64)(seconds * 1e9), next = start, cpu = 0;
    size_t before = 0, refused_before = 0, broken_before = 0;
    struct epoll_event event[MOST_EVENTS];
    if (!open_loop)
        for (int i = 0; i < conn_count; i++) ask(&conns[i], start);
    i64 looked = start;
    for (;;) {
        i64 at = now_ns();
        if (!measuring && at >= from) measuring = 1, cpu = cpu_ns(), before = answered, refused_before = refused, broken_before = broken, from = now_ns(), until = from + (i64)(seconds * 1e9);
        if (at >= until || (once && answered + broken >= (size_t)conn_count)) break;
        if (at - looked > 20000000) {
            double size = rss_mib();
            if (size > rss_most) rss_most = size;
            looked = at;
        }
        i64 wait = 200000000;
        if (open_loop) {
            for (; next <= at; next += (i64)(-log(chance()) / rate * 1e9)) queue[queue_tail++ % queue_room] = next;
            while (queue_head < queue_tail && idle_count) ask(idle[--idle_count], queue[queue_head++ % queue_room]);
            if (next - at < wait) wait = next - at;
        }
        struct timespec pause = {wait / 1000000000, wait % 1000000000};
        int ready = epoll_pwait2(poller, event, MOST_EVENTS, &pause, NULL);
        for (int i = 0; i < ready; i++) {
            Conn *conn = event[i].data.ptr;
            int state = listen_to(conn);
            if (!state) continue;
            i64 end = now_ns();
            if (state < 0) {
                if (once) { broken++; epoll_ctl(poller, EPOLL_CTL_DEL, conn->fd, NULL); continue; }
                redial(conn);
            } else {
                note(conn, end);
            }
            if (open_loop) idle[idle_count++] = conn;
            else if (!once) ask(conn, end);
        }
    }
    double lasted = (now_ns() - from) / 1e9, spent = (cpu_ns() - cpu) / 1e6;
    size_t done = answered - before;
    qsort(times, time_count, sizeof *times, by_size);
    printf("{\"mode\":\"%s\",\"profiles\":%zu,\"asked\":%zu,\"broken\":%zu,\"refused\":%zu,\"profiles_per_s\":%.1f,\"cpu_ms_per_profile\":%.4f,"
           "\"busy\":%.3f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"bytes\":%.0f,\"rss_mib\":%.1f,\"rss_most_mib\":%.1f,\"rss_before_mib\":%.1f}\n",
           mode, done, asked - first, broken - broken_before, refused - refused_before, done / lasted, done ? spent / done : 0, spent / 1e3 / lasted, quantile(.5), quantile(.99),
           quantile(1), time_count ? (double)bytes / time_count : 0, rss_mib(), rss_most, rss_before);
    return 0;
}
