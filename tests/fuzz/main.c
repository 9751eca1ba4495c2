/*
 * Stands in for libFuzzer where a build is without it: runs the target once over each file that is
 * named, and each file of the folders that are.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "fuzz.h"

static unsigned long files;

static void run_file(const char *path)
{
    enum { MAX = 1 << 20 };
    static unsigned char buf[MAX];
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        exit(1);
    }
    size_t n = fread(buf, 1, sizeof buf, f);
    fclose(f);
    unsigned char *data = xmalloc(n ? n : 1);
    memcpy(data, buf, n);
    fprintf(stderr, "%s\n", path); /* the one to blame, should it be the last */
    LLVMFuzzerTestOneInput(data, n);
    free(data);
    files++;
}

static void run_folder(const char *path)
{
    struct dirent **entries;
    int n = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        autosb struct strbuf file = {0};
        sb_addf(&file, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            run_file(sb_str(&file));
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
}

int main(int argc, char **argv)
{
    LLVMFuzzerTestOneInput(NULL, 0);
    for (int i = 1; i < argc; i++) {
        struct stat st;
        if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
            run_folder(argv[i]);
        else
            run_file(argv[i]);
    }
    printf("%lu files\n", files);
    return files ? 0 : 1; /* a corpus that is not found proves nothing */
}
