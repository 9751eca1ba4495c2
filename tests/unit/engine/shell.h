#pragma once
/* Running a script for real, over mounts and a network of its own. Needs root. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/strbuf.h"

/* What it prints on either stream is added to *out; returns its wait status. */
static inline int shell_run(const char *text, size_t len, struct strbuf *out)
{
    char path[] = "/tmp/shell-XXXXXX", command[200], buf[4096];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
    close(fd);
    snprintf(command, sizeof command, "unshare -m -n sh %s 2>&1", path);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    for (size_t n; (n = fread(buf, 1, sizeof buf, f));)
        sb_addn(out, buf, n);
    int status = pclose(f);
    unlink(path);
    return status;
}
