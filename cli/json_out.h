#pragma once
/*
 * JSON output, one object a line, fields in the order of the calls. `key` is NULL inside an array
 * and for the outermost object. Text may be of remote origin: bytes that are not UTF-8, and control
 * characters but newline and tab, come out as the four characters \xNN.
 */
#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "base/strbuf.h"

void json_open(struct strbuf *sb, const char *key, char bracket);      /* '{' or '[' */
void json_close(struct strbuf *sb, char bracket);                      /* '}' or ']' */
void json_text(struct strbuf *sb, const char *key, const char *value); /* NULL: leaves it out */
void json_number(struct strbuf *sb, const char *key, long long value);
/* A number of thousandths, as N.NNN. */
void json_thousandths(struct strbuf *sb, const char *key, unsigned long long value);
void json_bool(struct strbuf *sb, const char *key, bool value);
/* {"code":...,"message":...,"hint":...} */
void json_error(struct strbuf *sb, const char *key, const struct err *e);
/* Close the outermost object, write it as one line, flush, and start over. */
void json_line(struct strbuf *sb, FILE *f);
