/*
 * The load's thread. One timerfd wakes it for whatever comes next: the next request's due time,
 * libcurl's own timers, the time limit of the oldest request. Nothing in here waits for a server.
 */
#include "probe/load_loop.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "probe/http.h"

enum {
    EVENTS = 256,
    BURST = 32,         /* requests begun in a row when behind, before answers are looked at */
    PRIORITY = -15,     /* nice(1) value: of this thread alone */
    CURL_BUFFER = 4096, /* a request; libcurl's 16 KiB times 10000 under way is much for a page */
};
static const int64_t NEVER = INT64_MAX;

static void fail(struct load *l, const char *what)
{
    if (l->failure.code == ERR_NONE)
        err_errno(&l->failure, "the load cannot go on: %s", what);
}

/* --- what libcurl asks of us --- */

static curl_socket_t on_open(void *ud, curlsocktype purpose, struct curl_sockaddr *a)
{
    (void)purpose;
    struct load_request *r = ud;
    int fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
    r->os_error = fd < 0 ? errno : 0;
    if (fd >= 0)
        ports_take(&r->load->ports, fd, a->family);
    /* The next thing that happens is connect(). */
    r->load->records.v[r->index].sent_us = clock_us() - r->load->epoch_us;
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static int on_close(void *ud, curl_socket_t fd)
{
    struct load *l = ud;
    parting_add(&l->parting, fd);
    return 0;
}

/* `known` is not NULL for a socket that epoll has been told of. */
static int on_socket(CURL *curl, curl_socket_t fd, int what, void *ud, void *known)
{
    (void)curl;
    struct load *l = ud;
    struct epoll_event ev = {.data.fd = fd};
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    if (what & CURL_POLL_IN)
        ev.events |= EPOLLIN;
    if (what & CURL_POLL_OUT)
        ev.events |= EPOLLOUT;
    if (epoll_ctl(l->epoll_fd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev) < 0)
        fail(l, "epoll_ctl");
    curl_multi_assign(l->multi, fd, l);
    return 0;
}

static int on_timer(CURLM *multi, long ms, void *ud)
{
    (void)multi;
    struct load *l = ud;
    l->curl_due_us = ms < 0 ? NEVER : clock_us() + ms * 1000;
    return 0;
}

/* --- requests --- */

static void append(struct load *l, struct load_request *r)
{
    r->prev = l->newest;
    r->next = NULL;
    *(l->newest ? &l->newest->next : &l->oldest) = r;
    l->newest = r;
}

/* Off the list of those under way, and ready for another one. */
static void retire(struct load *l, struct load_request *r)
{
    curl_multi_remove_handle(l->multi, r->curl);
    *(r->prev ? &r->prev->next : &l->oldest) = r->next;
    *(r->next ? &r->next->prev : &l->newest) = r->prev;
    sb_free(&r->body); /* an idle handle keeps no page */
    r->next = l->idle;
    l->idle = r;
}

static void free_request(struct load_request *r)
{
    curl_easy_cleanup(r->curl);
    sb_free(&r->body);
    xfree(r);
}

static CURLcode set_options(struct load *l, struct load_request *r)
{
    CURLcode bad = request_set_options(r->curl, &l->text, &r->body);
#define SET(option, value) (bad = bad ? bad : curl_easy_setopt(r->curl, option, value))
    SET(CURLOPT_PRIVATE, r);
    SET(CURLOPT_BUFFERSIZE, (long)CURL_BUFFER);
    SET(CURLOPT_DNS_CACHE_TIMEOUT, -1L); /* the address needs no looking up again */
    SET(CURLOPT_OPENSOCKETFUNCTION, on_open);
    SET(CURLOPT_OPENSOCKETDATA, r);
    SET(CURLOPT_CLOSESOCKETFUNCTION, on_close);
    SET(CURLOPT_CLOSESOCKETDATA, l);
#undef SET
    return bad;
}

static struct load_request *take_request(struct load *l)
{
    struct load_request *r = l->idle;
    if (r) {
        l->idle = r->next;
        return r;
    }
    r = xcalloc(1, sizeof *r);
    r->load = l;
    r->body.cap = HTTP_MAX_BODY;
    r->curl = curl_easy_init();
    if (r->curl && set_options(l, r) == CURLE_OK)
        return r;
    free_request(r);
    return NULL;
}

/* libcurl has an answer for this one, or an error. */
static void judge(struct load *l, struct load_request *r, CURLcode code)
{
    int64_t now = clock_us() - l->epoch_us;
    struct load_record *record = &l->records.v[r->index];
    enum load_outcome outcome;
    record->status = request_status(r->curl, code, &r->body);
    if (record->status) {
        if (l->classify)
            record->backend = l->classify(l->ud, record->status, sb_str(&r->body), r->body.len);
        else if (record->status == 200)
            record->backend = 0;
        outcome = record->backend == LOAD_NOBODY ? LOAD_WRONG : LOAD_OK;
    } else if (r->os_error) {
        outcome = LOAD_OTHER; /* no socket: out of descriptors or memory */
    } else {
        long os_error = 0;
        curl_easy_getinfo(r->curl, CURLINFO_OS_ERRNO, &os_error);
        outcome = load_outcome_of(code, os_error);
    }
    load_note(l, r->index, outcome, now);
}

/* Let libcurl work on a socket or on its timers, and take what is finished. */
static void act(struct load *l, curl_socket_t fd, int what)
{
    int running, left;
    CURLMsg *m;
    if (curl_multi_socket_action(l->multi, fd, what, &running) != CURLM_OK)
        fail(l, "curl_multi_socket_action");
    while ((m = curl_multi_info_read(l->multi, &left))) {
        struct load_request *r = NULL;
        if (m->msg != CURLMSG_DONE)
            continue;
        CURLcode code = m->data.result;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &r);
        judge(l, r, code);
        retire(l, r);
    }
}

