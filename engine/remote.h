#pragma once
/*
 * Running a generated script on a host and believing it: a script has succeeded only when its
 * trailer arrived last, both streams ended cleanly and the exit status is 0.
 */
#include "engine/script.h"
#include "ssh/ssh.h"

struct remote_handler {
    /* A line of ours (see script_line()); returns -1 with *e set to give up. NULL kinds never come. */
    int (*line)(void *ud, char *kind, char *rest, struct err *e);
    void *ud;
    bool endless; /* there is no limit to what comes in all, and one far lower to a line */
};

/* An opened script, for sending it piece by piece. */
struct remote {
    struct ssh_exec *exec;
    const char *nonce;
    const struct remote_handler *handler;
    char *line;       /* scratch copy of the line being cut up */
    size_t line_size;
    bool trailer;     /* seen, and nothing of ours after it */
    bool ready;       /* the script has come to where it was to say so */
    int wake_fd;      /* of remote_await(), or -1 */
    struct ssh_sink sink;
};

/* `script` must outlive the remote. Its text so far is sent by remote_send(). */
int remote_open(struct remote *r, struct ssh *ssh, const struct script *script,
                const struct remote_handler *handler, struct err *e);
/* Send what was added to the script's text, and empty it. */
int remote_send(struct remote *r, struct script *script, int64_t deadline, struct err *e);
/* Wait for output until wake_fd is readable; 1: the script has ended by itself. */
int remote_wait(struct remote *r, int wake_fd, int64_t deadline, struct err *e);
/*
 * End the piece of a script that is to be answered before there is a next one; then, once it was sent, wait until
 * the host has come to that place.
 */
void remote_mark(struct script *script);
int remote_await(struct remote *r, int64_t deadline, struct err *e);
/* Close standard input, wait for the end, and judge. */
int remote_finish(struct remote *r, int64_t deadline, struct err *e);
void remote_close(struct remote *r);

/* All of it at once: send the whole script, handle its lines, judge. */
int remote_run(struct ssh *ssh, struct script *script, const struct remote_handler *handler,
               int64_t deadline, struct err *e);
