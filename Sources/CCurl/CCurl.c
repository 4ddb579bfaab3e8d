#include "CCurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>

// The names are libcurl's own again: below they are those of its functions.
#undef curl_easy_cleanup
#undef curl_easy_escape
#undef curl_easy_init
#undef curl_easy_strerror
#undef curl_free
#undef curl_getdate
#undef curl_global_init
#undef curl_multi_add_handle
#undef curl_multi_cleanup
#undef curl_multi_init
#undef curl_multi_perform
#undef curl_multi_poll
#undef curl_multi_remove_handle
#undef curl_multi_wakeup
#undef curl_slist_append
#undef curl_slist_free_all
#undef curl_url
#undef curl_url_cleanup
#undef curl_url_set

// The functions that are loaded: result, name, parameters, arguments, and what the function gives without the library.
#define FUNCTIONS(FUNCTION)                                                                                        \
  FUNCTION(char *, easy_escape, (CURL * a, const char *b, int c), (a, b, c), NULL)                                 \
  FUNCTION(CURL *, easy_init, (void), (), NULL)                                                                    \
  FUNCTION(const char *, easy_strerror, (CURLcode a), (a), "libcurl is missing")                                   \
  FUNCTION(time_t, getdate, (const char *a, const time_t *b), (a, b), -1)                                          \
  FUNCTION(CURLcode, global_init, (long a), (a), CURLE_FAILED_INIT)                                                \
  FUNCTION(CURLMcode, multi_add_handle, (CURLM * a, CURL * b), (a, b), CURLM_INTERNAL_ERROR)                       \
  FUNCTION(CURLMcode, multi_cleanup, (CURLM * a), (a), CURLM_INTERNAL_ERROR)                                       \
  FUNCTION(CURLM *, multi_init, (void), (), NULL)                                                                  \
  FUNCTION(CURLMcode, multi_perform, (CURLM * a, int *b), (a, b), CURLM_INTERNAL_ERROR)                            \
  FUNCTION(                                                                                                        \
      CURLMcode, multi_poll, (CURLM * a, struct curl_waitfd b[], unsigned int c, int d, int *e), (a, b, c, d, e),  \
      CURLM_INTERNAL_ERROR)                                                                                        \
  FUNCTION(CURLMcode, multi_remove_handle, (CURLM * a, CURL * b), (a, b), CURLM_INTERNAL_ERROR)                    \
  FUNCTION(CURLMcode, multi_wakeup, (CURLM * a), (a), CURLM_INTERNAL_ERROR)                                        \
  FUNCTION(struct curl_slist *, slist_append, (struct curl_slist * a, const char *b), (a, b), NULL)                \
  FUNCTION(CURLU *, url, (void), (), NULL)                                                                         \
  FUNCTION(CURLUcode, url_get, (CURLU * a, CURLUPart b, char **c, unsigned int d), (a, b, c, d), CURLUE_OUT_OF_MEMORY) \
  FUNCTION(CURLUcode, url_set, (CURLU * a, CURLUPart b, const char *c, unsigned int d), (a, b, c, d), CURLUE_OUT_OF_MEMORY)

// The same without results.
#define PROCEDURES(PROCEDURE)                 \
  PROCEDURE(easy_cleanup, (CURL * a), (a))    \
  PROCEDURE(free, (void *a), (a))             \
  PROCEDURE(slist_free_all, (struct curl_slist * a), (a)) \
  PROCEDURE(url_cleanup, (CURLU * a), (a))

#define FUNCTION_FIELD(result, name, parameters, arguments, failure) result(*name) parameters;
#define PROCEDURE_FIELD(name, parameters, arguments) void(*name) parameters;

static struct {
  FUNCTIONS(FUNCTION_FIELD)
  PROCEDURES(PROCEDURE_FIELD)
  CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
  CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
  CURLMcode (*multi_setopt)(CURLM *, CURLMoption, ...);
  CURLMsg *(*multi_info_read)(CURLM *, int *);
} loaded;

