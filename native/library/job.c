#include <stdlib.h>
#include <string.h>

#include "job.h"

struct job *job_new(int (*call)(const struct job *job), const char *path) {
    size_t size = strlen(path) + 1;
    struct job *job = calloc(1, sizeof *job + size);
    if (!job)
        return NULL;
    job->call = call;
    memcpy(job->path, path, size);
    return job;
}

void job_keep(napi_env env, struct job *job, const napi_value *arguments, int count) {
    for (int i = 0; i < count; i++) {
        void *bytes = NULL;
        napi_get_typedarray_info(env, arguments[i], NULL, &job->arrays[i].length, &bytes, NULL, NULL);
        napi_create_reference(env, arguments[i], 1, &job->arrays[i].kept);
        job->arrays[i].bytes = bytes;
    }
}

static void run(napi_env env, void *data) {
    (void)env;
    struct job *job = data;
    job->result = job->call(job);
}

static void finish(napi_env env, napi_status status, void *data) {
    (void)status;
    struct job *job = data;
    for (int i = 0; i < JOB_ARRAYS_MAX; i++)
        if (job->arrays[i].kept)
            napi_delete_reference(env, job->arrays[i].kept);
    napi_value result = NULL;
    napi_create_int64(env, job->result, &result);
    napi_resolve_deferred(env, job->deferred, result);
    napi_delete_async_work(env, job->work);
    free(job);
}

napi_value job_start(napi_env env, struct job *job) {
    napi_value name, promise = NULL;
    napi_create_promise(env, &job->deferred, &promise);
    napi_create_string_utf8(env, "tinydocker", strlen("tinydocker"), &name);
    napi_create_async_work(env, NULL, name, run, finish, job, &job->work);
    napi_queue_async_work(env, job->work);
    return promise;
}
