#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "init.h"

int step_chdir(struct td_init *init, const struct td_chdir *step) {
    char path[PATH_MAX];
    if (init->entered)
        return 0;
    if (chdir(td_text(&init->plan, step->path)) != 0 || !getcwd(path, sizeof path))
        return errno;
    /* CVE-2024-21626: getcwd returns "(unreachable)/…" for a directory outside the root. */
    if (path[0] != '/')
        return EXDEV;
    init->entered = 1;
    return 0;
}

/* An empty directory means the working directory. Returns 0 when the path is too long. */
static int join(char path[PATH_MAX], const char *directory, size_t length, const char *name) {
    size_t name_length = strlen(name);
    if (length + 1 + name_length >= PATH_MAX)
        return 0;
    memcpy(path, directory, length);
    if (length > 0)
        path[length++] = '/';
    memcpy(path + length, name, name_length + 1);
    return 1;
}

/* Tries each directory of search, as execvp does; returns the most specific errno. */
static int exec_searched(const char *search, const char **arguments, const char **environment) {
    static char path[PATH_MAX];
    int error = ENOENT;
    for (const char *at = search; at; at = strchr(at, ':') ? strchr(at, ':') + 1 : NULL) {
        if (!join(path, at, strcspn(at, ":"), arguments[0]))
            continue;
        execve(path, (char *const *)arguments, (char *const *)environment);
        if (errno == EACCES)
            error = EACCES;
        else if (errno == ENOENT && access(path, F_OK) == 0)
            return ELIBBAD; /* the file exists, so its interpreter is missing */
        else if (errno != ENOENT && errno != ENOTDIR)
            return errno;
    }
    return error;
}

static int exec_path(const char **arguments, const char **environment) {
    execve(arguments[0], (char *const *)arguments, (char *const *)environment);
    int error = errno;
    return error == ENOENT && access(arguments[0], F_OK) == 0 ? ELIBBAD : error;
}

static const char **list_of(const struct td_plan *plan, struct td_text text) {
    size_t count = td_list(plan, text, NULL, 0);
    const char **list = calloc(count + 1, sizeof *list);
    if (list)
        td_list(plan, text, list, count + 1);
    return list;
}

int step_end(struct td_init *init, const struct td_end *step) {
    (void)init, (void)step;
    _exit(0);
}

int step_exec(struct td_init *init, const struct td_exec *step) {
    init->object = td_text(&init->plan, step->args); /* the first one */
    const char **arguments = list_of(&init->plan, step->args);
    const char **environment = list_of(&init->plan, step->env);
    if (!arguments || !environment)
        return ENOMEM;
    if (!arguments[0])
        return EINVAL;
    report(TD_REPORT_READY, init->step, 0, 0, NULL);
    if (strchr(arguments[0], '/'))
        return exec_path(arguments, environment);
    const char *search = td_text(&init->plan, step->search);
    return arguments[0][0] && search[0] ? exec_searched(search, arguments, environment) : ENOENT;
}
