#pragma once
/*
 * What a reboot would read: the files of sysctl.d and modprobe.d as the host has them, and what
 * systemd makes of them. The rules are those of sysctl.d(5), modules-load.d(5), modprobe.d(5).
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/vec.h"
#include "engine/run.h"
#include "engine/script.h"

enum { BOOT_MAX_LINES = 5000 };

struct boot_line {
    const char *path; /* raw: checks quote what they show */
    const char *text;
    unsigned number;
};

struct boot_config {
    VEC(const char *) files; /* every one that is there, empty and masked ones too */
    VEC(struct boot_line) lines;
    VEC(const char *) masked; /* of the units that read them */
    bool read;
};

/* What the catalog has to do with it; false: nothing, and nothing is asked. */
bool boot_matters(const struct host_result *hr);
void boot_ask(struct script *s);
/* A record whose first word was "boot_file", "boot_line", ...; strings go to the arena. */
void boot_record(struct boot_config *b, struct arena *a, const char *what, char *value);

/*
 * The line that gives a sysctl its value at boot, and *value (in the arena); NULL: none does. The
 * last assignment counts, in the order of the files' names whatever their folders, and a file of an
 * earlier folder takes the place of its namesakes. Patterns never count: they spare what any file
 * names outright.
 */
const struct boot_line *boot_sysctl(const struct boot_config *b, struct arena *a, const char *key,
                                    const char **value);
/* The line that keeps systemd-modules-load from loading a module, or NULL. */
const struct boot_line *boot_denies_module(const struct boot_config *b, const char *module);
void boot_free(struct boot_config *b);
