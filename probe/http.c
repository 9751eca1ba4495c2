#include "probe/http.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

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

/* Taking less than was offered makes libcurl stop: the rest is never downloaded. */
static size_t on_body(char *data, size_t size, size_t n, void *ud)
{
    struct strbuf *body = ud;
    sb_addn(body, data, size * n);
    return body->truncated ? 0 : size * n;
}

static void build_url(struct strbuf *url, const struct ipaddr *addr, unsigned port,
                      const char *path)
{
    char text[IPADDR_STRLEN];
    ipaddr_str(addr, text);
    sb_addf(url, addr->family == AF_INET6 ? "http://[%s]:%u" : "http://%s:%u", text, port);
    if (!path || path[0] != '/')
        sb_addc(url, '/');
    if (path)
        sb_add(url, path);
}

static bool set_options(CURL *curl, const char *url, const struct curl_slist *headers,
                        unsigned timeout_ms, char *error, struct strbuf *body)
{
    CURLcode bad = CURLE_OK;
/* The first failure counts; libcurl's type checks need the option's name, so this is a macro. */
#define SET(option, value) (bad = bad ? bad : curl_easy_setopt(curl, option, value))
    SET(CURLOPT_ERRORBUFFER, error);
    SET(CURLOPT_URL, url);
    SET(CURLOPT_PATH_AS_IS, 1L);
#if LIBCURL_VERSION_NUM >= 0x075500
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
#else
    SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, "");    /* whatever http_proxy says: it is our own path that is tested */
    SET(CURLOPT_NOSIGNAL, 1L); /* requests run in threads */
    SET(CURLOPT_FRESH_CONNECT, 1L);
    SET(CURLOPT_FORBID_REUSE, 1L); /* each request is scheduled anew by the director */
    SET(CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms);
    SET(CURLOPT_USERAGENT, "clusterctl");
    SET(CURLOPT_HTTPHEADER, headers);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, body);
#undef SET
    if (bad && !error[0])
        snprintf(error, CURL_ERROR_SIZE, "%s", curl_easy_strerror(bad));
    return !bad;
}

static struct curl_slist *host_header(const char *host)
{
    autosb struct strbuf header = {0};
    sb_addf(&header, "Host: %s", host);
    return curl_slist_append(NULL, sb_str(&header));
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
    if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && r->body.truncated)) {
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &r->status);
        error[0] = '\0';
    } else {
        explain(curl, code, error);
    }
}

void http_get(const struct ipaddr *addr, unsigned port, const char *path, const char *host,
              unsigned timeout_ms, struct http_result *r)
{
    *r = (struct http_result){.body.cap = HTTP_MAX_BODY};
    if (host && (!*host || strpbrk(host, "\r\n"))) { /* it would end the header and begin another */
        snprintf(r->error, sizeof r->error, "the Host header is empty or holds a line break");
        return;
    }
    autosb struct strbuf url = {0};
    build_url(&url, addr, port, path);
    char error[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = host ? host_header(host) : NULL;
    CURL *curl = curl_easy_init();
    if (!curl || (host && !headers))
        snprintf(error, sizeof error, "libcurl is out of memory");
    /* For libcurl a time limit of 0 is none at all. */
    else if (set_options(curl, sb_str(&url), headers, timeout_ms ? timeout_ms : 1, error, &r->body))
        perform(curl, error, r);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    snprintf(r->error, sizeof r->error, "%.*s", (int)sizeof r->error - 1, error);
}

void http_result_free(struct http_result *r)
{
    sb_free(&r->body);
}
