/*
 * What addon.c, job.c and listener.c use of Node-API version 8, whose binary interface never changes (nodejs.org/api/n-api.html): a machine with
 * Node.js need not have its headers.
 */
#ifndef TD_NODE_API_H
#define TD_NODE_API_H

#include <stddef.h>
#include <stdint.h>

typedef struct napi_env__ *napi_env;
typedef struct napi_value__ *napi_value;
typedef struct napi_callback_info__ *napi_callback_info;
typedef struct napi_ref__ *napi_ref;
typedef struct napi_deferred__ *napi_deferred;
typedef struct napi_async_work__ *napi_async_work;
typedef struct napi_threadsafe_function__ *napi_threadsafe_function;
typedef int napi_status; /* 0: success */
typedef napi_value (*napi_callback)(napi_env, napi_callback_info);
typedef void (*napi_async_execute_callback)(napi_env, void *data);
typedef void (*napi_async_complete_callback)(napi_env, napi_status, void *data);
typedef void (*napi_finalize)(napi_env, void *data, void *hint);
typedef void (*napi_threadsafe_function_call_js)(napi_env, napi_value function, void *context, void *data);

enum { NAPI_TSFN_RELEASE = 0, NAPI_TSFN_BLOCKING = 1 };

napi_status napi_create_function(napi_env, const char *name, size_t length, napi_callback, void *data, napi_value *);
napi_status napi_set_named_property(napi_env, napi_value object, const char *name, napi_value);
napi_status napi_get_cb_info(napi_env, napi_callback_info, size_t *count, napi_value *arguments, napi_value *self,
                             void **data);
napi_status napi_get_value_int64(napi_env, napi_value, int64_t *);
napi_status napi_get_typedarray_info(napi_env, napi_value, int *type, size_t *length, void **bytes, napi_value *buffer,
                                     size_t *offset);
napi_status napi_create_int64(napi_env, int64_t, napi_value *);
napi_status napi_create_bigint_uint64(napi_env, uint64_t, napi_value *);
napi_status napi_create_string_utf8(napi_env, const char *, size_t length, napi_value *);
napi_status napi_create_reference(napi_env, napi_value, uint32_t count, napi_ref *);
napi_status napi_delete_reference(napi_env, napi_ref);
napi_status napi_create_promise(napi_env, napi_deferred *, napi_value *promise);
napi_status napi_resolve_deferred(napi_env, napi_deferred, napi_value);
napi_status napi_create_async_work(napi_env, napi_value resource, napi_value resource_name, napi_async_execute_callback,
                                   napi_async_complete_callback, void *data, napi_async_work *);
napi_status napi_queue_async_work(napi_env, napi_async_work);
napi_status napi_delete_async_work(napi_env, napi_async_work);
napi_status napi_get_undefined(napi_env, napi_value *);
napi_status napi_create_buffer_copy(napi_env, size_t length, const void *bytes, void **copy, napi_value *buffer);
napi_status napi_call_function(napi_env, napi_value self, napi_value function, size_t count,
                               const napi_value *arguments, napi_value *result);
napi_status napi_create_threadsafe_function(napi_env, napi_value function, napi_value resource, napi_value resource_name,
                                            size_t queued_max, size_t threads, void *finalize_data, napi_finalize,
                                            void *context, napi_threadsafe_function_call_js, napi_threadsafe_function *);
napi_status napi_call_threadsafe_function(napi_threadsafe_function, void *data, int mode);
napi_status napi_release_threadsafe_function(napi_threadsafe_function, int mode);
napi_status napi_ref_threadsafe_function(napi_env, napi_threadsafe_function);
napi_status napi_unref_threadsafe_function(napi_env, napi_threadsafe_function);

#endif
