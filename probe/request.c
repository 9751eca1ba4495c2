#include "probe/request.h"

#include <string.h>

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

static bool add_header(struct request_text *t, const char *line)
{
    struct curl_slist *longer = curl_slist_append(t->headers, line);
    if (longer)
        t->headers = longer;
    return longer;
}

int request_text_init(struct request_text *t, const struct ipaddr *addr, unsigned port,
                      const char *path, const char *host, struct err *e)
{
    *t = (struct request_text){0};
    if (host && (!*host || strpbrk(host, "\r\n"))) /* it would end the header and begin another */
        return err_set(e, ERR_FAILED, "the Host header is empty or holds a line break");
    build_url(&t->url, addr, port, path);
    autosb struct strbuf header = {0};
    if (host)
        sb_addf(&header, "Host: %s", host);
    /* We send no second request; and it is the server that is left with TIME_WAIT (RFC 9112, 9.6)
     */
    if (!add_header(t, "Connection: close") || (host && !add_header(t, sb_str(&header))))
        return err_set(e, ERR_SYSTEM, "libcurl is out of memory");
    return 0;
}

void request_text_free(struct request_text *t)
{
    sb_free(&t->url);
    curl_slist_free_all(t->headers);
    t->headers = NULL;
}

CURLcode request_set_options(CURL *curl, const struct request_text *t, struct strbuf *body)
{
    CURLcode bad = CURLE_OK;
/* The first failure counts; libcurl's type checks need the option's name, so this is a macro. */
#define SET(option, value) (bad = bad ? bad : curl_easy_setopt(curl, option, value))
    SET(CURLOPT_URL, sb_str(&t->url));
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
    SET(CURLOPT_USERAGENT, "clusterctl");
    SET(CURLOPT_HTTPHEADER, t->headers);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, body);
#undef SET
    return bad;
}

long request_status(CURL *curl, CURLcode code, const struct strbuf *body)
{
    long status = 0;
    if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && body->truncated))
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}
