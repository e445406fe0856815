/* Calls on Node's worker threads. */
#ifndef TD_JOB_H
#define TD_JOB_H

#include "node-api.h"

#define JOB_ARRAYS_MAX 4

/* A call, and the promise of its result. */
struct job {
    napi_async_work work;
    napi_deferred deferred;
    int (*call)(const struct job *job);
    int result;
    int fd;
    int milliseconds;
    /* Typed arrays, which stay until it has ended. */
    struct {
        uint8_t *bytes;
        size_t length;
        napi_ref kept;
    } arrays[JOB_ARRAYS_MAX];
    char path[];
};

/* NULL: out of memory. */
struct job *job_new(int (*call)(const struct job *job), const char *path);

/* Lets it have the first arguments, which are typed arrays. */
void job_keep(napi_env env, struct job *job, const napi_value *arguments, int count);

/* Returns the promise. */
napi_value job_start(napi_env env, struct job *job);

#endif