static void begin(struct load *l)
{
    size_t index = l->records.n;
    struct load_record *record = vec_push(&l->records);
    int64_t now = clock_us() - l->epoch_us;
    *record = (struct load_record){
        .due_us = load_due(l->rate, index), .sent_us = now, .backend = LOAD_NOBODY};
    /* One that is over before it began says nothing about the server. */
    struct load_request *r = now - record->due_us < l->timeout_us ? take_request(l) : NULL;
    if (!r) {
        load_note(l, index, LOAD_OTHER, now);
        return;
    }
    r->index = index;
    r->os_error = 0;
    append(l, r);
    if (curl_multi_add_handle(l->multi, r->curl) != CURLM_OK) {
        load_note(l, index, LOAD_OTHER, now);
        retire(l, r);
        return;
    }
    act(l, CURL_SOCKET_TIMEOUT, 0); /* this is what begins to connect */
}

static int64_t next_due(const struct load *l)
{
    return l->records.n < l->end ? l->epoch_us + load_due(l->rate, l->records.n) : NEVER;
}

/* What is due by now belongs to the load, begun or not; what comes later does not. */
static void stop(struct load *l)
{
    uint64_t ignored;
    (void)eventfd_read(l->stop_fd, &ignored); /* said once */
    int64_t passed = clock_us() - l->epoch_us;
    l->end = passed < 0 ? 0 : (size_t)(passed * l->rate / 1000000) + 1;
    if (l->end < l->records.n)
        l->end = l->records.n;
}

static void begin_due(struct load *l, unsigned most)
{
    while (most-- > 0 && next_due(l) <= clock_us())
        begin(l);
}

static int64_t limit_of(const struct load *l, const struct load_request *r)
{
    return r ? l->epoch_us + l->records.v[r->index].due_us + l->timeout_us : NEVER;
}

/* Sockets were looked into at `looked`, or later. */
static void give_up_old(struct load *l, int64_t looked)
{
    while (limit_of(l, l->oldest) <= looked) {
        struct load_request *r = l->oldest;
        load_note(l, r->index, LOAD_TIMEOUT, clock_us() - l->epoch_us);
        retire(l, r);
    }
}

