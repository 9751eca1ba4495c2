#pragma once
/*
 * Inside the load: its thread (load_loop.c), the keeping of its log (load.c), its connections'
 * ports (load_ports.c) and the farewell to them (load_parting.c). Private to probe/.
 */
#include <pthread.h>

#include "base/vec.h"
#include "probe/load.h"
#include "probe/request.h"

/*
 * Connections whose answer is complete. libcurl would close them at once, often before the server's
 * FIN has come: who closes first keeps TIME_WAIT for a minute, and 470 of those a second use up the
 * 28232 ports of net.ipv4.ip_local_port_range. So they are left open for a moment in which the
 * server closes; those it has not closed by then are reset.
 */
enum { PARTING_MAX = 2048 }; /* twice what 10000 a second make in PARTING_US; a power of two */
struct parting {
    struct {
        int fd;
        int64_t at_us; /* clock_us() */
    } ring[PARTING_MAX];
    size_t first, n;
};
void parting_add(struct parting *p, int fd);
void parting_close(struct parting *p, int64_t now_us); /* INT64_MAX: all of them */

/*
 * Each request comes from the next port. The kernel's own choice was seen to take a port again after 16 s
 * at 200 a second: two clients rarely have the same address and port so soon, and a director that takes over
 * between the two knows the first one's connection, to another real server.
 */
struct ports {
    unsigned first, count; /* net.ipv4.ip_local_port_range; count 0: not known */
    unsigned next;
};
void ports_init(struct ports *p);
void ports_take(struct ports *p, int fd, int family);

/* One request under way, or an idle handle for the next. */
struct load_request {
    struct load *load;
    CURL *curl;
    size_t index;       /* of its record */
    int os_error;       /* why there was no socket; 0 */
    struct strbuf body;
    struct load_request *prev, *next; /* under way: in the order of due; idle: next only */
};

struct load {
    /* Set at the start, only read afterwards. */
    int (*classify)(void *ud, long status, const char *body, size_t len);
    void *ud;
    unsigned rate;
    int64_t epoch_us, timeout_us;
    struct request_text text;
    pthread_t thread;
    int stop_fd; /* eventfd: begin no more */

    /* The thread's own until it has been joined. */
    VEC(struct load_record) records;
    CURLM *multi;
    int epoll_fd, timer_fd;
    int64_t curl_due_us, armed_us; /* clock_us(); INT64_MAX: never */
    struct load_request *oldest, *newest, *idle;
    struct parting parting;
    struct ports ports;
    size_t end; /* requests in all; SIZE_MAX until it is to stop */
    struct err failure; /* code ERR_NONE: all is well */

    pthread_mutex_t lock; /* guards counts */
    struct load_counts counts;
};

int64_t load_due(unsigned rate, size_t index); /* microseconds since the epoch */
/* The record is complete; count it. */
void load_note(struct load *l, size_t index, enum load_outcome outcome, int64_t done_us);
/* What became of a request without an answer. os_error: where libcurl says it is about that. */
enum load_outcome load_outcome_of(CURLcode code, long os_error);

int load_loop_open(struct load *l, struct err *e);
void load_loop_close(struct load *l); /* also after a failed open */
void *load_loop_run(void *load);
