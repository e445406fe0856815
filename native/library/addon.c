/*
 * The library as a Node.js add-on. Each function of shim.h takes what it takes there: a number, or a Uint8Array for a pointer,
 * and text ends with a zero byte.
 */
#include <errno.h>
#include <string.h>

#include "job.h"
#include "listener.h"
#include "node-api.h"
#include "shim.h"

#define ARGUMENTS_MAX 4

/* Of another type: 0 or NULL, which the functions refuse. */
static int64_t number(napi_env env, napi_value argument) {
    int64_t value = 0;
    napi_get_value_int64(env, argument, &value);
    return value;
}

static size_t length_of(napi_env env, napi_value argument, void **bytes) {
    size_t length = 0;
    *bytes = NULL;
    napi_get_typedarray_info(env, argument, NULL, &length, bytes, NULL, NULL);
    return length;
}

static void *bytes(napi_env env, napi_value argument) {
    void *start;
    length_of(env, argument, &start);
    return start;
}

static size_t length(napi_env env, napi_value argument) {
    void *start;
    return length_of(env, argument, &start);
}

static napi_value result(napi_env env, int64_t value) {
    napi_value made = NULL;
    napi_create_int64(env, value, &made);
    return made;
}

/* Defines what Node calls as NAME; the C function's arguments are expressions over a[0], a[1], … */
#define FUNCTION(name, call)                                                                                           \
    static napi_value call_##name(napi_env env, napi_callback_info info) {                                             \
        napi_value a[ARGUMENTS_MAX] = {NULL};                                                                          \
        size_t count = ARGUMENTS_MAX;                                                                                  \
        napi_get_cb_info(env, info, &count, a, NULL, NULL);                                                            \
        return result(env, call);                                                                                      \
    }

#define NUMBER(i) ((int)number(env, a[i]))
#define BYTES(i) bytes(env, a[i])

FUNCTION(spawn, td_spawn(BYTES(0), length(env, a[0]), BYTES(1), BYTES(2)))
FUNCTION(detach, td_detach(BYTES(0), length(env, a[0]), BYTES(1), BYTES(2), length(env, a[2]), BYTES(3)))
FUNCTION(catchSignal, td_catch(NUMBER(0)))
FUNCTION(signal, td_signal(NUMBER(0), NUMBER(1)))
FUNCTION(pidfd, td_pidfd(NUMBER(0)))
FUNCTION(wait, td_wait(NUMBER(0), NUMBER(1)))
FUNCTION(lock, td_lock(NUMBER(0)))
FUNCTION(close, td_close(NUMBER(0)))
FUNCTION(openInside, td_open_inside(BYTES(0), BYTES(1)))
FUNCTION(replace, td_replace(BYTES(0), BYTES(1)))
FUNCTION(remove, td_remove(BYTES(0), (uint32_t)number(env, a[1])))
FUNCTION(guard, td_guard((uint32_t)number(env, a[0])))
FUNCTION(guardAside, td_guard_aside((uint32_t)number(env, a[0])))
FUNCTION(dropOutput, td_drop_output((uint32_t)number(env, a[0])))
FUNCTION(kill, td_kill((uint32_t)number(env, a[0]), NUMBER(1)))
FUNCTION(resize, td_resize((uint32_t)number(env, a[0])))
FUNCTION(foreground, td_foreground((uint32_t)number(env, a[0])))
FUNCTION(pipe, td_pipe(BYTES(0)))
FUNCTION(linkIndex, td_link_index(BYTES(0)))
FUNCTION(netlinkOpen, td_netlink_open(NUMBER(0)))
FUNCTION(netlink, td_netlink(NUMBER(0), BYTES(1), length(env, a[1]), BYTES(2), length(env, a[2]), BYTES(3)))
FUNCTION(netlinkTransaction, td_netlink_transaction(NUMBER(0), BYTES(1), length(env, a[1]), BYTES(2)))
FUNCTION(setAttribute, td_set_attribute(BYTES(0), BYTES(1), BYTES(2), length(env, a[2])))
FUNCTION(listAttributes, td_list_attributes(BYTES(0), BYTES(1), length(env, a[1])))
FUNCTION(getAttribute, td_get_attribute(BYTES(0), BYTES(1), BYTES(2), length(env, a[2])))
FUNCTION(makeNode, td_make_node(BYTES(0), (uint32_t)number(env, a[1]), (uint32_t)number(env, a[2]), (uint32_t)number(env, a[3])))
FUNCTION(cgroupDevices, td_cgroup_devices(NUMBER(0), BYTES(1), length(env, a[1])))
FUNCTION(digestBegin, td_digest_begin(BYTES(0), length(env, a[0])))
FUNCTION(digestEnd, td_digest_end(BYTES(0), BYTES(1)))
FUNCTION(raw, td_raw(NUMBER(0)))
FUNCTION(restore, td_restore(NUMBER(0)))

static int open_with(napi_env env, napi_value init, napi_value function) {
    int error = listener_open(env, function);
    if (error)
        return error;
    int events = td_open(bytes(env, init), length(env, init));
    if (events >= 0)
        return listener_start(events);
    listener_close();
    return events;
}

