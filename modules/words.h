#pragma once
/*
 * Values on their way into configuration files. The inventory's own rules admit nothing that these
 * files read as syntax; here the same is checked again for each file format, so that a rule relaxed
 * one day cannot become a config injection. What a format can't hold is refused, not escaped.
 */
#include "base/err.h"
#include "base/mem.h"

enum syntax { SYNTAX_KEEPALIVED, SYNTAX_NGINX, SYNTAX_PROMETHEUS };

/* 0 when `word` can stand in the file as it is; the error names `what`, never the word itself. */
int word_check(enum syntax syntax, const char *what, const char *word, struct err *e);

/*
 * The same for the name of a network interface, which may be the host's own word for it: it goes into
 * units' shell, too, and Linux allows almost anything in it.
 */
int interface_check(const char *name, struct err *e);

/* Milliseconds as seconds in shortest form: "1", "0.5", "0.25", "2.125". */
const char *seconds_str(struct arena *a, unsigned ms);
