#pragma once
/* Lines added to a file that others add to as well. */
#include <stddef.h>

/*
 * Add text, which ends in a newline, to a file that is open with O_RDWR and O_APPEND: all of it, for
 * good (fsync), or nothing; behind a last line that has no end, on a line of its own. Whoever also adds with
 * this waits. 0, or -1 with errno.
 */
int append_lines(int fd, const char *text, size_t len);