FUNCTION(open, open_with(env, a[0], a[1]))
FUNCTION(keepRunning, (listener_keep_running(env, NUMBER(0)), 0))

static napi_value call_abi(napi_env env, napi_callback_info info) {
    (void)info;
    napi_value made = NULL;
    napi_create_bigint_uint64(env, td_abi(), &made);
    return made;
}

/* The functions that take longer run on another thread, and promise what they return. */

static int job_ended(const struct job *job) { return td_wait(job->fd, job->milliseconds); }
static int job_remove_all(const struct job *job) { return td_remove(job->path, UINT32_MAX); }
static int job_sync(const struct job *job) { return td_sync(job->path); }

static int job_gunzip(const struct job *job) {
    return td_gunzip(job->arrays[0].bytes, job->arrays[0].length, job->arrays[1].bytes, job->arrays[1].length,
                     job->arrays[2].bytes, job->arrays[2].length, (struct td_gunzipped *)(void *)job->arrays[3].bytes);
}

static int job_digest(const struct job *job) {
    return td_digest_add(job->arrays[0].bytes, job->arrays[1].bytes, job->arrays[1].length);
}

/* -ENOMEM is a plain number, as of the others. */
static napi_value call_ended(napi_env env, napi_callback_info info) {
    napi_value a[2] = {NULL};
    size_t count = 2;
    napi_get_cb_info(env, info, &count, a, NULL, NULL);
    struct job *job = job_new(job_ended, "");
    if (!job)
        return result(env, -ENOMEM);
    job->fd = NUMBER(0);
    job->milliseconds = NUMBER(1);
    return job_start(env, job);
}

/* Promises what a function of a path returns. */
static napi_value start_with_path(napi_env env, napi_callback_info info, int (*call)(const struct job *job)) {
    napi_value a[1] = {NULL};
    size_t count = 1;
    napi_get_cb_info(env, info, &count, a, NULL, NULL);
    const char *path = BYTES(0);
    struct job *job = path && path[0] ? job_new(call, path) : NULL;
    return job ? job_start(env, job) : result(env, path && path[0] ? -ENOMEM : -EINVAL);
}

static napi_value call_remove_all(napi_env env, napi_callback_info info) {
    return start_with_path(env, info, job_remove_all);
}

static napi_value call_sync(napi_env env, napi_callback_info info) { return start_with_path(env, info, job_sync); }

static napi_value start_with_arrays(napi_env env, napi_callback_info info, int count, int (*call)(const struct job *job)) {
    napi_value a[JOB_ARRAYS_MAX] = {NULL};
    size_t given = JOB_ARRAYS_MAX;
    napi_get_cb_info(env, info, &given, a, NULL, NULL);
    struct job *job = job_new(call, "");
    if (!job)
        return result(env, -ENOMEM);
    job_keep(env, job, a, count);
    return job_start(env, job);
}

static napi_value call_gunzip(napi_env env, napi_callback_info info) {
    return start_with_arrays(env, info, 4, job_gunzip);
}

static napi_value call_digest_add(napi_env env, napi_callback_info info) {
    return start_with_arrays(env, info, 2, job_digest);
}

static const struct {
    const char *name;
    napi_callback call;
} FUNCTIONS[] = {
    {"abi", call_abi},       {"open", call_open},     {"spawn", call_spawn},           {"signal", call_signal},
    {"pidfd", call_pidfd},   {"wait", call_wait},     {"lock", call_lock},             {"close", call_close},
    {"netlinkTransaction", call_netlinkTransaction}, {"replace", call_replace}, {"linkIndex", call_linkIndex},
    {"setAttribute", call_setAttribute}, {"listAttributes", call_listAttributes}, {"getAttribute", call_getAttribute},
    {"remove", call_remove}, {"resize", call_resize}, {"foreground", call_foreground}, {"raw", call_raw}, {"cgroupDevices", call_cgroupDevices},
    {"catchSignal", call_catchSignal}, {"dropOutput", call_dropOutput}, {"guard", call_guard}, {"guardAside", call_guardAside}, {"kill", call_kill},
    {"netlink", call_netlink}, {"netlinkOpen", call_netlinkOpen}, {"ended", call_ended},   {"restore", call_restore}, {"openInside", call_openInside}, {"removeAll", call_remove_all}, {"sync", call_sync},
    {"pipe", call_pipe}, {"keepRunning", call_keepRunning}, {"makeNode", call_makeNode},
    {"detach", call_detach}, {"gunzip", call_gunzip}, {"digestBegin", call_digestBegin}, {"digestAdd", call_digest_add}, {"digestEnd", call_digestEnd},
};

TD_API napi_value napi_register_module_v1(napi_env env, napi_value exports);

TD_API napi_value napi_register_module_v1(napi_env env, napi_value exports) {
    for (size_t i = 0; i < sizeof FUNCTIONS / sizeof *FUNCTIONS; i++) {
        napi_value function;
        const char *name = FUNCTIONS[i].name;
        if (napi_create_function(env, name, strlen(name), FUNCTIONS[i].call, NULL, &function) == 0)
            napi_set_named_property(env, exports, name, function);
    }
    return exports;
}
