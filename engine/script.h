#pragma once
/*
 * Generated POSIX shell. A script travels on the standard input of `sh -s`, so commands inside it
 * read /dev/null. Everything it says to us is a line that begins with '@' and the run's nonce;
 * anything else on standard output (a login banner, say) is not ours and is ignored.
 */
#include "base/err.h"
#include "base/strbuf.h"

enum { NONCE_LEN = 16 }; /* characters; 80 random bits in base32-like letters */

struct script {
    struct strbuf text;
    char nonce[NONCE_LEN + 1];
};

int script_init(struct script *s, struct err *e); /* draws a nonce from getrandom(2) */
void script_free(struct script *s);

/* Raw shell text. */
void script_add(struct script *s, const char *text);
void script_addf(struct script *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A blank and one quoted word. */
void script_arg(struct script *s, const char *word);
void script_argn(struct script *s, size_t n);
/* Start of every script: set up, the functions N-prefixed output needs; `r` prints a record. */
void script_prelude(struct script *s);
/* Last line: the trailer without which nothing counts. */
void script_end(struct script *s);

/*
 * Is this output line ours? Then *kind points at the word after the nonce ("r", "step", "end"), NUL-
 * terminated, and *rest behind it; the line is cut up in place.
 */
bool script_line(const char *nonce, char *line, char **kind, char **rest);
