#pragma once
/*
 * Quoting: one function for each context that text from outside can reach. None of them can fail:
 * what a context cannot represent (a newline in a keepalived word, say) is refused by the inventory
 * check before it gets here.
 */
#include "base/strbuf.h"

/* One POSIX shell word, in single quotes when it holds anything but [A-Za-z0-9_@%+=:,./-]. */
void quote_sh(struct strbuf *out, const char *s);

/* An fstab or /etc/exports field: blank, tab, newline, backslash and '#' as \ooo (fstab(5)). */
void quote_octal(struct strbuf *out, const char *s);
/* Its other direction, in place. */
void unquote_octal(char *s);

/* A JSON string with its quotes. */
void quote_json(struct strbuf *out, const char *s);

/*
 * Text of remote origin for a terminal: control bytes (C0, DEL, C1 as UTF-8), invalid UTF-8, and
 * what is invisible or turns the text around it become \xNN; newline and tab are kept where
 * `multiline`.
 */
void quote_terminal(struct strbuf *out, const char *s, size_t n, bool multiline);

/* The value of a Prometheus label with its quotes (exposition_formats.md escapes no more than this). */
void quote_label(struct strbuf *out, const char *s);

/* Text inside an XML or HTML element or a double-quoted attribute. */
void quote_xml(struct strbuf *out, const char *s);
