#pragma once
/*
 * What the fuzz targets share. A target is a file fuzz_NAME.c with LLVMFuzzerTestOneInput(): it
 * takes any bytes, hands them to what it is about, and says with HOLDS() what must be true then.
 * Inputs are text where that can be, so that a corpus can be read and written by hand.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Also where NDEBUG is set. */
#define HOLDS(condition) ((condition) ? (void)0 : fuzz_broken(__FILE__, __LINE__, #condition))
_Noreturn void fuzz_broken(const char *file, int line, const char *condition);

/*
 * The bytes up to the first NUL, in memory of just that size: sanitizers see what reads behind it.
 * To be freed.
 */
char *fuzz_text(const uint8_t *data, size_t size);
/* Cut the next line off: a copy of its own, as a host's line arrives. NULL: none is left. */
char *fuzz_line(const char **text);

/*
 * What may reach a terminal: well-formed UTF-8 without control characters, and without those that
 * hide or turn the text around them. Not quote.c's own opinion, which is what is tested.
 */
bool fuzz_is_shown(const char *s, size_t n, bool multiline);
/* The same of a string; NULL is fine. */
bool fuzz_is_safe(const char *s);