/* --- the loop --- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool finished(const struct load *l)
{
    return l->records.n >= l->end && !l->oldest;
}

/* How epoll_wait() is to wait: not at all, or until the timer or a socket wakes it. */
static int arm(struct load *l)
{
    int64_t at = earlier(earlier(next_due(l), l->curl_due_us), limit_of(l, l->oldest));
    if (finished(l) || at <= clock_us()) /* the last may be over since the loop looked */
        return 0;
    if (at == l->armed_us)
        return -1;
    /* epoll_wait() counts in milliseconds only. Setting a timerfd takes back its last event. */
    struct itimerspec spec = {.it_value.tv_sec = at / 1000000,
                              .it_value.tv_nsec = at % 1000000 * 1000};
    if (timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0)
        fail(l, "timerfd_settime");
    l->armed_us = at;
    return -1;
}

static int curl_bits(uint32_t events)
{
    int bits = 0;
    if (events & EPOLLIN)
        bits |= CURL_CSELECT_IN;
    if (events & EPOLLOUT)
        bits |= CURL_CSELECT_OUT;
    if (events & (EPOLLERR | EPOLLHUP))
        bits |= CURL_CSELECT_ERR;
    return bits;
}

/* Wait for something to happen and deal with it. Returns whether there may be more of it. */
static bool take_events(struct load *l)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(l->epoll_fd, events, EVENTS, arm(l));
    if (n < 0 && errno != EINTR)
        fail(l, "epoll_wait");
    for (int i = 0; i < n; i++) {
        int fd = events[i].data.fd;
        if (fd == l->stop_fd)
            stop(l);
        else if (fd != l->timer_fd)
            act(l, fd, curl_bits(events[i].events));
        begin_due(l, 1); /* however much there is to read */
    }
    return n < 0 || n == EVENTS; /* EINTR is what a process hears that was stopped and goes on */
}

void *load_loop_run(void *load)
{
    struct load *l = load;
    /* Whoever measures time must not wait for a processor; without the right to it, we do. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), PRIORITY);
    while (l->failure.code == ERR_NONE && !finished(l)) {
        begin_due(l, BURST);
        if (l->curl_due_us <= clock_us()) {
            l->curl_due_us = NEVER; /* libcurl sets it anew when it wants to */
            act(l, CURL_SOCKET_TIMEOUT, 0);
        }
        /*
         * What lies in a socket by now has arrived in time: it is read before time is called. We may be kept
         * from running between any two lines: the clock that counts is read before the sockets are.
         */
        int64_t looked = clock_us();
        if (!take_events(l))
            give_up_old(l, looked);
        parting_close(&l->parting, clock_us());
    }
    while (l->oldest) { /* after a failure */
        load_note(l, l->oldest->index, LOAD_OTHER, clock_us() - l->epoch_us);
        retire(l, l->oldest);
    }
    return NULL;
}

static int watch(struct load *l, int fd)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev);
}

int load_loop_open(struct load *l, struct err *e)
{
    l->curl_due_us = l->armed_us = NEVER;
    l->end = SIZE_MAX;
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    l->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    l->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->epoll_fd < 0 || l->timer_fd < 0 || l->stop_fd < 0 || watch(l, l->timer_fd) < 0 ||
        watch(l, l->stop_fd) < 0)
        return err_errno(e, "cannot make the load's timer");
    l->multi = curl_multi_init();
    if (!l->multi || curl_multi_setopt(l->multi, CURLMOPT_SOCKETFUNCTION, on_socket) ||
        curl_multi_setopt(l->multi, CURLMOPT_SOCKETDATA, l) ||
        curl_multi_setopt(l->multi, CURLMOPT_TIMERFUNCTION, on_timer) ||
        curl_multi_setopt(l->multi, CURLMOPT_TIMERDATA, l))
        return err_set(e, ERR_SYSTEM, "libcurl is out of memory");
    return 0;
}

void load_loop_close(struct load *l)
{
    while (l->idle) {
        struct load_request *r = l->idle;
        l->idle = r->next;
        free_request(r);
    }
    curl_multi_cleanup(l->multi); /* accepts NULL */
    parting_close(&l->parting, INT64_MAX);
    const int fds[] = {l->epoll_fd, l->timer_fd, l->stop_fd};
    for (size_t i = 0; i < ARRAY_LEN(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
}
