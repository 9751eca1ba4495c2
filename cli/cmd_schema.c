#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "inventory/load.h"

static int run_schema(struct invocation *in, struct err *e)
{
    (void)in, (void)e;
    autofree char *schema = inventory_json_schema();
    fputs(schema, stdout);
    size_t len = strlen(schema);
    if (len && schema[len - 1] != '\n')
        putchar('\n');
    return 0;
}

const struct command cmd_schema = {
    .name = "schema",
    .usage = "",
    .summary = "Print the JSON Schema of inventories",
    .about = "Prints the JSON Schema (2020-12) that editors complete and check inventories with. "
             "It is generated from the tables that read the inventory.",
    .run = run_schema,
};
