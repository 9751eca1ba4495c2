#pragma once
#include "base/strbuf.h"

/* "anna@ops1": who sits here, also behind sudo; for others to read. */
void who_text(struct strbuf *out);
