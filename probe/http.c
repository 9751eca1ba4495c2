#include "probe/http.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "probe/request.h"
#include "probe/via.h"

int http_global_init(struct err *e)
{
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK)
        return err_set(e, ERR_SYSTEM, "cannot start libcurl: %s", curl_easy_strerror(code));
    return 0;
}

void http_global_exit(void)
{
    curl_global_cleanup();
}

/* For libcurl a time limit of 0 is none at all. */
static CURLcode set_limits(CURL *curl, unsigned timeout_ms, char *error)
{
    long limit = timeout_ms ? (long)timeout_ms : 1;
    CURLcode bad = curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    bad = bad ? bad : curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, limit);
    return bad ? bad : curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, limit);
}

/* libcurl says only that it could not connect; whether it was refused or unreachable tells more. */
static void explain(CURL *curl, CURLcode code, char *error)
{
    long cause = 0;
    char text[64];
    curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &cause);
    if (code == CURLE_COULDNT_CONNECT && cause)
        snprintf(error, CURL_ERROR_SIZE, "cannot connect: %s",
                 strerror_r((int)cause, text, sizeof text));
    else if (!error[0])
        snprintf(error, CURL_ERROR_SIZE, "%s", curl_easy_strerror(code));
}

static void perform(CURL *curl, char *error, struct http_result *r)
{
    int64_t start = clock_us();
    CURLcode code = curl_easy_perform(curl);
    r->elapsed_us = clock_us() - start;
    r->status = request_status(curl, code, &r->body);
    if (!r->status)
        explain(curl, code, error);
    else
        error[0] = '\0';
}

/* Before connect(), which looks up the route. */
static int mark_socket(void *mark, curl_socket_t fd, curlsocktype purpose)
{
    (void)purpose;
    return setsockopt(fd, SOL_SOCKET, SO_MARK, mark, sizeof(unsigned)) < 0 ? CURL_SOCKOPT_ERROR
                                                                           : CURL_SOCKOPT_OK;
}

static CURLcode set_mark(CURL *curl, unsigned *mark)
{
    CURLcode bad = curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, mark_socket);
    return bad ? bad : curl_easy_setopt(curl, CURLOPT_SOCKOPTDATA, mark);
}

static void get(const struct request_text *text, unsigned timeout_ms, unsigned mark, char *error,
                struct http_result *r)
{
    CURL *curl = curl_easy_init();
    CURLcode bad = curl ? request_set_options(curl, text, &r->body) : CURLE_OUT_OF_MEMORY;
    bad = bad ? bad : set_limits(curl, timeout_ms, error);
    if (mark)
        bad = bad ? bad : set_mark(curl, &mark);
    if (!bad)
        perform(curl, error, r);
    else if (!error[0])
        snprintf(error, CURL_ERROR_SIZE, "%s", curl_easy_strerror(bad));
    curl_easy_cleanup(curl);
}

static void get_marked(const struct ipaddr *addr, unsigned port, const char *path, const char *host,
                       unsigned timeout_ms, unsigned mark, struct http_result *r)
{
    *r = (struct http_result){.body.cap = HTTP_MAX_BODY};
    char error[CURL_ERROR_SIZE] = "";
    struct request_text text;
    struct err e = {0};
    if (request_text_init(&text, addr, port, path, host, &e) < 0)
        snprintf(error, sizeof error, "%.*s", (int)sizeof error - 1, e.msg);
    else
        get(&text, timeout_ms, mark, error, r);
    request_text_free(&text);
    snprintf(r->error, sizeof r->error, "%.*s", (int)sizeof r->error - 1, error);
}

void http_get(const struct ipaddr *addr, unsigned port, const char *path, const char *host,
              unsigned timeout_ms, struct http_result *r)
{
    get_marked(addr, port, path, host, timeout_ms, 0, r);
}

void http_get_via(const struct via *way, unsigned port, const char *path, const char *host,
                  unsigned timeout_ms, struct http_result *r)
{
    get_marked(&way->to, port, path, host, timeout_ms, way->mark, r);
}

void http_result_free(struct http_result *r)
{
    sb_free(&r->body);
}
