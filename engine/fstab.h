#pragma once
/* /etc/fstab as it may be shown. */
#include "base/strbuf.h"

/* Append `text`, some lines of it, without what may be secret: the password of another share. */
void fstab_mask(struct strbuf *out, const char *text);