static const char *problem = NULL;
// dlerror's own text does not outlive the next call.
static char missing[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
#ifdef __APPLE__
  const char *names[] = {"libcurl.4.dylib", "/usr/lib/libcurl.4.dylib"};
#else
  const char *names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};
#endif
  void *library = dlopen(names[0], RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *reason = dlerror();
    snprintf(missing, sizeof missing, "%s", reason ? reason : "it is missing");
    library = dlopen(names[1], RTLD_NOW | RTLD_LOCAL);
  }
  if (!library) {
    problem = missing;
    return;
  }
  // ISO C has no conversion from objects to functions; POSIX has this one.
#define FIND(name)                                                      \
  if (!(*(void **)&loaded.name = dlsym(library, "curl_" #name))) {      \
    problem = "libcurl is too old: it has no curl_" #name;              \
    return;                                                             \
  }
#define FIND_FUNCTION(result, name, parameters, arguments, failure) FIND(name)
#define FIND_PROCEDURE(name, parameters, arguments) FIND(name)
  FUNCTIONS(FIND_FUNCTION)
  PROCEDURES(FIND_PROCEDURE)
  FIND(easy_setopt)
  FIND(easy_getinfo)
  FIND(multi_setopt)
  FIND(multi_info_read)
}

const char *ccurl_problem(void) {
  pthread_once(&once, load);
  return problem;
}

#define DEFINE_FUNCTION(result, name, parameters, arguments, failure) \
  result ccurl_##name parameters { return ccurl_problem() ? failure : loaded.name arguments; }
#define DEFINE_PROCEDURE(name, parameters, arguments) \
  void ccurl_##name parameters {                      \
    if (!ccurl_problem()) loaded.name arguments;      \
  }
FUNCTIONS(DEFINE_FUNCTION)
PROCEDURES(DEFINE_PROCEDURE)

CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value) {
  return ccurl_problem() ? CURLE_FAILED_INIT : loaded.easy_setopt(handle, option, value);
}

CURLcode ccurl_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
  return ccurl_problem() ? CURLE_FAILED_INIT : loaded.easy_setopt(handle, option, value);
}

CURLcode ccurl_set_text(CURL *handle, CURLoption option, const char *value) {
  return ccurl_problem() ? CURLE_FAILED_INIT : loaded.easy_setopt(handle, option, value);
}

CURLcode ccurl_set_pointer(CURL *handle, CURLoption option, void *value) {
  return ccurl_problem() ? CURLE_FAILED_INIT : loaded.easy_setopt(handle, option, value);
}

CURLcode ccurl_set_body(CURL *handle, const void *bytes, size_t count) {
  CURLcode result = ccurl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
  if (result != CURLE_OK) return result;
  return ccurl_set_text(handle, CURLOPT_COPYPOSTFIELDS, count > 0 ? bytes : "");
}

CURLcode ccurl_set_callback(CURL *handle, CURLoption option, ccurl_callback value) {
  return ccurl_problem() ? CURLE_FAILED_INIT : loaded.easy_setopt(handle, option, value);
}

CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
  return ccurl_problem() ? CURLM_INTERNAL_ERROR : loaded.multi_setopt(multi, option, value);
}

curl_off_t ccurl_time(CURL *handle, CURLINFO info) {
  curl_off_t value = 0;
  return !ccurl_problem() && loaded.easy_getinfo(handle, info, &value) == CURLE_OK ? value : 0;
}

CURL *ccurl_next_ended(CURLM *multi, CURLcode *result) {
  if (ccurl_problem()) return NULL;
  int left = 0;
  CURLMsg *message;
  while ((message = loaded.multi_info_read(multi, &left)))
    if (message->msg == CURLMSG_DONE) {
      *result = message->data.result;
      return message->easy_handle;
    }
  return NULL;
}
