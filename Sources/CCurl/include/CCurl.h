#pragma once

// libcurl's functions under names of their own: each loads the library when the first of them is called, so that what
// needs no network neither needs nor loads it. The types and constants are libcurl's.
#define curl_easy_cleanup ccurl_easy_cleanup
#define curl_easy_escape ccurl_easy_escape
#define curl_easy_init ccurl_easy_init
#define curl_easy_strerror ccurl_easy_strerror
#define curl_free ccurl_free
#define curl_getdate ccurl_getdate
#define curl_global_init ccurl_global_init
#define curl_multi_add_handle ccurl_multi_add_handle
#define curl_multi_cleanup ccurl_multi_cleanup
#define curl_multi_init ccurl_multi_init
#define curl_multi_perform ccurl_multi_perform
#define curl_multi_poll ccurl_multi_poll
#define curl_multi_remove_handle ccurl_multi_remove_handle
#define curl_multi_wakeup ccurl_multi_wakeup
#define curl_slist_append ccurl_slist_append
#define curl_slist_free_all ccurl_slist_free_all
#define curl_url ccurl_url
#define curl_url_cleanup ccurl_url_cleanup
#define curl_url_set ccurl_url_set
#define CURL_DISABLE_TYPECHECK 1
#include <curl/curl.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Why libcurl cannot be loaded; NULL when it can.
const char *ccurl_problem(void);

/// `curl_url_get`, whose parameters some versions declare otherwise.
CURLUcode ccurl_url_get(CURLU *url, CURLUPart what, char **part, unsigned int flags);

// What Swift cannot call: libcurl's variadic setters, one function for each type of argument, and the union in CURLMsg.

typedef size_t (*ccurl_callback)(char *bytes, size_t size, size_t count, void *context);

CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value);
CURLcode ccurl_set_offset(CURL *handle, CURLoption option, curl_off_t value);
CURLcode ccurl_set_text(CURL *handle, CURLoption option, const char *value);
CURLcode ccurl_set_pointer(CURL *handle, CURLoption option, void *value);
/// Sends a copy of these bytes as the body, by POST unless another method is set.
CURLcode ccurl_set_body(CURL *handle, const void *bytes, size_t count);
CURLcode ccurl_set_callback(CURL *handle, CURLoption option, ccurl_callback value);
CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value);
/// Microseconds; 0 when they are not known.
curl_off_t ccurl_time(CURL *handle, CURLINFO info);
/// The next handle whose transfer ended, and how it did; NULL when there is none.
CURL *ccurl_next_ended(CURLM *multi, CURLcode *result);

#ifdef __cplusplus
}
#endif
