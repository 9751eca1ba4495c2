#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/parse.h"
#include "templates/embedded.h"
#include "templates/render.h"

const char *const *template_names(void)
{
    return embedded_template_names;
}

static const struct embedded_template *find_embedded(const char *name)
{
    for (size_t i = 0; i < embedded_templates_n; i++)
        if (strcmp(embedded_templates[i].name, name) == 0)
            return &embedded_templates[i];
    return NULL;
}

static int read_all(int fd, const char *path, struct strbuf *out, struct err *e)
{
    char buf[16384];
    for (;;) {
        ssize_t n = read(fd, buf, sizeof buf);
        if (n == 0)
            break;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(e, "cannot read template %s", path);
        sb_addn(out, buf, (size_t)n);
        if (out->len > TEMPLATE_MAX_BYTES)
            return err_set(e, ERR_FAILED, "template %s is larger than %d bytes", path,
                           TEMPLATE_MAX_BYTES);
    }
    if (out->len && memchr(out->s, '\0', out->len))
        return err_set(e, ERR_FAILED, "template %s is not a text file: it holds a NUL byte", path);
    return 0;
}

/* Returns 1 when the file is in `out`, 0 when there is none, -1 on an error. */
static int read_template(const char *path, struct strbuf *out, struct err *e)
{
    /* O_NONBLOCK: a FIFO in the directory must not hang us; it is refused just below. */
    autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? 0 : err_errno(e, "cannot open template %s", path);
    struct stat st;
    if (fstat(fd, &st) < 0)
        return err_errno(e, "cannot examine template %s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_FAILED, "template %s is not a regular file", path);
    return read_all(fd, path, out, e) < 0 ? -1 : 1;
}

int template_render(const struct template_set *set, const char *name, const json_t *data,
                    struct strbuf *out, struct err *e)
{
    /* Also keeps names with a slash away from the directory: no embedded template has one. */
    const struct embedded_template *built_in = find_embedded(name);
    if (!built_in)
        return err_set(e, ERR_FAILED, "there is no template named %s", name);
    if (set && set->dir) {
        autosb struct strbuf path = {0}, text = {0};
        sb_addf(&path, "%s/%s", set->dir, name);
        int found = read_template(sb_str(&path), &text, e);
        if (found < 0)
            return -1;
        if (found)
            return template_render_text(sb_str(&path), sb_str(&text), text.len, data, out, e);
    }
    autosb struct strbuf origin = {0};
    sb_addf(&origin, "built-in template %s", name);
    return template_render_text(sb_str(&origin), built_in->text, built_in->len, data, out, e);
}

static int check_entry(const char *dir, const char *name, struct err *e)
{
    autosb struct strbuf path = {0}, text = {0};
    sb_addf(&path, "%s/%s", dir, name);
    if (!find_embedded(name)) {
        err_set(e, ERR_USAGE, "%s does not override any template", sb_str(&path));
        const char *near = nearest_word(name, embedded_template_names);
        if (near)
            return err_hint(e, "did you mean %s?", near);
        return err_hint(e, "give the file the name of the template it replaces, or move it out of "
                           "this directory");
    }
    int found = read_template(sb_str(&path), &text, e);
    if (found < 0)
        return -1;
    if (!found) /* a dangling symbolic link: rendering would quietly fall back */
        return err_set(e, ERR_USAGE, "%s points to a file that does not exist", sb_str(&path));
    return template_check_text(sb_str(&path), sb_str(&text), text.len, e);
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int template_dir_check(const char *dir, struct err *e)
{
    struct dirent **entries;
    int n = scandir(dir, &entries, visible, alphasort), result = 0;
    if (n < 0) {
        err_errno(e, "cannot read the template directory %s", dir);
        e->code = ERR_USAGE;
        return err_hint(e, "--templates takes a directory that holds templates of your own");
    }
    for (int i = 0; i < n; i++) {
        if (result == 0)
            result = check_entry(dir, entries[i]->d_name, e);
        xfree(entries[i]);
    }
    xfree(entries);
    return result;
}

int template_set_digest(const struct template_set *set, char out[static SHA256_HEX_LEN],
                        struct err *e)
{
    autosb struct strbuf all = {0};
    for (size_t i = 0; i < embedded_templates_n; i++) {
        const struct embedded_template *t = &embedded_templates[i];
        autosb struct strbuf path = {0}, text = {0};
        int found = 0;
        if (set->dir) {
            sb_addf(&path, "%s/%s", set->dir, t->name);
            found = read_template(sb_str(&path), &text, e);
        }
        if (found < 0)
            return -1;
        sb_addf(&all, "%s %zu\n", t->name, found ? text.len : t->len);
        sb_addn(&all, found ? sb_str(&text) : t->text, found ? text.len : t->len);
    }
    sha256_hex(sb_str(&all), all.len, out);
    return 0;
}
