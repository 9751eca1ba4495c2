#pragma once
/*
 * A script that goes on: a connection of its own to one host, text sent piece by piece as what
 * comes back asks for, lines delivered for as long as the host is heard. One thread owns a stream.
 * The host's shell stands in a `read` while nothing is to be sent: standard input that ends is how
 * it learns that we are gone, whatever became of us.
 */
#include "engine/remote.h"

struct stream {
    const struct host *host;
    struct ssh *ssh;
    struct script script; /* what stream_send() is to send */
    struct remote remote;
    bool opened;          /* `remote` is */
    const struct remote_handler *handler;
    struct remote_handler own;
    int timer_fd;
    bool woken;
    int64_t heard_ms;     /* when the last line came, by clock_ms() */
};

/*
 * Connect and start a shell; s->script holds the prelude and nothing is sent yet. `handler` must
 * outlive the stream. stream_close() is due in any case.
 */
int stream_open(struct stream *s, const struct host *h, const struct ssh_cancel *cancel,
                const struct remote_handler *handler, struct err *e);
int stream_send(struct stream *s, struct err *e);
/*
 * Deliver lines until stream_wake() is called (0) or the script has ended by itself (1). A host of
 * which nothing was heard for silence_ms is ERR_UNREACHABLE.
 */
int stream_wait(struct stream *s, unsigned silence_ms, struct err *e);
/* Deliver lines for that long (0), or until the script has ended by itself (1). */
int stream_listen(struct stream *s, unsigned ms, struct err *e);
/* From the handler: let stream_wait() return, once what has arrived is delivered. */
void stream_wake(struct stream *s);
/* The script's text has all been sent, and its end: wait for it, and judge. */
int stream_finish(struct stream *s, unsigned limit_ms, struct err *e);
/* The shell on the host, if it is still there, finds its input at the end. */
void stream_close(struct stream *s);
