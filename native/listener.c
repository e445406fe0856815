#include "listener.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim.h"
#include "thread.h"

/* Then the pipe fills, and writers wait. */
#define WAITING_MAX 1024

static napi_threadsafe_function listener;

/* On Node's thread; env is NULL when that ends. */
static void hand_over(napi_env env, napi_value function, void *context, void *data) {
    (void)context;
    napi_value self, event;
    if (env && napi_get_undefined(env, &self) == 0 &&
        napi_create_buffer_copy(env, sizeof(struct td_event), data, NULL, &event) == 0)
        (void)napi_call_function(env, self, function, 1, &event, NULL); /* it throws nothing */
    free(data);
}

/* Until Node's thread ends. */
static void *read_events(void *argument) {
    int events = (int)(intptr_t)argument;
    for (;;) {
        struct td_event *event = malloc(sizeof *event);
        if (event && read(events, event, sizeof *event) == sizeof *event &&
            napi_call_threadsafe_function(listener, event, NAPI_TSFN_BLOCKING) == 0)
            continue;
        free(event);
        close(events);
        return NULL;
    }
}

int listener_open(napi_env env, napi_value function) {
    napi_value name;
    if (napi_create_string_utf8(env, "tinydocker", strlen("tinydocker"), &name) != 0 ||
        napi_create_threadsafe_function(env, function, NULL, name, WAITING_MAX, 1, NULL, NULL, NULL, hand_over,
                                        &listener) != 0)
        return -EINVAL;
    listener_keep_running(env, 0);
    return 0;
}

void listener_close(void) { (void)napi_release_threadsafe_function(listener, NAPI_TSFN_RELEASE); }

int listener_start(int events) { return -thread_start("td-events", read_events, (void *)(intptr_t)events); }

void listener_keep_running(napi_env env, int keep) {
    (void)(keep ? napi_ref_threadsafe_function : napi_unref_threadsafe_function)(env, listener);
}
