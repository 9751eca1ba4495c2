#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above first. */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/ipaddr.h"
#include "base/mem.h"

static inline struct ipaddr addr(const char *s)
{
    struct ipaddr a;
    assert_true(ipaddr_parse(s, &a));
    return a;
}
